"""Long texts as windows of tokens: which are read, and what of a text is in none of them.

A text is tokenized once, and the tokenizer itself cuts it: windows of `max_length` tokens, each
with the special tokens, that overlap. A text of several is tokenized once more for the places of
its tokens; of one with more windows than are read the first, the last and the most telling stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.recipes.encoder.data import EncodedTexts, cut_windows
from sftsec_core.recipes.window_selector import keep, rank, spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from sftsec_core.recipes.reading import Pooling, Reading, Span
    from sftsec_core.recipes.views import SeenText
    from sftsec_core.recipes.window_selector import WindowSelector

BLOCK_TEXTS = 4096  # given to the tokenizer at once,
BLOCK_CHARS = 1_000_000  # or so many characters: a token of theirs takes about 200 bytes


@dataclass(frozen=True, slots=True)
class WindowedTexts:
    """Texts of which some have several windows; stands where `EncodedTexts` of whole texts do.

    Attributes:
        rows: the windows, those of a text one after the other.
        bounds: windows `bounds[i]` to `bounds[i + 1]` are text i's; int64, shape (texts + 1,).
        scores: how much attention each deserves before any is learnt, as logits; float32, shape
            (windows,).
    """

    rows: EncodedTexts
    bounds: NDArray[np.int64]
    scores: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.bounds) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each text's windows together; shape (texts,)."""
        return np.diff(self.rows.offsets[self.bounds])

    def take(self, indices: NDArray[np.int64]) -> WindowedTexts | EncodedTexts:
        """Some of the texts, in the order of `indices`."""
        counts = np.diff(self.bounds)[indices]
        bounds = np.zeros(len(indices) + 1, dtype=np.int64)
        np.cumsum(counts, out=bounds[1:])
        windows = np.arange(bounds[-1]) + np.repeat(self.bounds[indices] - bounds[:-1], counts)
        return windowed(self.rows.take(windows), bounds, self.scores[windows])


def windowed(
    rows: EncodedTexts, bounds: NDArray[np.int64], scores: NDArray[np.float32]
) -> WindowedTexts | EncodedTexts:
    """Texts with their windows; the rows themselves where each text has one."""
    return rows if len(rows) == len(bounds) - 1 else WindowedTexts(rows, bounds, scores)


def windows_of(texts: WindowedTexts | EncodedTexts) -> tuple[EncodedTexts, NDArray[np.int64]]:
    """The windows of all texts, and the number of the text that each is of; shape (windows,)."""
    if isinstance(texts, WindowedTexts):
        return texts.rows, np.repeat(np.arange(len(texts)), np.diff(texts.bounds))
    return texts, np.arange(len(texts))


