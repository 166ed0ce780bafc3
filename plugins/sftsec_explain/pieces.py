"""The pieces of a row that are told apart: words of its texts, and its other inputs."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.api import Batch, InputKind, describe_inputs, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sftsec_core.api import InputField
    from sftsec_core.api.domain import Inputs

_WORD = re.compile(r"\S+")
_LONG = 32  # characters from which a word without spaces is parted at its punctuation
_PARTS = re.compile(r"[^\W_]+|[\W_]")
_BLOB = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
_HEX = re.compile(r"(?:0[xX])?[0-9a-fA-F]{16,}")
_JOINER = "\u200d"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a row.

    Attributes:
        input: the name of its input.
        text: as it stands there; for people where it is no text's.
        span: in `Batch.text()` of the row; None for an input that is no text.
        place: where it stands in its input's own value; None for what is left out as a whole.
    """

    input: str
    text: str
    span: tuple[int, int] | None = None
    place: tuple[int, int] | None = None

    @property
    def words(self) -> str:
        """For people; made on demand, since few pieces of a text are told."""
        return self.text if self.place is None else describe(self.text)


def pieces_of(fields: tuple[InputField, ...], row: Inputs) -> list[Piece]:
    """The words of a row's texts in their order, then its other inputs that have a value."""
    batch = Batch.of(fields, [row])
    texts, sequences = batch.names(InputKind.TEXT), batch.names(InputKind.SEQUENCE)
    found, offset = list[Piece](), 0
    for name, text in batch.text_parts()[0]:
        if name in sequences:
            found.append(Piece(name, "earlier events", (offset, offset + len(text))))
        else:
            found += [
                Piece(name, text[start:end], (offset + start, offset + end), (start, end))
                for start, end in word_spans(text)
            ]
        offset += len(text) + 1
    found += [
        Piece(name, visible(describe_inputs({name: row[name]})))
        for name in (field.name for field in fields)
        if name not in (*texts, *sequences) and row.get(name) not in (None, "", ())
    ]
    return found


def word_spans(text: str) -> Iterator[tuple[int, int]]:
    """Words between spaces; a long one that is no code is parted at its punctuation.

    A mark or a joined emoji is never parted from the character before it.
    """
    for match in _WORD.finditer(text):
        start, end = match.span()
        if end - start < _LONG or _BLOB.fullmatch(match[0]):
            yield start, end
            continue
        begin = start
        for part in _PARTS.finditer(text, start, end):
            last = part.end()
            # A run of punctuation goes with the word before it.
            follows = last < end and (_joins(text, last) or not text[last].isalnum())
            if not follows:
                yield begin, last
                begin = last
        if begin < end:
            yield begin, end


def _joins(text: str, place: int) -> bool:
    return (
        unicodedata.category(text[place])[0] == "M"
        or text[place] == _JOINER
        or text[place - 1] == _JOINER
    )


def describe(word: str) -> str:
    """A word for people; of a long code its kind and length."""
    if _HEX.fullmatch(word):
        return f"{len(word)} hex characters"
    if _BLOB.fullmatch(word) and any(map(str.isdigit, word)) and word.upper() != word.lower():
        return f"{len(word)} base64 characters"
    return visible(word)


def without(row: Inputs, left_out: Sequence[Piece]) -> Inputs:
    """A row without some of its pieces: cut out of its text, or the value missing.

    A sequence is left out as a whole: its items are events of their own.
    """
    spans: dict[str, list[tuple[int, int]]] = {piece.input: [] for piece in left_out}
    for piece in left_out:
        if piece.place is not None:
            spans[piece.input].append(piece.place)
    rest = dict(row)
    for name, cut in spans.items():
        value = rest[name]
        rest[name] = _cut(value, cut) if isinstance(value, str) and cut else None
    return rest


def _cut(text: str, spans: Sequence[tuple[int, int]]) -> str:
    kept, place = list[str](), 0
    for start, end in sorted(spans):
        kept.append(text[place:start])
        place = end
    return "".join((*kept, text[place:]))
