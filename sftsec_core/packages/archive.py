"""A zip that is the same bytes each time it is made of the same files."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Mapping

# The earliest date that a zip can hold: no clock, no time zone.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3


def zip_of(files: Mapping[str, bytes], top: str) -> bytes:
    """Pack files under one top folder, in the order of their names.

    They are stored, not compressed: what deflate gives differs between builds of zlib, and a
    package is a few dozen kilobytes.

    Args:
        files: path inside the top folder, with slashes, to content.
        top: the folder's name.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(f"{top}/{path}", date_time=_NO_TIME)
            entry.create_system = _UNIX
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, files[path])
    return packed.getvalue()
