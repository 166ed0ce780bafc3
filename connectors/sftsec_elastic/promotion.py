"""How many detections the shipped rule makes alerts of, before it no longer sees the oldest."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

log = logging.getLogger(__name__)

# Of the rule in the integration package: `max_signals` in each run of a minute, and `from`.
ALERTS_A_MINUTE = 1_000
LOOKS_BACK_MINUTES = 60
_MOST = ALERTS_A_MINUTE * LOOKS_BACK_MINUTES


@dataclass(slots=True)
class PromotionBacklog:
    """The detections of this process that the rule has not reached, if it runs each minute.

    Attributes:
        clock: this machine's time.
        waiting: how many wait.
        at: when that was so.
        told: whether the log has said that there are too many.
    """

    clock: Callable[[], datetime]
    waiting: float = 0.0
    at: datetime | None = None
    told: bool = False

    def add(self, written: int) -> None:
        """Count detections that were written, and warn once when some will get no alert."""
        now = self.clock()
        if self.at is not None:
            minutes = max(0.0, (now - self.at).total_seconds() / 60)
            self.waiting = max(0.0, self.waiting - minutes * ALERTS_A_MINUTE)
        self.at = now
        self.waiting += written
        if self.waiting > _MOST and not self.told:
            self.told = True
            log.warning(
                "the rule `sftsec Detections` makes %s alerts a minute of what came in within %s "
                "minutes: more than %s detections wait for it, and the oldest will get no alert "
                "unless its additional look-back time is raised before it ends",
                f"{ALERTS_A_MINUTE:,}",
                LOOKS_BACK_MINUTES,
                f"{_MOST:,}",
            )
