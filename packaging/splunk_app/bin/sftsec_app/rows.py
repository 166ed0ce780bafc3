"""Rows of a search, read from CSV and written back with some columns set.

A field with several values has a second column, `__mv_<name>`, with each value between dollar
signs. It is passed through unread unless the values are needed.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sftsec_app.portable import FieldValue

Row = dict[str, FieldValue]
_SEVERAL = "__mv_"
_MV = re.compile(r"\$((?:[^$]|\$\$)*)\$(?:;|$)")
# A raw event may be longer than the 128 KiB that the module takes; 2**31 - 1 fits everywhere.
csv.field_size_limit(2**31 - 1)
# Characters that Unicode never assigns.
_NEVER_TEXT = [chr(code) for code in range(0xFDD0, 0xFDF0)]
_HALF = re.compile("[\udc80-\udcff]")


@dataclass
class RowTable:
    """The rows of one frame.

    Attributes:
        columns: their names, `__mv_` columns among them.
        cells: a list of texts for each row, in the order of the columns. Bytes that are not
            UTF-8 are kept as halves of surrogate pairs.
        nul: what stands for the character 0, which the csv module of Python 3.9 refuses; "" where
            there is none.
    """

    columns: list[str] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)
    nul: str = ""

    @classmethod
    def read(cls, body: bytes) -> RowTable:
        """Read a frame's body."""
        text, nul = body.decode("utf-8", "surrogateescape"), ""
        if "\0" in text:
            nul = next(each for each in _NEVER_TEXT if each not in text)
            text = text.replace("\0", nul)
        lines = csv.reader(io.StringIO(text, newline=""))
        return cls(next(lines, []), list(lines), nul)

    def write(self) -> bytes:
        """The body of the answer."""
        if not self.columns:
            return b""
        text = io.StringIO(newline="")
        # The longer end of a line: a cell with either of its characters is quoted then.
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(self.columns)
        writer.writerows(self.cells)
        whole = text.getvalue()
        return (whole.replace(self.nul, "\0") if self.nul else whole).encode(
            "utf-8", "surrogateescape"
        )

    def rows(self) -> list[Row]:
        """The rows as names and values in Unicode, without empty values."""
        return [row_of(zip(self.columns, map(self._readable, line))) for line in self.cells]

    def _readable(self, text: str) -> str:
        plain = text.replace(self.nul, "\0") if self.nul else text
        if plain.isascii() or not _HALF.search(plain):
            return plain
        return plain.encode("utf-8", "surrogateescape").decode("utf-8", "replace")

    def set(self, names: Sequence[str], values: Iterable[Sequence[str]]) -> None:
        """Set columns, new ones or existing ones.

        Args:
            names: of the columns.
            values: the texts of each row, in the order of the names.
        """
        for name in names:
            if name not in self.columns:
                self.columns.append(name)
        places = [self.columns.index(name) for name in names]
        several = [self.columns.index(_SEVERAL + n) for n in names if _SEVERAL + n in self.columns]
        for line, texts in zip(self.cells, values):
            line.extend([""] * (len(self.columns) - len(line)))
            for place in several:
                line[place] = ""
            for place, text in zip(places, texts):
                line[place] = text


def row_of(cells: Iterable[tuple[str, str]]) -> Row:
    """One row; a field with several values is a list."""
    plain: dict[str, str] = {}
    several: dict[str, str] = {}
    for name, text in cells:
        if name.startswith(_SEVERAL):
            several[name[len(_SEVERAL) :]] = text
        else:
            plain[name] = text
    row: Row = {name: text for name, text in plain.items() if text}
    for name, text in several.items():
        if text:
            row[name] = [each.replace("$$", "$") for each in _MV.findall(text)]
    return row
