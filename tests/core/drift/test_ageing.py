"""The test part in blocks: rates at an age, and how well they are known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from sftsec_core.drift.ageing import BLOCKS, ScoredBlocks

START = datetime(2026, 1, 1, tzinfo=UTC)


def blocks(
    y: np.ndarray, decided: np.ndarray, *, keys: np.ndarray | None = None, timed: bool = True
) -> ScoredBlocks:
    """Events a minute apart."""
    at = [START + timedelta(minutes=n) for n in range(len(y))] if timed else [None] * len(y)
    return ScoredBlocks.of(y, decided, np.arange(len(y)) if keys is None else keys, at, 2)


def falling(count: int = 20_000, *, timed: bool = True) -> ScoredBlocks:
    """Recall falls from 90% to 60%; a tenth are attacks."""
    random = np.random.default_rng(1)
    y = (random.random(count) < 0.1).astype(np.int64)
    rates = np.where(y == 1, np.linspace(0.9, 0.6, count), 0.01)
    return blocks(y, (random.random(count) < rates).astype(np.int64), timed=timed)


def recall(found: ScoredBlocks, age: float) -> tuple[float, float]:
    rates = found.rates(age)
    assert rates is not None
    return float(rates.rows[1, 1]), float(rates.effective[1])


class TestOfNew:
    @pytest.mark.parametrize(
        ("new", "counted"), [([1, 0, 1, 1], [[1, 1], [0, 1]]), ([1, 0, 1, 0], [[1, 1], [1, 1]])]
    )
    def test_counts_all_only_where_a_label_lacks(
        self, new: list[int], counted: list[list[int]]
    ) -> None:
        y, found = np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1])
        at = [START + timedelta(days=day) for day in range(4)]
        held = ScoredBlocks.of_new(y, found, np.arange(4), at, np.array(new, dtype=np.bool_), 2)
        assert held.confusion.tolist() == counted


class TestScoredBlocks:
    def test_read_back_as_they_were(self) -> None:
        found = falling()
        again = ScoredBlocks.from_json(found.to_json())
        assert again.to_json() == found.to_json()
        assert again.span == (START, START + timedelta(minutes=19_999))

    def test_ages_go_on_after_the_end(self) -> None:
        found = falling(1441)
        assert found.age(START + timedelta(days=1)) == pytest.approx(1)
        assert found.age(START + timedelta(days=3)) == pytest.approx(3)
        assert found.age(START - timedelta(days=3)) == 1

    @pytest.mark.parametrize("count", [0, 1, 7])
    def test_hold_few_events_too(self, count: int) -> None:
        y = np.arange(count) % 2
        assert blocks(y, y).confusion.sum() == count


class TestRates:
    def test_carry_a_trend_on_until_its_bound(self) -> None:
        found = falling()
        assert recall(found, 1.25)[0] == pytest.approx(0.525, abs=0.05)
        assert recall(found, 9)[0] == recall(found, 2)[0]

    def test_are_told_less_well_with_age(self) -> None:
        found = falling()
        known = [recall(found, age)[1] for age in (1, 1.5, 2, 9)]
        assert known == sorted(known, reverse=True)
        assert known[-1] < known[0] / 20

    def test_stand_still_without_times(self) -> None:
        found = falling(timed=False)
        assert recall(found, 1) == recall(found, 2)
        assert recall(found, 1)[0] == pytest.approx(0.75, abs=0.02)

    def test_of_one_campaign_are_no_trend(self) -> None:
        y = np.zeros(2000, dtype=np.int64)
        y[900:1100] = 1
        decided = y.copy()
        decided[1000:1050] = 0
        assert recall(blocks(y, decided), 2)[0] == pytest.approx(0.75, abs=0.01)

    def test_of_copies_are_told_by_each_text(self) -> None:
        random = np.random.default_rng(2)
        y = (random.random(4000) < 0.2).astype(np.int64)
        decided = np.where(random.random(4000) < 0.9, y, 1 - y)
        copies = recall(blocks(y, decided, keys=np.arange(4000) % 8), 1)[1]
        assert copies < 10 < recall(blocks(y, decided), 1)[1]

    def test_differ_as_blocks_do(self) -> None:
        y = np.ones(2000, dtype=np.int64)
        y[::2] = 0
        decided = y.copy()
        found = recall(blocks(y, decided), 1)[1]
        for start in range(0, 2000, 400):
            decided[start : start + 2000 // BLOCKS] = 0
        assert recall(blocks(y, decided), 1)[1] < found / 10

    def test_of_a_missing_label_are_none(self) -> None:
        y = np.zeros(100, dtype=np.int64)
        assert blocks(y, y).rates(1) is None
