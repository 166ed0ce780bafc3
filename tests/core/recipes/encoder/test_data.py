"""Texts as token rows, and the batches that training takes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.encoder.data import (
    EncodedTexts,
    LabelledTexts,
    LengthBucketSampler,
    encode_texts,
    pad_rows,
)
from sftsec_core.recipes.encoder.encoder import load_tokenizer
from sftsec_core.recipes.encoder.packing import Collator
from sftsec_core.recipes.encoder_files import resolve_encoder

LENGTHS = np.random.default_rng(3).integers(3, 128, 1000)


@pytest.fixture(scope="module")
def tokenizer() -> object:
    return load_tokenizer(resolve_encoder(EncoderSettings()).folder)


class TestLengthBucketSampler:
    @settings(deadline=None, max_examples=50)
    @given(st.lists(st.integers(2, 128), max_size=300), st.integers(1, 40), st.integers(0, 5))
    def test_shows_every_example_once(self, lengths: list[int], batch: int, epoch: int) -> None:
        sampler = LengthBucketSampler(np.array(lengths, dtype=np.int64), batch, seed=7)
        sampler.set_epoch(epoch)
        assert sorted(sampler) == list(range(len(lengths)))

    @settings(deadline=None, max_examples=50)
    @given(st.lists(st.integers(2, 128), max_size=300), st.integers(1, 40), st.integers(0, 5))
    def test_packed_batches_hold_every_example(
        self, lengths: list[int], batch: int, epoch: int
    ) -> None:
        sampler = LengthBucketSampler(np.array(lengths, dtype=np.int64), batch, seed=7, packed=True)
        sampler.set_epoch(epoch)
        assert sorted(sampler) == list(range(len(lengths)))
        assert all(len(each) == batch for each in sampler.batches()[:-1])

    def test_packed_steps_in_parts_hold_the_same(self) -> None:
        whole = LengthBucketSampler(LENGTHS, 16, seed=7, packed=True).batches()
        halves = LengthBucketSampler(LENGTHS, 8, seed=7, packed=True).batches()
        np.testing.assert_array_equal(whole[3], np.concatenate(halves[6:8]))

    @settings(deadline=None, max_examples=50)
    @given(st.lists(st.integers(0, 3), min_size=1, max_size=200), st.integers(1, 40), st.booleans())
    def test_balanced_batches_have_equal_shares(
        self, labels: list[int], batch: int, packed: bool
    ) -> None:
        lengths, y = np.arange(len(labels)) % 50 + 2, np.array(labels)
        sampler = LengthBucketSampler(lengths, batch, seed=7, packed=packed, labels=y)
        batches = sampler.batches()
        assert sum(map(len, batches)) == len(labels)
        for each in batches:
            shares = [int((y[each] == label).sum()) for label in set(labels)]
            assert max(shares) - min(shares) <= 1

    def test_balanced_padding_stays_small(self) -> None:
        labels = (np.arange(1000) % 10 == 0).astype(np.int64)
        batches = LengthBucketSampler(LENGTHS, 16, seed=7, labels=labels).batches()
        padding = sum((LENGTHS[b].max() - LENGTHS[b]).sum() for b in batches)
        assert padding < sum(LENGTHS[b].sum() for b in batches) / 10

    def test_order_depends_on_seed_and_epoch(self) -> None:
        first, second = (LengthBucketSampler(LENGTHS, 16, seed=7) for _ in range(2))
        second.set_epoch(1)
        assert list(first) != list(second)
        first.set_epoch(1)
        assert list(first) == list(second)
        assert list(first) != list(LengthBucketSampler(LENGTHS, 16, seed=8))

    def test_only_the_last_batch_is_incomplete(self) -> None:
        sizes = [len(batch) for batch in LengthBucketSampler(LENGTHS, 16, seed=7).batches()]
        assert sizes == [16] * 62 + [8]

    def test_pads_a_tenth_of_random_batches(self) -> None:
        def padding(batches: list[np.ndarray]) -> int:
            return int(sum((LENGTHS[b].max() - LENGTHS[b]).sum() for b in batches))

        bucketed = LengthBucketSampler(LENGTHS, 16, seed=7).batches()
        shuffled = np.array_split(np.random.default_rng(1).permutation(1000), 63)
        assert padding(bucketed) < padding(shuffled) / 10

    def test_shuffles_the_batches_by_length(self) -> None:
        longest = [LENGTHS[b].max() for b in LengthBucketSampler(LENGTHS, 16, seed=7).batches()]
        assert longest != sorted(longest)
        assert longest != sorted(longest, reverse=True)


class TestEncodeTexts:
    def test_keeps_order_and_cuts_to_length(self, tokenizer: object) -> None:
        encoded = encode_texts(["", "a", "word " * 500], tokenizer, 16)
        assert len(encoded) == 3
        assert encoded.lengths.tolist() == [2, 3, 16]
        assert encoded[1].tolist()[0] == encoded[2].tolist()[0]

    def test_half_a_surrogate_pair_is_read(self, tokenizer: object) -> None:
        broken, whole = (encode_texts([text], tokenizer, 16) for text in ("a \ud800 b", "a ? b"))
        np.testing.assert_array_equal(broken[0], whole[0])

    def test_no_texts_give_none(self, tokenizer: object) -> None:
        assert len(encode_texts([], tokenizer, 16)) == 0

    def test_reads_only_a_huge_texts_beginning(self, tokenizer: object) -> None:
        huge = "curl evil " * 5_000_000
        encoded = encode_texts([huge], tokenizer, 16)
        np.testing.assert_array_equal(
            encoded[0], encode_texts(["curl evil " * 20], tokenizer, 16)[0]
        )


class TestPadding:
    def test_reaches_the_longest_and_is_masked(self) -> None:
        rows = [np.array([5, 6], dtype=np.int32), np.array([7], dtype=np.int32)]
        batch = pad_rows(EncodedTexts.of_rows(rows), pad_id=9)
        assert batch["input_ids"].tolist() == [[5, 6], [7, 9]]
        assert batch["attention_mask"].tolist() == [[1, 1], [1, 0]]

    def test_batch_carries_labels_and_weights(self, tokenizer: object) -> None:
        texts = LabelledTexts(
            encode_texts(["a", "b c"], tokenizer, 16),
            np.array([1, 0]),
            np.array([0.5, 1], dtype=np.float32),
        )
        batch = Collator(0)(texts.__getitems__([0, 1]))
        assert batch["labels"].tolist() == [1, 0]
        assert batch["weights"].tolist() == [0.5, 1]
        assert batch["input_ids"].shape == batch["attention_mask"].shape == (2, 4)
