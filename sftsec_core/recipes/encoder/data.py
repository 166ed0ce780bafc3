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

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

ENCODE_BLOCK = 4096  # texts given to the tokenizer at once
BUCKET_BATCHES = 50  # batches whose examples are sorted by length together
# A text is cut before it is tokenized: no token of a usual vocabulary is longer on average, and a
# field of 50 MB must not be tokenized for the sake of its first 128 tokens.
CHARACTERS_PER_TOKEN = 64


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
        block = [
            t[: max_length * CHARACTERS_PER_TOKEN] for t in texts[start : start + ENCODE_BLOCK]
        ]
        encoded = tokenizer(block, truncation=True, max_length=max_length)["input_ids"]
        rows.extend(np.asarray(ids, dtype=np.int32) for ids in encoded)
    offsets = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum([len(row) for row in rows], out=offsets[1:])
    flat = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int32)
    return EncodedTexts(flat.astype(np.int32, copy=False), offsets)


def within_tokens(
    texts: Sequence[str],
    tokenizer: Any,  # noqa: ANN401 - transformers gives it no useful type
    max_length: int,
) -> NDArray[np.bool_]:
    """Which texts have at most `max_length` tokens, the special ones included; shape (texts,)."""
    found: NDArray[np.bool_] = encode_texts(texts, tokenizer, max_length + 1).lengths <= max_length
    return found


def pad_rows(rows: Sequence[NDArray[np.int32]], pad_id: int) -> dict[str, torch.Tensor]:
    """Make one batch of rows, as wide as its longest.

    Returns:
        `input_ids` and `attention_mask` (1 for a token, 0 for padding), int64, shape
        (rows, longest row).
    """
    lengths = torch.tensor([len(row) for row in rows])
    ids = torch.full((len(rows), int(lengths.max())), pad_id, dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.from_numpy(row.astype(np.int64))
    mask = torch.arange(ids.shape[1])[None, :] < lengths[:, None]
    return {"input_ids": ids, "attention_mask": mask.long()}


@dataclass(frozen=True, slots=True)
class LabelledTexts(Dataset[dict[str, Any]]):
    """Encoded texts with their classes and weights.

    Attributes:
        encoded: the texts.
        labels: column number of each text's class; int64, shape (texts,).
        weights: trust in each label, 0 to 1; float32, shape (texts,).
    """

    encoded: EncodedTexts
    labels: NDArray[np.int64]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """One example: `ids`, `label`, `weight`."""
        return {
            "ids": self.encoded[index],
            "label": self.labels[index],
            "weight": self.weights[index],
        }


@dataclass(frozen=True, slots=True)
class PadCollator:
    """Makes a batch of examples, padded to the longest among them."""

    pad_id: int

    def __call__(self, items: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """Return `input_ids`, `attention_mask`, `labels` (int64) and `weights` (float32)."""
        batch = pad_rows([item["ids"] for item in items], self.pad_id)
        batch["labels"] = torch.tensor([int(item["label"]) for item in items])
        batch["weights"] = torch.tensor(
            [float(item["weight"]) for item in items], dtype=torch.float32
        )
        return batch


class LengthBucketSampler(Sampler[int]):
    """Shuffles, yet puts texts of like length into the same batch, so that little is padded.

    Cut into batches of `batch_size` in the order in which it yields, every batch comes from one
    bucket; the batches themselves come in random order, the incomplete one last. Epoch e of seed s
    is always the same order: for a resumed run, or another process of a distributed one.
    """

    def __init__(self, lengths: NDArray[np.int64], batch_size: int, seed: int) -> None:
        """Take the tokens of each example, the batch size and the seed."""
        self._lengths = lengths
        self._batch_size = batch_size
        self._seed = seed
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
        bucket = self._batch_size * BUCKET_BATCHES
        batches: list[NDArray[np.int64]] = []
        for start in range(0, len(shuffled), bucket):
            part = shuffled[start : start + bucket]
            part = part[np.argsort(-self._lengths[part], kind="stable")]
            batches += [
                part[i : i + self._batch_size] for i in range(0, len(part), self._batch_size)
            ]
        incomplete = [batch for batch in batches if len(batch) < self._batch_size]
        whole = batches[: len(batches) - len(incomplete)]
        return [whole[i] for i in random.permutation(len(whole))] + incomplete
