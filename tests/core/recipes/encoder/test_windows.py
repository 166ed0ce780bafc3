"""Long texts as windows of tokens."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.encoder.data import EncodedTexts, encode_texts
from sftsec_core.recipes.encoder.encoder import load_tokenizer
from sftsec_core.recipes.encoder.windows import (
    WindowedTexts,
    encode_windows,
    pooling_weights,
    read_texts,
)
from sftsec_core.recipes.encoder_files import resolve_encoder
from sftsec_core.recipes.reading import Reading
from tests.core.recipes.test_window_selector import fitted

READING = Reading(max_length=12, overlap=2, max_windows=4)
ATTACK = "dump lsass evil beacon"


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return load_tokenizer(resolve_encoder(EncoderSettings()).folder)


class SlowTokenizer:
    """A tokenizer of Python: a word is a token."""

    is_fast = False

    def num_special_tokens_to_add(self) -> int:
        return 2

    def __call__(self, text: str, *, add_special_tokens: bool) -> dict[str, list[int]]:
        assert not add_special_tokens
        return {"input_ids": [10 + int(word) for word in text.split()]}

    def build_inputs_with_special_tokens(self, ids: list[int]) -> list[int]:
        return [1, *ids, 2]


class TestEncodeWindows:
    def test_texts_of_one_window_are_rows(self, tokenizer: Any) -> None:
        texts = ["", "git commit", "half \ud800 a pair"]
        found = encode_windows(texts, tokenizer, READING)
        assert isinstance(found, EncodedTexts)
        np.testing.assert_array_equal(found.flat, encode_texts(texts, tokenizer, 12).flat)

    def test_windows_overlap_and_have_special_tokens(self, tokenizer: Any) -> None:
        words = "one two three four five six seven eight nine ten eleven twelve thirteen"
        found = encode_windows([words], tokenizer, READING)
        assert isinstance(found, WindowedTexts)
        first, second = found.rows[0].tolist(), found.rows[1].tolist()
        assert (len(first), len(found.rows)) == (12, 2)
        assert first[0] == second[0]
        assert first[-1] == second[-1]
        assert first[-3:-1] == second[1:3]
        assert found.lengths.tolist() == [12 + len(second)]

    def test_one_window_reads_the_beginning(self, tokenizer: Any) -> None:
        texts = ["word " * 500, "a"]
        found = encode_windows(texts, tokenizer, Reading(16))
        assert isinstance(found, EncodedTexts)
        np.testing.assert_array_equal(found.flat, encode_texts(texts, tokenizer, 16).flat)

    def test_takes_texts_with_all_their_windows(self, tokenizer: Any) -> None:
        texts = ["git", "word " * 25, "mail"]
        found = encode_windows(texts, tokenizer, READING)
        assert isinstance(found, WindowedTexts)
        taken = found.take(np.array([1, 0, 1]))
        assert taken.lengths.tolist() == found.lengths[[1, 0, 1]].tolist()
        assert isinstance(found.take(np.array([0, 2])), EncodedTexts)

    def test_tokenizer_of_python_makes_the_same(self) -> None:
        words = " ".join(str(i) for i in range(20))
        found = encode_windows([words, "3"], SlowTokenizer(), READING)
        assert isinstance(found, WindowedTexts)
        assert [row.tolist() for row in (found.rows[0], found.rows[1], found.rows[3])] == [
            [1, *range(10, 20), 2],
            [1, *range(18, 28), 2],
            [1, 13, 2],
        ]


class TestReadTexts:
    def test_telling_windows_are_kept_of_many(self, tokenizer: Any) -> None:
        lines = ["git commit", "list files", "open mail", "read the report"] * 30
        text = "\n".join([*lines[:77], ATTACK, *lines])
        (read,) = read_texts([text], tokenizer, READING, fitted())
        assert len(read.windows) == 4
        shown = [tokenizer.decode(ids, skip_special_tokens=True) for ids in read.windows]
        assert "lsass" in "".join(shown).replace(" ", "")
        assert "lsass" in shown[int(read.scores.argmax())].replace(" ", "").replace("##", "")

    def test_unread_is_what_no_window_shows(self, tokenizer: Any) -> None:
        words = [f"w{i}x" for i in range(200)]
        text = " ".join(words)
        (read,) = read_texts([text], tokenizer, READING)
        shown = " ".join(
            tokenizer.decode(ids, skip_special_tokens=True) for ids in read.windows
        ).split()
        left = "".join(text[start:end] for start, end in read.unread)
        assert words[0] in shown
        assert words[-1] in shown
        whole = [word for word in words if word in left.split()]
        assert len(whole) > 150
        assert not set(whole) & set(shown[2:-2])

    def test_nothing_is_unread_within_the_bounds(self, tokenizer: Any) -> None:
        texts = ["", "git", "word " * 30, "  spaced \n out  " * 6]
        assert not any(read.unread for read in read_texts(texts, tokenizer, READING))

    def test_huge_text_is_read_at_its_ends(self, tokenizer: Any) -> None:
        text = "curl evil " * 300_000
        reading = Reading(max_length=12, overlap=2, max_windows=4, max_chars=4000)
        (read,) = read_texts([text], tokenizer, reading)
        assert len(read.windows) == 4
        unread = sum(end - start for start, end in read.unread)
        assert len(text) - 4000 < unread < len(text)
        assert read.unread[-1][1] > len(text) - 1000


class TestPoolingWeights:
    def test_of_a_text_sum_to_one(self) -> None:
        rows = EncodedTexts.of_rows([np.arange(3, dtype=np.int32)] * 4)
        texts = WindowedTexts(rows, np.array([0, 3, 4]), np.array([0, 5, 0, -7], dtype=np.float32))
        attention = pooling_weights(texts, "attention")
        assert attention[1] > 0.9
        np.testing.assert_allclose(np.add.reduceat(attention, [0, 3]), 1, rtol=1e-6)
        np.testing.assert_allclose(pooling_weights(texts, "mean"), [1 / 3] * 3 + [1], rtol=1e-6)
        assert pooling_weights(texts, "max").tolist() == [1] * 4
