"""Texts of which content words can be masked, and the masking of a batch of them.

BERT's rule (Devlin 2019): of the words 15% are chosen; of a chosen word's tokens 80% become the
mask, 10% any token, 10% stay. A word is masked as a whole (Cui 2021), and only one that says
something: see `content_words`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.utils.data import Dataset

from sftsec_core.recipes.content_words import content_words
from sftsec_core.recipes.encoder.data import EncodedTexts, cut_windows, pad_rows
from sftsec_core.recipes.window_selector import keep, spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.recipes.reading import Reading

CHOSEN = 0.15  # of the words
MASKED, RANDOM = 0.8, 0.1  # of the tokens of a chosen word
IGNORED = -100  # the target of a token that was not chosen; cross-entropy leaves it out
_BLOCK = 512  # texts given to the tokenizer at once: with offsets a token takes about 200 bytes


@dataclass(frozen=True, slots=True)
class MaskableTexts(Dataset[Any]):
    """Windows of texts, with the word that each token is of.

    Attributes:
        rows: the token ids of each window.
        words: for each token of `rows.flat` the number of its word within its text, 0 where it is
            not of a content word; int32, shape (tokens,).
        cut: windows that are not among them, since their texts have more than are read.
    """

    rows: EncodedTexts
    words: NDArray[np.int32]
    cut: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, indices: NDArray[np.int64]) -> MaskableTexts:
        """Some of the windows, in the order of `indices`."""
        words = EncodedTexts(self.words, self.rows.offsets).take(indices)
        return MaskableTexts(self.rows.take(indices), words.flat)

    def __getitem__(self, index: int) -> MaskableTexts:
        """One window."""
        return self.take(np.array([index]))

    def __getitems__(self, indices: Sequence[int]) -> MaskableTexts:
        """A batch at once, which torch's loader asks for."""
        return self.take(np.asarray(indices, dtype=np.int64))


def encode_maskable(
    texts: Sequence[str],
    tokenizer: Any,  # noqa: ANN401 - transformers gives it no useful type
    reading: Reading,
) -> MaskableTexts:
    """Cut texts into windows that do not overlap; those without a content word are left out.

    Args:
        texts: any strings.
        tokenizer: a fast one.
        reading: how long windows are, how many of a text are read, and through which view.
    """
    rows: list[NDArray[np.int32]] = []
    words: list[NDArray[np.int32]] = [np.zeros(0, dtype=np.int32)]
    cut = 0
    for windows in _windows(texts, tokenizer, reading):
        kept = windows
        if len(windows) > reading.max_windows:
            kept = [windows[i] for i in keep(spread(len(windows)), reading.max_windows)]
        cut += len(windows) - len(kept)
        for ids, numbers in kept:
            if numbers.any():
                rows.append(ids)
                words.append(numbers)
    return MaskableTexts(EncodedTexts.of_rows(rows), np.concatenate(words), cut)


_Window = tuple["NDArray[np.int32]", "NDArray[np.int32]"]


def _windows(
    texts: Sequence[str],
    tokenizer: Any,  # noqa: ANN401 - see encode_maskable
    reading: Reading,
) -> Iterator[list[_Window]]:
    """The token ids and word numbers of all windows of each text."""
    cut_windows(tokenizer, reading.max_length)
    for start in range(0, len(texts), _BLOCK):
        seen = [reading.see(text).text for text in texts[start : start + _BLOCK]]
        # A lone surrogate, which JSON may carry, is no text to a tokenizer.
        pieces = [reading.bounded(text).encode("utf-8", "replace").decode() for text in seen]
        for piece, found in zip(
            pieces, tokenizer.backend_tokenizer.encode_batch(pieces), strict=True
        ):
            numbers = content_words(piece)
            windows = (found, *found.overflowing)
            yield [(np.array(w.ids, dtype=np.int32), _words_of(w, numbers, piece)) for w in windows]


