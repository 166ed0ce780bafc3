"""Pictures that a record names: bytes in the record, or a file beside its own.

What a record says chooses no other file of this machine: a path that leads out of the folder is
refused, by `..`, from the root or through a symbolic link. Nothing is decoded here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sftsec_core.sdk.fields import find_value
from sftsec_core.sdk.records import UnusableError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DATA_URL = "data:"


class PictureFields:
    """Reads the fields of records that hold pictures."""

    def __init__(self, names: Sequence[str], folder: Path) -> None:
        """Take the fields' dotted names, and the folder below which the files lie."""
        self._names = names
        self._folder = folder

    def take(self, flat: dict[str, Any]) -> dict[str, Any]:
        """Take the fields out of a flat record: bytes in base64 are longer than other values."""
        found = {name: find_value(flat, name) for name in self._names}
        for name in found:
            flat.pop(name, None)
        return {name: value for name, value in found.items() if value not in (None, "")}

    def read(self, taken: dict[str, Any]) -> dict[str, Any]:
        """A file as its path, a data: URL as it is.

        Raises:
            UnusableError: when a value is neither, or the file is not there.
        """
        return {name: self._picture(name, value) for name, value in taken.items()}

    def _picture(self, name: str, value: object) -> str | Path:
        if not isinstance(value, str):
            raise UnusableError(f"{name!r} holds no path of a picture, and no data: URL")
        if value.startswith(DATA_URL):
            return value
        try:
            root = self._folder.resolve()
            path = (root / value).resolve()
            inside, there = path.is_relative_to(root), path.is_file()
        except (OSError, ValueError, RuntimeError):  # too long, a null byte, a circle of links
            inside, there = True, False
        if not inside:
            raise UnusableError(f"{name!r} names a file outside of the folder of its record")
        if not there:
            raise UnusableError(f"{name!r} names a picture that is not there")
        return path
