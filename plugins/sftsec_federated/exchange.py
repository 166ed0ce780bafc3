"""Where the server's rounds and the sites' requests meet: orders go out, updates come in."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api import DataError
from sftsec_federated.frame import Frame

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_LOSS = 1e6  # of a site on its rows, beyond which it is none
_ALIVE_S = 60.0  # a site that asked for nothing for so long is given no order


@dataclass
class _Posted:
    """What some sites are asked, and what they have answered."""

    id: str
    frame: Frame
    sites: set[str]
    replies: dict[str, Frame] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def open(self) -> set[str]:
        """Sites that have not answered."""
        return self.sites - set(self.replies) - set(self.refused)


class Exchange:
    """Thread-safe: the rounds run in one thread, each request in its own."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._changed = threading.Condition()
        self._clock = clock
        self._rows: dict[str, dict[str, int]] = {}
        self._seen: dict[str, float] = {}
        self._order: _Posted | None = None
        self._model: bytes | None = None
        self._fetched: set[str] = set()
        self._stopped = False
        self.counts: dict[str, int] = {}

    # --- for requests -----------------------------------------------------------------------

    def join(self, site: str, counts: Mapping[str, int]) -> None:
        """A site is there; it may say so again."""
        with self._changed:
            self._rows[site] = dict(counts)
            self._touch(site)

    def joined(self, site: str) -> bool:
        """Whether a site has joined since the server started."""
        with self._changed:
            return site in self._rows

    def next_order(self, site: str, wait_s: float) -> bytes | None:
        """The order that a site has not answered, once there is one; None after the wait."""
        end = self._clock() + wait_s
        with self._changed:
            self._touch(site)
            while not self._has_order(site) and self._model is None and not self._stopped:
                left = end - self._clock()
                if left <= 0 or not self._changed.wait(left):
                    break
            self._touch(site)
            return self._order.frame.to_bytes() if self._has_order(site) and self._order else None

    def reply(
        self, site: str, frame: Frame, complaint: Callable[[Frame], str | None]
    ) -> str | None:
        """Take an answer.

        Returns:
            Why it is not taken; None where it is.
        """
        with self._changed:
            self._touch(site)
            order = self._order
            if order is None or frame.head.get("id") != order.id or site not in order.open:
                self.count("late or repeated answer")
                return "the order is over: ask for the next one"
            reason = complaint(frame)
            if reason is None:
                order.replies[site] = frame
            else:
                order.refused[site] = reason
                self.count(reason)
            self._changed.notify_all()
            return reason

    def model(self, site: str) -> bytes | None:
        """The joined model, once the rounds are over."""
        with self._changed:
            if self._model is not None:
                self._fetched.add(site)
                self._changed.notify_all()
            return self._model

    @property
    def over(self) -> bool:
        """Whether the model can be fetched."""
        return self._model is not None

    def count(self, what: str) -> None:
        """Note one more of something that went wrong."""
        self.counts[what] = self.counts.get(what, 0) + 1

    # --- for the rounds ---------------------------------------------------------------------

    def wait_for_sites(self, least: int, wanted: int, wait_s: float) -> list[str]:
        """The sites that are there: `least` at any time, then those that come within the wait."""
        with self._changed:
            while len(self._alive()) < least and not self._stopped:
                self._changed.wait(1.0)
            end = self._clock() + wait_s
            while len(self._alive()) < wanted and not self._stopped:
                left = end - self._clock()
                if left <= 0:
                    break
                self._changed.wait(min(left, 1.0))
            return self._alive()

    def rows(self, sites: Sequence[str]) -> dict[str, int]:
        """How many rows each site has said to have."""
        with self._changed:
            return {site: sum(self._rows[site].values()) for site in sites}

    def class_counts(self) -> dict[str, int]:
        """Rows of each class over all sites."""
        with self._changed:
            totals: dict[str, int] = {}
            for counts in self._rows.values():
                for label, number in counts.items():
                    totals[label] = totals.get(label, 0) + number
            return totals

    def ask(self, sites: Sequence[str], frame: Frame, timeout_s: float) -> dict[str, Frame]:
        """Give sites an order, and wait for their answers.

        Returns:
            The answers that came in time; who is not in it was silent or refused, and is counted.
        """
        end = self._clock() + timeout_s
        with self._changed:
            order = self._order = _Posted(str(frame.head["id"]), frame, set(sites))
            self._changed.notify_all()
            while order.open and not self._stopped:
                left = end - self._clock()
                if left <= 0:
                    break
                self._changed.wait(min(left, 1.0))
            for _ in order.open:
                self.count("no answer in time")
            self._order = None
            return dict(order.replies)

    def finish(self, model: bytes, linger_s: float) -> set[str]:
        """Hand out the model until all that joined have it; those that have it."""
        end = self._clock() + linger_s
        with self._changed:
            self._model = model
            self._changed.notify_all()
            while not set(self._rows) <= self._fetched and not self._stopped:
                left = end - self._clock()
                if left <= 0:
                    break
                self._changed.wait(min(left, 1.0))
            return set(self._fetched)

    def stop(self) -> None:
        """Let all waits end."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped

    def _touch(self, site: str) -> None:
        self._seen[site] = self._clock()
        self._changed.notify_all()

    def _alive(self) -> list[str]:
        now = self._clock()
        return sorted(site for site in self._rows if now - self._seen[site] < _ALIVE_S)

    def _has_order(self, site: str) -> bool:
        return self._order is not None and site in self._order.open


def update_complaint(shape: tuple[int, int], frame: Frame) -> str | None:
    """What is wrong with a site's model, in words that are counted; None where nothing is."""
    model = frame.arrays.get("weights")
    rows = frame.head.get("rows")
    if model is None or model.dtype != np.float32 or model.shape != shape:
        return "update of another shape"
    if not np.isfinite(model).all():
        return "update with values that are no numbers"
    if not isinstance(rows, int) or isinstance(rows, bool) or rows < 1:
        return "update of no rows"
    loss = frame.head.get("loss", 0.0)
    if not isinstance(loss, int | float) or not 0 <= loss < _LOSS:
        return "gradient of no loss"
    return None


def review_complaint(count: int, frame: Frame) -> str | None:
    """What is wrong with a site's review of `count` models."""
    areas: Any = frame.head.get("areas")
    if not isinstance(areas, list) or len(areas) != count:
        return "review of other models"
    if not all(each is None or (isinstance(each, float) and 0 <= each <= 1) for each in areas):
        return "review with values that are no areas"
    return None


def difference(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str | None:
    """What a site's task has otherwise than the federation; None where it has nothing.

    Raises:
        DataError: when what the site says of itself has no such values.
    """
    found = []
    for name, wanted in ours.items():
        told = theirs.get(name)
        if not isinstance(told, list) or not all(isinstance(each, str) for each in told):
            raise DataError(f"a site must say its {name}")
        if sorted(told) != wanted:
            found.append(f"{name} are {wanted} in the federation and {sorted(told)} in this task")
    return "; ".join(found) or None
