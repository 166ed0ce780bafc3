"""How much of a text an encoder reads: windows of tokens, how many of them, and what is left out.

Importing this is light: models of which the encoder is not loaded yet have one, too.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from sftsec_core.api.errors import IntegrityError
from sftsec_core.recipes.views import VIEWS, ViewName, view

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sftsec_core.recipes.config import ReadingSettings
    from sftsec_core.recipes.views import SeenText

Span = tuple[int, int]
Pooling = Literal["mean", "max", "attention"]

# A text of one window is cut before it is tokenized: no token of a usual vocabulary is longer on
# average, and a field of 50 MB must not be tokenized for the sake of its first 128 tokens.
CHARACTERS_PER_TOKEN = 64
_LATER = ("overlap", "max_windows", "max_chars")
_TAIL = 4  # of a text beyond the bound, one part in so many is its end


@dataclass(frozen=True, slots=True)
class Reading:
    """What an encoder reads of a text, in training as in scoring.

    Attributes:
        max_length: tokens of a window, the special ones included.
        overlap: tokens that a window shares with the one before.
        max_windows: windows of a text, at most; 1 reads the beginning only.
        max_chars: characters that windows are made of; of a longer text its beginning and its end.
        view: what the text is seen through before any of that.
    """

    max_length: int
    overlap: int = 0
    max_windows: int = 1
    max_chars: int = 100_000
    view: ViewName = "plain"

    @classmethod
    def of(cls, settings: ReadingSettings) -> Reading:
        """What the settings of an encoder ask for; a view that is yet to be chosen is plain."""
        chosen: ViewName = "plain" if settings.view == "auto" else settings.view
        return cls(
            settings.max_length, settings.overlap, settings.max_windows, settings.max_chars, chosen
        )

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Reading:
        """Take back what `to_json` gave; models that know no windows read one.

        Raises:
            KeyError: when it says no `max_length`.
            IntegrityError: when it names a view that is not known.
        """
        named = value.get("view", "plain")
        if named not in VIEWS:
            raise IntegrityError(f"the model reads a view {named!r} that this version has not")
        more = {name: int(value[name]) for name in _LATER if name in value}
        return cls(int(value["max_length"]), **more, view=named)

    def to_json(self) -> dict[str, Any]:
        """Its numbers and its view by name."""
        return asdict(self)

    def at_most(self, windows: int) -> Reading:
        """The same with fewer windows."""
        return replace(self, max_windows=min(windows, self.max_windows))

    def shared(self, special: int) -> int:
        """Tokens that two windows share, where a window has so many special ones: never half."""
        return min(self.overlap, max((self.max_length - special) // 2, 0))

    def see(self, text: str) -> SeenText:
        """A text through the view."""
        return view(self.view, text)

    def bounded(self, text: str) -> str:
        """The characters of a text that windows are made of."""
        head, tail = self._ends(text)
        return text[:head] + text[len(text) - tail :] if head + tail < len(text) else text

    def beyond_gap(self, text: str, index: int) -> int:
        """Where a character of `bounded(text)` stands in the text."""
        head, tail = self._ends(text)
        return index if index < head else index + max(len(text) - head - tail, 0)

    def unread(self, text: str, read: Iterable[Span]) -> list[Span]:
        """What of a text is in none of these windows.

        Args:
            text: as it is.
            read: spans of `bounded(text)`, in any order.

        Returns:
            Spans of the text, ascending; none empty.
        """
        head, tail = self._ends(text)
        gap = len(text) - head - tail
        left: list[Span] = []
        place = 0
        bounded = len(text) if gap <= 0 else head + tail
        for start, end in (*sorted(read), (bounded, bounded)):
            if start > place:
                left += _beyond((place, start), head, gap)
            place = max(place, end)
        return joined(left if gap <= 0 else [*left, (head, head + gap)])

    def _ends(self, text: str) -> tuple[int, int]:
        """Characters that are read at a text's beginning and end."""
        if self.max_windows == 1:
            return min(len(text), self.max_chars, self.max_length * CHARACTERS_PER_TOKEN), 0
        if len(text) <= self.max_chars:
            return len(text), 0
        tail = self.max_chars // _TAIL
        return self.max_chars - tail, tail


def _beyond(span: Span, head: int, gap: int) -> list[Span]:
    """A span of a bounded text as spans of the text, which has a gap after its head."""
    start, end = span
    if gap <= 0 or end <= head:
        return [span]
    if start >= head:
        return [(start + gap, end + gap)]
    return [(start, head), (head + gap, end + gap)]


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same characters as spans that neither touch nor overlap, ascending."""
    out: list[Span] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out
