"""Texts as token ids: encoded once, kept flat, batched with others of like length.

Nothing here draws from a global random generator: the order of an epoch is a function of the seed
and the epoch's number, so that a resumed run reads what the killed one would have read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler
from transformers.tokenization_utils_base import TruncationStrategy
from transformers.utils import PaddingStrategy

from sftsec_core.recipes.encoder.balance import balanced_order
from sftsec_core.recipes.reading import CHARACTERS_PER_TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from sftsec_core.recipes.encoder.side import TextsBeside
    from sftsec_core.recipes.encoder.windows import WindowedTexts

ENCODE_BLOCK = 4096  # texts given to the tokenizer at once
BUCKET_BATCHES = 50  # batches whose examples are sorted by length together


@dataclass(frozen=True, slots=True)
class EncodedTexts:
    """Token ids of many texts, in one array: some bytes a token instead of a list of objects.

    Attributes:
        flat: all ids, one text after the other; int32.
        offsets: text i is `flat[offsets[i]:offsets[i + 1]]`; int64, shape (texts + 1,).
    """

    flat: NDArray[np.int32]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> NDArray[np.int32]:
        """The ids of one text."""
        return self.flat[self.offsets[index] : self.offsets[index + 1]]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each text, special ones included; shape (texts,)."""
        return np.diff(self.offsets)

    @classmethod
    def of_rows(cls, rows: Sequence[NDArray[np.int32]]) -> EncodedTexts:
        """Put the ids of texts, one array each, end to end."""
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(row) for row in rows], out=offsets[1:])
        flat = np.concatenate(rows) if len(rows) else np.zeros(0, dtype=np.int32)
        return cls(flat.astype(np.int32, copy=False), offsets)

    def take(self, indices: NDArray[np.int64]) -> EncodedTexts:
        """Some of the texts, in the order of `indices`."""
        lengths = self.lengths[indices]
        offsets = np.zeros(len(indices) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        shift = np.repeat(self.offsets[indices] - offsets[:-1], lengths)
        return EncodedTexts(self.flat[np.arange(offsets[-1]) + shift], offsets)


def encode_texts(
    texts: Sequence[str],
    tokenizer: Any,  # noqa: ANN401 - transformers gives it no useful type
    max_length: int,
) -> EncodedTexts:
    """Turn texts into token ids, at most `max_length` each, with the special tokens.

    Args:
        texts: any strings, the empty one too.
        tokenizer: of the encoder.
        max_length: tokens read of a text; the rest is ignored.
    """
    rows: list[NDArray[np.int32]] = []
    for start in range(0, len(texts), ENCODE_BLOCK):
        # A lone surrogate, which JSON may carry, is no text to a tokenizer.
        block = [
            t[: max_length * CHARACTERS_PER_TOKEN].encode("utf-8", "replace").decode()
            for t in texts[start : start + ENCODE_BLOCK]
        ]
        rows.extend(np.array(ids, dtype=np.int32) for ids in _ids(block, tokenizer, max_length))
    return EncodedTexts.of_rows(rows)


def _ids(
    texts: Sequence[str],
    tokenizer: Any,  # noqa: ANN401 - see encode_texts
    max_length: int,
) -> Iterator[Sequence[int]]:
    if not tokenizer.is_fast:
        yield from tokenizer(texts, truncation=True, max_length=max_length)["input_ids"]
        return
    cut_windows(tokenizer, max_length)
    # What the tokenizer itself does, without the masks and offsets that it would make lists of.
    for encoding in tokenizer.backend_tokenizer.encode_batch_fast(texts):
        yield encoding.ids


def cut_windows(
    tokenizer: Any,  # noqa: ANN401 - see encode_texts
    max_length: int,
    shared: int = 0,
) -> None:
    """Have a fast tokenizer cut texts into windows that share so many tokens; none is padded."""
    tokenizer.set_truncation_and_padding(
        padding_strategy=PaddingStrategy.DO_NOT_PAD,
        truncation_strategy=TruncationStrategy.LONGEST_FIRST,
        max_length=max_length,
        stride=shared,
        pad_to_multiple_of=None,
        padding_side=None,
    )


def pad_rows(texts: EncodedTexts, pad_id: int) -> dict[str, torch.Tensor]:
    """Make one batch of texts, as wide as the longest.

    Args:
        texts: at least one.
        pad_id: fills the rest of a row.

    Returns:
        `input_ids` and `attention_mask` (1 for a token, 0 for padding), int64, shape
        (texts, longest text).
    """
    lengths = texts.lengths
    mask = np.arange(int(lengths.max()))[None, :] < lengths[:, None]
    ids = np.full(mask.shape, pad_id, dtype=np.int64)
    ids[mask] = texts.flat
    return {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask).long()}


