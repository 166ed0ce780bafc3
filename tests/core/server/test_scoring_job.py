"""How a request is cut into slices, and what becomes of its results."""

from __future__ import annotations

import pytest

from sftsec_core.server.schemas import RefusedEvent, ScoreBatch, ScoreEvent
from sftsec_core.server.scoring_job import LARGE_EVENT, ScoringJob

REFUSED = RefusedEvent("r", "the event: must be an object")


def job(*sizes: int | None) -> ScoringJob:
    events = [REFUSED if size is None else ScoreEvent(fields={}) for size in sizes]
    return ScoringJob("splunk", ScoreBatch("mail", events, [size or 0 for size in sizes]))


def cut(made: ScoringJob, bound: int) -> list[tuple[list[int], int, bool]]:
    slices = made.slices(bound)
    return [([number for number, _ in one.events], one.cost, one.is_large) for one in slices]


class TestSlices:
    def test_cost_what_their_texts_do(self) -> None:
        assert cut(job(10, 10, 5000, 10, 10), 4) == [
            ([0, 1], 2, False),
            ([2, 3], 4, False),
            ([4], 1, False),
        ]

    def test_a_large_event_stands_alone(self) -> None:
        found = cut(job(10, LARGE_EVENT, None, 10), 4)
        assert found == [([1], 1 + LARGE_EVENT // 2000, True), ([0, 3], 2, False)]

    @pytest.mark.parametrize("sizes", [(), (None, None)])
    def test_nothing_to_score_is_one_slice(self, sizes: tuple[None, ...]) -> None:
        assert cut(job(*sizes), 4) == [([], 1, False)]


class TestResponse:
    def test_an_answer_is_given_once(self) -> None:
        made = job(10)
        made.fail(ValueError("first"))
        made.fail(ValueError("second"))
        assert str(made.response.exception()) == "first"

    def test_no_one_waits_for_a_cancelled_one(self) -> None:
        made = job(10)
        assert made.response.cancel()
        made.fail(ValueError("late"))
        assert made.response.cancelled()
