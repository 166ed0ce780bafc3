"""What a model does not read of texts: in how many rows, and how many characters of each field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sftsec_core.api.contracts.recipe import unread_spans, whole_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.api.contracts import TrainedModel
    from sftsec_core.api.domain import Batch


@dataclass(frozen=True, slots=True)
class Unread:
    """What bounds on length keep a model from reading.

    Attributes:
        rows: of which something is not read.
        characters: text input to the characters of it that are not read, where there are any;
            empty for a model that only knows which rows it reads whole.
    """

    rows: int = 0
    characters: Mapping[str, int] = field(default_factory=dict)


def count_unread(model: TrainedModel, batch: Batch) -> Unread:
    """Count what a model does not read of a batch.

    Raises:
        TrainingError: when its `unread` or `reads_whole` breaks the contract.
    """
    if not hasattr(model, "unread"):
        return Unread(int((~whole_rows(model, batch)).sum()) if len(batch) else 0)
    characters: Counter[str] = Counter()
    spans = unread_spans(model, batch)
    for parts, unread in zip(batch.text_parts(), spans, strict=True):
        start = 0
        for name, part in parts if unread else ():
            if found := _within(unread, start, start + len(part)):
                characters[name] += found
            start += len(part) + 1  # as `Batch.text` joins them, with a newline
    return Unread(sum(bool(unread) for unread in spans), dict(characters))


def unread_line(rows: int, of: int, characters: Mapping[str, int], what: str) -> str:
    """Say it in one line: "12,345 characters of text are not read, in 7 of 100 events"."""
    if not characters:
        return f"{rows:,} of {of:,} {what} are longer than what is read"
    parts = " and ".join(f"{count:,} characters of {name}" for name, count in characters.items())
    return f"{parts} are not read, in {rows:,} of {of:,} {what}"


def _within(spans: Sequence[tuple[int, int]], start: int, end: int) -> int:
    return sum(max(0, min(end, last) - max(start, first)) for first, last in spans)