def pooling_weights(texts: WindowedTexts | EncodedTexts, pooling: Pooling) -> NDArray[np.float32]:
    """What each window counts in a frozen encoder's pooling.

    Returns:
        Shape (windows,); of a text they sum to 1 in a mean or in attention, and are ones for max.
    """
    rows, owner = windows_of(texts)
    if pooling == "max" or not isinstance(texts, WindowedTexts):
        return np.ones(len(rows), dtype=np.float32)
    logits = texts.scores if pooling == "attention" else np.zeros_like(texts.scores)
    starts = texts.bounds[:-1]
    odds = np.exp(logits - np.maximum.reduceat(logits, starts)[owner])
    return np.asarray(odds / np.add.reduceat(odds, starts)[owner], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class ReadText:
    """What is read of one text.

    Attributes:
        windows: token ids of each, the special ones included; at least one.
        scores: of each, as `WindowedTexts` has them; shape (windows,).
        unread: spans of the text that are in none of them, ascending.
    """

    windows: list[NDArray[np.int32]]
    scores: NDArray[np.float32]
    unread: list[Span]


@dataclass(frozen=True, slots=True)
class PlacedText:
    """What is read of one text, with the places of its tokens.

    Attributes:
        windows: token ids of each.
        scores: of each, as `WindowedTexts` has them; shape (windows,).
        spans: of each window and token the characters of the text; empty for special tokens.
    """

    windows: list[NDArray[np.int64]]
    scores: NDArray[np.float32]
    spans: list[list[Span]]


def placed_windows(
    texts: Sequence[str],
    tokenizer: Any,  # noqa: ANN401 - see encode_windows
    reading: Reading,
    selector: WindowSelector | None = None,
) -> Iterator[PlacedText]:
    """The windows that `read_texts` chooses, with where their tokens stand in the text.

    Args:
        texts: any strings.
        tokenizer: a fast one.
        reading: how long and how many windows are.
        selector: as in `read_texts`.
    """
    cut_windows(
        tokenizer, reading.max_length, reading.shared(int(tokenizer.num_special_tokens_to_add()))
    )
    for text in texts:
        seen = reading.see(text)
        piece = _piece(seen, reading)
        (encoding,) = tokenizer.backend_tokenizer.encode_batch([piece])
        found = [each for each in (encoding, *encoding.overflowing) if each.ids]
        kept, scores = np.arange(len(found)), np.zeros(len(found), dtype=np.float32)
        if len(found) > 1:
            places = _read_up_to([_place(each) for each in found], len(piece))
            kept, scores = _choose(piece, places, reading.max_windows, selector)
        windows = [np.array(found[i].ids, dtype=np.int64) for i in kept]
        spans = [_token_spans(found[i], seen, reading) for i in kept]
        yield PlacedText(
            windows or [_nothing(tokenizer).astype(np.int64)],
            scores[kept] if found else np.zeros(1, dtype=np.float32),
            spans or [[(0, 0)]],
        )


def _token_spans(window: Any, seen: SeenText, reading: Reading) -> list[Span]:  # noqa: ANN401 - see _place
    out = []
    for (start, end), special in zip(window.offsets, window.special_tokens_mask, strict=True):
        if special or start >= end:
            out.append((0, 0))
            continue
        first, last = reading.beyond_gap(seen.text, start), reading.beyond_gap(seen.text, end - 1)
        place = seen.place(first)
        out.append((place, max(seen.place(last + 1), place + 1)))
    return out


def encode_windows(
    texts: Sequence[str],
    tokenizer: Any,  # noqa: ANN401 - transformers gives it no useful type
    reading: Reading,
    selector: WindowSelector | None = None,
) -> WindowedTexts | EncodedTexts:
    """Turn texts into the token ids of what is read of them; see `read_texts`."""
    rows: list[NDArray[np.int32]] = []
    scores: list[NDArray[np.float32]] = [np.zeros(0, dtype=np.float32)]
    bounds = [0]
    for read in read_texts(texts, tokenizer, reading, selector):
        rows += read.windows
        scores.append(read.scores)
        bounds.append(len(rows))
    return windowed(
        EncodedTexts.of_rows(rows), np.array(bounds, dtype=np.int64), np.concatenate(scores)
    )


def read_texts(
    texts: Sequence[str],
    tokenizer: Any,  # noqa: ANN401 - see encode_windows
    reading: Reading,
    selector: WindowSelector | None = None,
) -> Iterator[ReadText]:
    """Cut texts into windows and choose those that are read.

    Args:
        texts: any strings, the empty one too.
        tokenizer: of the encoder.
        reading: how long and how many windows are.
        selector: ranks the windows of a text that has more; None: evenly over the text.

    Yields:
        One for each text, in their order. Memory is bounded by a block of texts.
    """
    for block in _blocks(texts, reading):
        seen = [reading.see(text) for text in block]
        pieces = [_piece(each, reading) for each in seen]
        windows = _tokenize(pieces, tokenizer, reading)
        for shown, piece, found in zip(seen, pieces, windows, strict=True):
            if len(found) == 1:
                unread = shown.original(reading.unread(shown.text, [(0, len(piece))]))
                yield ReadText(found, np.zeros(1, dtype=np.float32), unread)
            else:
                spans = _spans(piece, found, tokenizer)
                kept, scores = _choose(piece, spans, reading.max_windows, selector)
                unread = shown.original(reading.unread(shown.text, [spans[i] for i in kept]))
                yield ReadText([found[i] for i in kept], scores[kept], unread)


def fit_one_window(
    texts: Sequence[str],
    tokenizer: Any,  # noqa: ANN401 - see encode_windows
    reading: Reading,
) -> Iterator[bool]:
    """Whether each text is one window, so that no selector has anything to rank."""
    for block in _blocks(texts, reading):
        pieces = [_piece(reading.see(text), reading) for text in block]
        yield from (len(found) == 1 for found in _tokenize(pieces, tokenizer, reading))


def _piece(seen: SeenText, reading: Reading) -> str:
    """What windows are made of."""
    # A lone surrogate, which JSON may carry, is no text to a tokenizer.
    return reading.bounded(seen.text).encode("utf-8", "replace").decode()


def _choose(
    piece: str, spans: Sequence[Span], most: int, selector: WindowSelector | None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The numbers of the windows that are read, ascending, and the scores of all."""
    if selector is None:
        return keep(spread(len(spans)), most), np.zeros(len(spans), dtype=np.float32)
    windows = [piece[start:end] for start, end in spans]
    evidence = selector.evidence(windows)
    return keep(rank(windows, evidence), most), selector.odds(evidence)


def _blocks(texts: Sequence[str], reading: Reading) -> Iterator[Sequence[str]]:
    start = size = 0
    for place, text in enumerate(texts):
        size += min(len(text), reading.max_chars)
        if place + 1 - start >= BLOCK_TEXTS or size >= BLOCK_CHARS:
            yield texts[start : place + 1]
            start, size = place + 1, 0
    if start < len(texts):
        yield texts[start:]


def _tokenize(
    pieces: Sequence[str],
    tokenizer: Any,  # noqa: ANN401 - see encode_windows
    reading: Reading,
) -> Iterator[list[NDArray[np.int32]]]:
    """The token ids of all windows of each text."""
    special = int(tokenizer.num_special_tokens_to_add())
    shared = reading.shared(special)
    for windows in _cut_all(pieces, tokenizer, reading.max_length, shared):
        yield [window if len(window) else _nothing(tokenizer) for window in windows]


def _nothing(tokenizer: Any) -> NDArray[np.int32]:  # noqa: ANN401 - see encode_windows
    """The one token of an empty text, where a tokenizer adds no special ones."""
    named = (tokenizer.eos_token_id, tokenizer.bos_token_id, tokenizer.pad_token_id)
    return np.array([next((each for each in named if each is not None), 0)], dtype=np.int32)


def _cut_all(
    pieces: Sequence[str],
    tokenizer: Any,  # noqa: ANN401 - see encode_windows
    max_length: int,
    shared: int,
) -> Iterator[list[NDArray[np.int32]]]:
    if not tokenizer.is_fast:
        yield from (_cut(piece, tokenizer, max_length, shared) for piece in pieces)
        return
    cut_windows(tokenizer, max_length, shared)
    # What the tokenizer itself does, without the masks and offsets that it would make lists of.
    for encoding in tokenizer.backend_tokenizer.encode_batch_fast(pieces):
        yield [np.array(window.ids, dtype=np.int32) for window in (encoding, *encoding.overflowing)]


def _cut(
    piece: str,
    tokenizer: Any,  # noqa: ANN401 - see encode_windows
    max_length: int,
    shared: int,
) -> list[NDArray[np.int32]]:
    """The windows of a text whose tokenizer is of Python, as a fast one makes them."""
    ids = tokenizer(piece, add_special_tokens=False)["input_ids"]
    width = max_length - int(tokenizer.num_special_tokens_to_add())
    starts = range(0, max(len(ids) - shared, 1), max(width - shared, 1))
    rows = (tokenizer.build_inputs_with_special_tokens(ids[at : at + width]) for at in starts)
    return [np.array(row, dtype=np.int32) for row in rows]


def _spans(
    piece: str,
    windows: Sequence[NDArray[np.int32]],
    tokenizer: Any,  # noqa: ANN401 - see encode_windows
) -> list[Span]:
    """First and end character of each window of a text, up to the next one's start at least."""
    if tokenizer.is_fast:
        # As `_tokenize` has set it; this time with the places of the tokens.
        (encoding,) = tokenizer.backend_tokenizer.encode_batch([piece])
        places = [_place(window) for window in (encoding, *encoding.overflowing)]
    else:  # Not known: of about as many characters each.
        edges = np.linspace(0, len(piece), len(windows) + 1).astype(int).tolist()
        places = list(pairwise(edges))
    return _read_up_to(places, len(piece))


def _read_up_to(places: Sequence[Span], length: int) -> list[Span]:
    starts = [0, *(start for start, _ in places[1:]), length]
    return [
        (starts[i], length if i == len(places) - 1 else max(end, starts[i + 1]))
        for i, (_, end) in enumerate(places)
    ]


def _place(window: Any) -> Span:  # noqa: ANN401 - an encoding of tokenizers, which has no types
    real = np.flatnonzero(np.array(window.special_tokens_mask) == 0)
    offsets = window.offsets
    return offsets[real[0]][0], offsets[real[-1]][1]
