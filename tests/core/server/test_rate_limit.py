"""Buckets of tokens that fill with time."""

from __future__ import annotations

import pytest

from sftsec_core.api.settings.rate import Rate
from sftsec_core.server.error_responses import ProblemError
from sftsec_core.server.rate_limit import RateLimiter


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def ask(limiter: RateLimiter, owner: str, amount: float = 1) -> str | None:
    """Ask once: None for a pass, else the seconds to wait."""
    try:
        limiter.check(owner)
    except ProblemError as error:
        return f"{error.status}: " * (error.status != 429) + error.headers["Retry-After"]
    limiter.take(owner, amount)
    return None


class TestRateLimiter:
    def test_lets_a_period_come_at_once(self) -> None:
        clock = Clock()
        limiter = RateLimiter(Rate(3, 60), "requests", clock)
        assert [ask(limiter, "a") for _ in range(4)] == [None, None, None, "20"]
        assert ask(limiter, "b") is None
        clock.now += 20
        assert [ask(limiter, "a") for _ in range(2)] == [None, "20"]
        clock.now += 6000  # it does not fill past its size
        assert [ask(limiter, "a") for _ in range(4)] == [None, None, None, "20"]

    def test_a_debt_is_waited_for(self) -> None:
        clock = Clock()
        limiter = RateLimiter(Rate(10, 1), "events", clock)
        assert ask(limiter, "a", 1000) is None
        assert ask(limiter, "a") == "100"
        clock.now += 99.1
        assert ask(limiter, "a") is None

    def test_without_a_rate_bounds_nothing(self) -> None:
        limiter = RateLimiter(None, "requests")
        assert [ask(limiter, "a", 10**9) for _ in range(3)] == [None] * 3

    def test_forgets_full_buckets_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sftsec_core.server.rate_limit._MOST", 3)
        clock = Clock()
        limiter = RateLimiter(Rate(2, 60), "requests", clock)
        for owner in ("a", "b", "c"):
            limiter.take(owner, 2)
        clock.now += 30
        limiter.take("b", 5)
        clock.now += 30
        assert ask(limiter, "d") is None
        assert set(limiter._buckets) == {"b", "d"}
