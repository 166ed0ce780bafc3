"""Rows of a benchmark in a file of JSON lines, so that none is measured twice."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sftsec_core.api.errors import DataError
from sftsec_core.sdk.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(slots=True)
class MeasuredRows:
    """What was measured so far.

    Attributes:
        path: of the file, which is whole after a kill too; None: rows are kept nowhere.
        rows: in the order measured.
    """

    path: Path | None
    rows: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path | None) -> MeasuredRows:
        """Read a file; one that is not there yet has no rows.

        Raises:
            DataError: when it cannot be read, a line is no JSON object, or its folder is not there.
        """
        if path is not None and not path.parent.is_dir():
            raise DataError(f"{path} cannot be written: there is no folder {path.parent}")
        if path is None or not path.exists():
            return cls(path)
        try:
            rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        except (OSError, ValueError) as error:
            raise DataError(
                f"{path} cannot be read as JSON lines, name another file: {error}"
            ) from error
        if not all(isinstance(row, dict) for row in rows):
            raise DataError(f"{path} holds a line that is no JSON object: name another file")
        return cls(path, rows)

    def find(self, wanted: Mapping[str, Any]) -> dict[str, Any] | None:
        """The first row that has all these values; None without one."""
        return next((row for row in self.rows if wanted.items() <= row.items()), None)

    def add(self, row: dict[str, Any]) -> None:
        """Append a row.

        Raises:
            DataError: when the file cannot be written.
        """
        self.rows.append(row)
        if self.path is None:
            return
        text = "".join(f"{json.dumps(each)}\n" for each in self.rows)
        try:
            write_atomically(self.path, text.encode())
        except OSError as error:
            raise DataError(f"{self.path} cannot be written: {error}") from error