def _words_of(
    window: Any,  # noqa: ANN401 - an encoding of tokenizers, which has no types
    numbers: NDArray[np.int32],
    piece: str,
) -> NDArray[np.int32]:
    """The word of each token; 0 for one that reaches beyond a word, by more than a space."""
    spans = np.array(window.offsets, dtype=np.int64).reshape(-1, 2)
    starts, ends = spans[:, 0], spans[:, 1]
    there = (ends > starts) & (np.array(window.special_tokens_mask) == 0)
    found = np.zeros(len(spans), dtype=np.int32)
    if not there.any():
        return found
    first, last = numbers[starts[there]], numbers[ends[there] - 1]
    # Byte-level tokens may begin with the space before their word.
    spaced = np.array([piece[start].isspace() for start in starts[there]])
    found[there] = np.where((first == last) | spaced, last, 0)
    return found


@dataclass(frozen=True, slots=True)
class Masker:
    """Pads and masks batches for an encoder.

    Attributes:
        pad_id: fills a padded row.
        mask_id: the token that stands for a masked one.
        ordinary: the ids that a random token is one of: all but the special ones; shape (ids,).
    """

    pad_id: int
    mask_id: int
    ordinary: torch.Tensor

    @classmethod
    def of(cls, tokenizer: Any) -> Masker:  # noqa: ANN401 - see encode_maskable
        """The masker that a tokenizer's special tokens say."""
        special = set(tokenizer.all_special_ids)
        ordinary = [i for i in range(len(tokenizer)) if i not in special]
        return cls(
            int(tokenizer.pad_token_id or 0), int(tokenizer.mask_token_id), torch.tensor(ordinary)
        )

    def pad(self, texts: MaskableTexts) -> dict[str, torch.Tensor]:
        """One batch: `input_ids` and `attention_mask` of `pad_rows`, and `words` in their shape."""
        batch = pad_rows(texts.rows, self.pad_id)
        words = torch.zeros_like(batch["input_ids"])
        words[batch["attention_mask"].bool()] = torch.from_numpy(texts.words.astype(np.int64))
        return {**batch, "words": words}

    def mask(
        self, batch: Mapping[str, torch.Tensor], generator: torch.Generator | None = None
    ) -> dict[str, torch.Tensor]:
        """Mask some words of each window, one at least.

        Args:
            batch: of `pad`, on any device.
            generator: what chance comes from, of that device; default: torch's own.

        Returns:
            `input_ids` and `attention_mask`, and `targets`: the true token where one was chosen,
            else `IGNORED`; int64, shape (windows, longest).
        """
        ids, device = batch["input_ids"], batch["input_ids"].device
        chosen = _choose(batch["words"], generator)
        chance = torch.rand(ids.shape, generator=generator, device=device)
        ordinary = self.ordinary.to(device)
        other = torch.randint(len(ordinary), ids.shape, generator=generator, device=device)
        masked = torch.where(chosen & (chance < MASKED), self.mask_id, ids)
        replaced = chosen & (chance >= MASKED) & (chance < MASKED + RANDOM)
        return {
            "input_ids": torch.where(replaced, ordinary[other], masked),
            "attention_mask": batch["attention_mask"],
            "targets": torch.where(chosen, ids, IGNORED),
        }


def _choose(words: torch.Tensor, generator: torch.Generator | None) -> torch.Tensor:
    """Which tokens are of a chosen word.

    Args:
        words: the number of each token's word, 0 for none; shape (rows, tokens).
        generator: what chance comes from.
    """
    shape = (len(words), int(words.max()) + 1)
    draws = torch.rand(shape, generator=generator, device=words.device)
    each = draws.gather(1, words).masked_fill(words == 0, torch.inf)
    # The word of a row's lowest draw is chosen whatever the draw is.
    return (words > 0) & ((each < CHOSEN) | (each == each.amin(1, keepdim=True)))
