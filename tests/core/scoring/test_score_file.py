"""What a model gave comes back from a file, and from no other one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftsec_core.scoring.score_cache import ScoreCache
from sftsec_core.scoring.score_file import from_bytes, to_bytes

MODEL, SALT = "ab" * 32, b"a site's salt"
DIGESTS = [f"{n:032x}" for n in (7, 0, 2**128 - 1)]


def cache() -> ScoreCache:
    made = ScoreCache()
    made.keep({digest: np.array([1 / (n + 3), 0.1]) for n, digest in enumerate(DIGESTS)})
    return made


class TestScoreFile:
    def test_brings_back_every_number(self) -> None:
        found = from_bytes(to_bytes(cache(), MODEL, SALT), MODEL, SALT, 2)
        assert found is not None
        rows, wanted = found.find(DIGESTS), cache().find(DIGESTS)
        assert {k: v.tolist() for k, v in rows.items()} == {
            k: v.tolist() for k, v in wanted.items()
        }

    def test_empty_cache_is_a_file_too(self) -> None:
        found = from_bytes(to_bytes(ScoreCache(), MODEL, SALT), MODEL, SALT, 2)
        assert found is None or len(found) == 0

    @pytest.mark.parametrize(
        ("model", "salt", "labels"),
        [("cd" * 32, SALT, 2), (MODEL, b"another site's", 2), (MODEL, SALT, 3)],
    )
    def test_file_of_another_is_none(self, model: str, salt: bytes, labels: int) -> None:
        assert from_bytes(to_bytes(cache(), MODEL, SALT), model, salt, labels) is None

    def test_file_of_another_version_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        content = to_bytes(cache(), MODEL, SALT)
        monkeypatch.setattr("sftsec_core.__version__", "0.0.0")
        assert from_bytes(content, MODEL, SALT, 2) is None

    @given(st.integers(0), st.integers(1, 255))
    def test_changed_file_is_none(self, place: int, flip: int) -> None:
        content = bytearray(to_bytes(cache(), MODEL, SALT))
        content[place % len(content)] ^= flip
        assert from_bytes(bytes(content), MODEL, SALT, 2) is None
        assert from_bytes(bytes(content[: place % len(content)]), MODEL, SALT, 2) is None
