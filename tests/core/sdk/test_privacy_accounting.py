"""What trainings spend together: as Opacus's own accountant has it, and bounded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from opacus.accountants import RDPAccountant

from sftsec_core.api.domain import PrivacySpend
from sftsec_core.sdk.privacy_accounting import epsilon_of, noise_for

DELTA = 1e-5
ONE = PrivacySpend(noise_multiplier=2.0, sample_rate=0.25, steps=50)


class TestEpsilonOf:
    def test_agrees_with_opacus_accountant(self) -> None:
        accountant = RDPAccountant()
        for spend in (ONE, replace(ONE, noise_multiplier=3.0)):
            for _ in range(spend.steps):
                accountant.step(
                    noise_multiplier=spend.noise_multiplier, sample_rate=spend.sample_rate
                )
        together = epsilon_of([ONE, replace(ONE, noise_multiplier=3.0)], DELTA)
        assert together == pytest.approx(accountant.get_epsilon(DELTA), rel=0.02)
        assert together >= accountant.get_epsilon(DELTA)

    def test_adds_up_to_less_than_the_sum(self) -> None:
        alone, twice = epsilon_of([ONE], DELTA), epsilon_of([ONE, ONE], DELTA)
        assert alone < twice < 2 * alone
        assert twice == pytest.approx(epsilon_of([replace(ONE, steps=100)], DELTA))

    def test_of_nothing_is_nothing(self) -> None:
        assert epsilon_of([], DELTA) == 0


class TestNoiseFor:
    def test_keeps_the_epsilon_closely(self) -> None:
        noise = noise_for(4.0, DELTA, 0.25, 50)
        assert noise is not None
        assert 3.9 < epsilon_of([replace(ONE, noise_multiplier=noise)], DELTA) <= 4.0

    def test_takes_what_was_spent_into_account(self) -> None:
        first, second = noise_for(8.0, DELTA, 0.25, 50), noise_for(8.0, DELTA, 0.25, 50, [ONE])
        assert first is not None
        assert second is not None
        assert second > first
        both = [ONE, replace(ONE, noise_multiplier=second)]
        assert 7.9 < epsilon_of(both, DELTA) <= 8.0

    def test_gives_none_where_nothing_is_left(self) -> None:
        assert noise_for(epsilon_of([ONE], DELTA), DELTA, 0.25, 50, [ONE]) is None