@dataclass(frozen=True, slots=True)
class LabelledTexts(Dataset[Any]):
    """Encoded texts with their classes and weights.

    Attributes:
        encoded: the texts, with what the task has beside them.
        labels: column number of each text's class; int64, shape (texts,).
        weights: trust in each label, 0 to 1; float32, shape (texts,).
    """

    encoded: EncodedTexts | WindowedTexts | TextsBeside
    labels: NDArray[np.int64]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: NDArray[np.int64]) -> LabelledTexts:
        """Some of the examples, in the order of `indices`."""
        return LabelledTexts(
            self.encoded.take(indices), self.labels[indices], self.weights[indices]
        )

    def __getitem__(self, index: int) -> LabelledTexts:
        """One example."""
        return self.take(np.array([index]))

    def __getitems__(self, indices: Sequence[int]) -> LabelledTexts:
        """A batch at once, which torch's loader asks for: no loop over its rows."""
        return self.take(np.asarray(indices, dtype=np.int64))


class LengthBucketSampler(Sampler[int]):
    """Shuffles, yet puts texts of like length into the same batch, so that little is padded.

    Cut into batches of `batch_size` in the order in which it yields, every batch comes from one
    bucket; the batches themselves come in random order, the incomplete one last. Epoch e of seed s
    is always the same order: for a resumed run, or another process of a distributed one.
    """

    def __init__(
        self,
        lengths: NDArray[np.int64],
        batch_size: int,
        seed: int,
        *,
        packed: bool = False,
        labels: NDArray[np.int64] | None = None,
    ) -> None:
        """Take the tokens of each example, the batch size, the seed, and how batches are made.

        Args:
            lengths: tokens of each example.
            batch_size: examples a batch.
            seed: of the order.
            packed: nothing is padded, so examples of all lengths share a batch: each takes about
                the same memory and time.
            labels: of each example, for batches of equal shares of the classes; then examples of
                rare classes come several times, and not all others each epoch.
        """
        self._lengths = lengths
        self._batch_size = batch_size
        self._seed = seed
        self._packed = packed
        self._labels = labels
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order is yielded next; accelerate calls this."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        for batch in self.batches():
            yield from batch.tolist()

    def batches(self) -> list[NDArray[np.int64]]:
        """The epoch's batches of example numbers, in order."""
        random = np.random.default_rng((self._seed, self._epoch))
        shuffled = random.permutation(len(self._lengths))
        if self._labels is not None:
            shuffled = balanced_order(self._labels, self._seed, self._epoch)
        if self._packed:
            return np.split(shuffled, range(self._batch_size, len(shuffled), self._batch_size))
        bucket = self._batch_size * BUCKET_BATCHES
        batches: list[NDArray[np.int64]] = []
        for start in range(0, len(shuffled), bucket):
            part = shuffled[start : start + bucket]
            part = self._by_length(part)
            batches += [
                part[i : i + self._batch_size] for i in range(0, len(part), self._batch_size)
            ]
        incomplete = [batch for batch in batches if len(batch) < self._batch_size]
        whole = batches[: len(batches) - len(incomplete)]
        return [whole[i] for i in random.permutation(len(whole))] + incomplete

    def _by_length(self, part: NDArray[np.int64]) -> NDArray[np.int64]:
        """Some examples with the longest first; where classes take turns they still do."""
        labels = np.zeros(len(part), np.int64) if self._labels is None else self._labels[part]
        out = part.copy()
        for label in np.unique(labels):
            own = part[labels == label]
            out[labels == label] = own[np.argsort(-self._lengths[own], kind="stable")]
        return out
