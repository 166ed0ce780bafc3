"""Names of records: by their id within the file or the whole source, or by their content."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.sdk.records import UnusableError, single

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sftsec_files.config import FilesConfig

_DIGITS = 24


class RecordNamer:
    """Names the records of one file, so that no two files have a name in common.

    A file is named as the configuration names it: relative to the site's folder where it lies
    in it, so that the names stay when that folder is moved. With `id_scope: source` the file is
    no part of the names.
    """

    def __init__(self, config: FilesConfig, path: Path) -> None:
        """Prepare for one file.

        Args:
            config: which fields hold the id, and how far it reaches.
            path: the file, as it was found.
        """
        self._fields = config.id
        self._prefix = "" if config.id_scope == "source" else f"{_file_name(config, path)}#"

    def name(self, flat: Mapping[str, Any], record: Mapping[str, Any]) -> str:
        """Name a record.

        Args:
            flat: the record by dotted names.
            record: as it was read; its digest is the name where it has no id.

        Raises:
            UnusableError: when a field of the id holds no name, such as an object.
        """
        parts = [_part(single(flat.get(name)), name) for name in self._fields]
        if not any(parts):
            # The digest of the content, not the line: stable when a line is put in before it.
            raw = orjson.dumps(record, default=str, option=orjson.OPT_SORT_KEYS)
            return f"{self._prefix}record:{hashlib.sha256(raw).hexdigest()[:_DIGITS]}"
        return self._prefix + (parts[0] if len(parts) == 1 else "|".join(map(_quoted, parts)))


def _file_name(config: FilesConfig, path: Path) -> str:
    site = config.site
    near = path.relative_to(site) if site is not None and path.is_relative_to(site) else path
    return near.as_posix().replace("%", "%25").replace("#", "%23")


def _part(value: object, name: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value if value.strip() else ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a column of numbers with gaps, as tables write it
    if isinstance(value, int):
        return str(value)
    raise UnusableError(f"{name!r} is a {type(value).__name__}, not a name")


def _quoted(part: str) -> str:
    """Hide what separates parts: `a|b` and `c` must not be named like `a` and `b|c`."""
    return part.replace("%", "%25").replace("|", "%7C")
