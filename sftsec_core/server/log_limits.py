"""Repeated log lines: one a minute of each kind, with the count of those left out.

Who reaches the port decides how often a connection fails: without a bound the log fills the disk.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_MAX_KINDS = 256


class RepeatFilter(logging.Filter):
    """Passes the first warning or error of each text, then none for a while."""

    def __init__(self, window_s: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        """Set how many seconds a line silences the same line, and what tells the time."""
        super().__init__()
        self._window_s = window_s
        self._clock = clock
        self._passed: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write the record; one that follows suppressed ones says how many."""
        if record.levelno < logging.WARNING:
            return True
        now = self._clock()
        kind = self._kind(record, now)
        since, suppressed = self._passed.get(kind, (None, 0))
        if since is not None and now - since < self._window_s:
            self._passed[kind] = (since, suppressed + 1)
            return False
        self._passed[kind] = (now, 0)
        if suppressed:
            record.msg = f"{record.getMessage()} ({suppressed} more like it were not logged)"
            record.args = ()
        return True

    def _kind(self, record: logging.LogRecord, now: float) -> str:
        text = record.getMessage().partition("\n")[0][:200]
        if text in self._passed or len(self._passed) < _MAX_KINDS:
            return text
        old = [kind for kind, (since, _) in self._passed.items() if now - since >= self._window_s]
        for kind in old:
            del self._passed[kind]
        # Lines that name an address can differ without end: past the bound they count as one.
        return text if old else str(record.msg).partition("\n")[0][:200]


@contextmanager
def limited(*names: str) -> Iterator[None]:
    """Limit the repeated lines of these loggers within the block."""
    limit = RepeatFilter()
    loggers = [logging.getLogger(name) for name in names]
    for logger in loggers:
        logger.addFilter(limit)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(limit)
