"""The interval of the live recall holds the true one, and says so where nothing can be told."""

from __future__ import annotations

import numpy as np
import pytest

from sftsec_core.drift.recall import Draw, RecallEstimate, estimate_recall

HIT, MISS = Draw(0.1, False), Draw(0.1, True)


def draw(
    rng: np.random.Generator, events: int, share: float, answered: float, attack: bool
) -> list[Draw]:
    """The draws among some events that raised no alert; some get no verdict."""
    count = rng.binomial(events, share)
    told = rng.binomial(count, answered)
    return [Draw(share, attack)] * told + [Draw(share, None)] * (count - told)


def simulated(rng: np.random.Generator, missed: int, answered: float) -> RecallEstimate | None:
    """Of a stream of 100 alerts, 80 of them attacks, and 4,000 other events."""
    judged = rng.binomial(100, answered)
    right = rng.hypergeometric(80, 20, judged)
    draws = draw(rng, missed, 0.2, answered, True) + draw(rng, 4000, 0.2, answered, False)
    return estimate_recall(100, judged, right, draws)


class TestEstimateRecall:
    @pytest.mark.parametrize(("missed", "answered"), [(4, 1.0), (40, 0.6), (240, 0.4)])
    def test_interval_covers_the_known_recall(self, missed: int, answered: float) -> None:
        rng = np.random.default_rng(11)
        found = [simulated(rng, missed, answered) for _ in range(100)]
        known = [each for each in found if each is not None]
        assert len(known) == 100
        true = 80 / (80 + missed)
        assert sum(each.low <= true <= each.high for each in known) >= 90
        assert np.mean([each.missed for each in known]) == pytest.approx(missed, rel=0.25)
        assert np.mean([each.high - each.low for each in known]) < 0.6

    def test_silent_draws_raise_the_weights(self) -> None:
        found = estimate_recall(10, 10, 10, [MISS, HIT, Draw(0.1, None), Draw(0.1, None)])
        assert found is not None
        assert found.found == 10
        assert found.missed == pytest.approx(20)

    def test_rarer_draws_weigh_more(self) -> None:
        found = estimate_recall(10, 10, 10, [Draw(0.1, True), Draw(0.5, True), HIT])
        assert found is not None
        assert found.missed == pytest.approx(12)

    def test_no_missed_one_proves_little(self) -> None:
        few = estimate_recall(10, 10, 10, [HIT] * 10)
        many = estimate_recall(1000, 1000, 1000, [HIT] * 10)
        assert few is not None
        assert many is not None
        assert (few.value, few.high) == (1.0, 1.0)
        assert few.low < 0.3 < many.low < 1

    @pytest.mark.parametrize(
        ("alerts", "judged", "right", "draws"),
        [(5, 5, 5, []), (5, 5, 5, [Draw(0.1, None)]), (5, 0, 0, [MISS]), (5, 5, 0, [HIT])],
    )
    def test_tells_nothing_without_verdicts(
        self, alerts: int, judged: int, right: int, draws: list[Draw]
    ) -> None:
        assert estimate_recall(alerts, judged, right, draws) is None
