"""Lines that repeat are written once a minute."""

from __future__ import annotations

import logging

import pytest

from sftsec_core.server.log_limits import RepeatFilter


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def passed(limit: RepeatFilter, text: str, *args: object, level: int = logging.WARNING) -> str:
    """The line as it is written; "" for one that is not."""
    record = logging.LogRecord("server", level, "", 0, text, args, None)
    return record.getMessage() if limit.filter(record) else ""


class TestRepeatFilter:
    def test_counts_what_it_left_out(self, clock: Clock) -> None:
        limit = RepeatFilter(clock=clock)
        lines = [passed(limit, "%d%% full", 90) for _ in range(4)]
        clock.now = 60
        lines += [passed(limit, "%d%% full", 90) for _ in range(2)]
        last = "90% full (3 more like it were not logged)"
        assert lines == ["90% full", "", "", "", last, ""]

    def test_tells_kinds_of_lines_apart(self, clock: Clock) -> None:
        limit = RepeatFilter(clock=clock)
        shown = [passed(limit, "failed\nat %s", each) for each in "ab"]
        assert shown == ["failed\nat a", ""]
        assert passed(limit, "another") == "another"
        assert passed(limit, "another", level=logging.INFO) == "another"

    def test_endless_kinds_become_one(self, clock: Clock) -> None:
        limit = RepeatFilter(clock=clock)
        lines = [passed(limit, "from %s", number) for number in range(1000)]
        assert 256 <= len([each for each in lines if each]) <= 257
        clock.now = 60
        assert passed(limit, "from %s", "a new one") == "from a new one"
