"""Canaries: what they are, and how their exposure is counted."""

from __future__ import annotations

import numpy as np
import pytest

from sftsec_core.testing import make_task
from sftsec_privacy.canaries import exposure, make_canaries

HELD = np.array([[True, False], [False, True]])


class TestCanaries:
    def test_hold_a_secret_each(self) -> None:
        made = make_canaries(make_task(), 20, 1)
        assert len({each.digest for each in made}) == 20
        assert {each.label for each in made} == {"malicious"}
        assert make_canaries(make_task(), 20, 1) == made
        assert make_canaries(make_task(), 20, 2)[0].digest != made[0].digest


class TestExposure:
    def test_counts_bits_of_the_rank(self) -> None:
        references = np.tile(np.arange(63.0), (2, 1))
        first = exposure(np.array([[99.0, 0.0], [0.0, 99.0]]), HELD, references)
        assert first is not None
        assert (first.median, first.most) == (6.0, 6.0)
        middle = exposure(np.array([[31.5, 99.0], [99.0, 31.5]]), HELD, references)
        assert middle is not None
        assert middle.median == pytest.approx(1.0, abs=0.05)

    def test_equal_answers_show_nothing(self) -> None:
        found = exposure(np.zeros((2, 2)), HELD, np.zeros((2, 63)))
        assert found is not None
        assert found.most == pytest.approx(1.0, abs=0.05)
        assert exposure(np.zeros((2, 2)), np.zeros((2, 2), bool), np.zeros((2, 63))) is None
