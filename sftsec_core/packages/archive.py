"""Archives that are the same bytes each time they are made of the same files.

They are stored, not compressed: what deflate gives differs between builds of zlib, and a package
is a few dozen kilobytes. Where a format insists on deflate, its stored blocks are written here:
how zlib cuts those differs too.
"""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

# The earliest date that a zip can hold: no clock, no time zone.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_NO_TIME_S = 315532800
_UNIX = 3
# Magic, deflate, no flags, no time, no extra flags, a system that is not named.
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_ZLIB_HEADER = b"\x78\x01"
_BLOCK = 0xFFFF


def zip_of(files: Mapping[str, bytes], top: str) -> bytes:
    """Pack files under one top folder, in the order of their names.

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


def tgz_of(files: Mapping[str, bytes], top: str) -> bytes:
    """Pack files under one top folder as a tar in gzip's wrapping; folders before what they hold.

    Args:
        files: path inside the top folder, with slashes, to content.
        top: the folder's name.
    """
    content = {f"{top}/{path}": files[path] for path in files}
    folders = {parent.as_posix() for path in content for parent in PurePosixPath(path).parents}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted({*content, *folders} - {"."}):
            entry = tarfile.TarInfo(name)
            entry.mtime = _NO_TIME_S
            entry.mode = 0o644 if name in content else 0o755
            entry.type = tarfile.REGTYPE if name in content else tarfile.DIRTYPE
            entry.size = len(content.get(name, b""))
            archive.addfile(entry, io.BytesIO(content.get(name, b"")))
    plain = packed.getvalue()
    check = zlib.crc32(plain).to_bytes(4, "little")
    size = (len(plain) & 0xFFFFFFFF).to_bytes(4, "little")
    return b"".join([_GZIP_HEADER, *_stored(plain), check, size])


def zlib_of(content: bytes) -> bytes:
    """Wrap bytes as zlib does, uncompressed: what a PNG holds."""
    check = zlib.adler32(content).to_bytes(4, "big")
    return b"".join([_ZLIB_HEADER, *_stored(content), check])


def _stored(content: bytes) -> Iterator[bytes]:
    """Deflate's stored blocks."""
    for start in range(0, max(len(content), 1), _BLOCK):
        block = content[start : start + _BLOCK]
        yield bytes([start + _BLOCK >= len(content)])
        yield len(block).to_bytes(2, "little") + (len(block) ^ _BLOCK).to_bytes(2, "little")
        yield block
