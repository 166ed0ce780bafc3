"""The one retry policy: attempts up to a bound of time."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError
from sftsec_core.sdk.errors import LostAnswerError
from sftsec_core.sdk.retry import RetryPolicy
from tests.logs import told


class Platform:
    """Fails with these errors, one an attempt, and then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.attempts = 0

    def __call__(self) -> str:
        self.attempts += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def down(times: int) -> Platform:
    return Platform(*(ConnectorUnavailableError(f"down {n}") for n in range(times)))


class TestRetryPolicy:
    def test_repeats_until_the_platform_answers(self) -> None:
        waits: list[float] = []
        platform = down(3)
        policy = RetryPolicy(timedelta(minutes=1), waits.append)
        assert policy(platform) == "answer"
        assert (platform.attempts, len(waits)) == (4, 3)

    def test_waits_at_least_a_little(self) -> None:
        waits: list[float] = []
        RetryPolicy(timedelta(minutes=1), waits.append)(down(6))
        assert min(waits) >= 0.1
        assert max(waits) <= 15.3

    def test_tries_once_without_a_bound(self) -> None:
        platform = down(9)
        with pytest.raises(ConnectorUnavailableError, match="down 0"):
            RetryPolicy(timedelta())(platform)
        assert platform.attempts == 1

    def test_raises_the_last_error_at_the_bound(self) -> None:
        platform = down(99)
        with pytest.raises(ConnectorUnavailableError, match="down") as caught:
            RetryPolicy(timedelta(seconds=0.3))(platform)
        assert str(caught.value) == f"down {platform.attempts - 1}"
        assert 2 <= platform.attempts <= 4

    def test_repeats_a_lost_answer(self) -> None:
        platform = Platform(LostAnswerError("lost"))
        assert RetryPolicy(timedelta(minutes=1), lambda _: None)(platform) == "answer"

    @pytest.mark.parametrize("error", [ConnectorError("refused"), ValueError("ours")])
    def test_repeats_no_other_error(self, error: Exception) -> None:
        platform = Platform(error)
        with pytest.raises(type(error)):
            RetryPolicy(timedelta(minutes=1), lambda _: None)(platform)
        assert platform.attempts == 1

    def test_logs_each_wait(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.WARNING, "sftsec_core.sdk.retry"):
            RetryPolicy(timedelta(minutes=1), lambda _: None)(down(2))
        assert [each.split("; ")[0] for each in told(caplog, "sftsec_core.sdk.retry")] == [
            "down 0",
            "down 1",
        ]
