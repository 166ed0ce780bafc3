"""More detections than the shipped rule takes are told of, once."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest

from sftsec_elastic.promotion import ALERTS_A_MINUTE, LOOKS_BACK_MINUTES, PromotionBacklog
from tests.logs import told

MOST = ALERTS_A_MINUTE * LOOKS_BACK_MINUTES


class TestPromotionBacklog:
    @pytest.mark.parametrize(
        ("minutes", "batch", "warnings"),
        [(0, MOST // 4, 0), (1, ALERTS_A_MINUTE, 0), (0, MOST // 3, 1), (1, MOST // 4, 0)],
    )
    def test_warns_once_of_too_many(
        self, minutes: int, batch: int, warnings: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        now = [datetime(2026, 1, 5, tzinfo=UTC)]
        backlog = PromotionBacklog(lambda: now[0])
        with caplog.at_level(logging.WARNING, "sftsec_elastic"):
            for _ in range(4):
                backlog.add(batch)
                now[0] += timedelta(minutes=minutes)
            backlog.add(0)
        said = told(caplog, "sftsec_elastic")
        assert len(said) == warnings
        assert all("additional look-back" in each for each in said)
