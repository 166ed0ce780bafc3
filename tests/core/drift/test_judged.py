"""What verdicts said of an input is found again by its fingerprint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sftsec_core.api.domain import Inputs
from sftsec_core.api.errors import IntegrityError
from sftsec_core.drift.judged import InputVerdicts

INPUTS: list[Inputs] = [{"text": each, "bytes": 1.0} for each in "abcab"]


def judged(salt: bytes = b"salt") -> InputVerdicts:
    return InputVerdicts.of(INPUTS, np.array([0, 1, 2, 1, 1]), 3, salt)


class TestShares:
    def test_are_of_each_inputs_verdicts(self) -> None:
        asked: list[Inputs] = [
            *INPUTS[:3],
            {"text": "d", "bytes": 1.0},
            {"text": "a", "bytes": 2.0},
        ]
        assert judged().shares(asked).tolist() == [
            [0.5, 0.5, 0],
            [0, 1, 0],
            [0, 0, 1],
            [0, 0, 0],
            [0, 0, 0],
        ]

    def test_of_nothing_are_none(self) -> None:
        empty = InputVerdicts.of([], np.array([], dtype=np.int64), 2, b"salt")
        assert empty.shares(INPUTS).sum() == 0
        assert judged().shares([]).shape == (0, 3)


class TestFresh:
    def test_is_the_first_of_its_kind(self) -> None:
        asked: list[Inputs] = [{"text": each, "bytes": 1.0} for each in "xaxy"]
        assert judged().fresh(asked).tolist() == [True, False, False, True]


class TestLoad:
    def test_reads_back_what_was_saved(self, tmp_path: Path) -> None:
        judged().save(tmp_path / "judged.npy")
        found = InputVerdicts.load(tmp_path / "judged.npy", 3, b"salt")
        assert np.array_equal(found.shares(INPUTS), judged().shares(INPUTS))
        other = InputVerdicts.load(tmp_path / "judged.npy", 3, b"another")
        assert other.shares(INPUTS).sum() == 0

    @pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\x01\x00"])
    def test_refuses_what_was_not_saved(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "judged.npy").write_bytes(content)
        with pytest.raises(IntegrityError, match="damaged"):
            InputVerdicts.load(tmp_path / "judged.npy", 3, b"salt")

    def test_refuses_columns_it_cannot_hold(self, tmp_path: Path) -> None:
        judged().save(tmp_path / "judged.npy")
        with pytest.raises(IntegrityError, match="damaged"):
            InputVerdicts.load(tmp_path / "judged.npy", 2, b"salt")
