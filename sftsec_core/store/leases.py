"""Leases: who holds a run, for how long, and the heartbeat that renews it.

A holder writes until when its lease lasts and renews it three times in that span. A holder that
was killed renews no more: after at most one lease anyone may take its place. Whether a lease has
ended is a matter of time alone: process ids mean nothing in another container or on another host.
Hosts that share a database must agree on the time to within a few seconds.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread
from types import TracebackType
from typing import Self

from sftsec_core.api.errors import LeaseLostError, SftsecError

LEASE = timedelta(seconds=15)
_RENEWALS = 3
log = logging.getLogger(__name__)


class Heartbeat:
    """Renews a lease from a thread while the body works; a context manager."""

    def __init__(self, name: str, lease: timedelta, renew: Callable[[], None]) -> None:
        """Take what to renew.

        Args:
            name: for the log.
            lease: how long it lasts; it is renewed three times in that span.
            renew: raises LeaseLostError when the lease is another holder's.
        """
        self._name = name
        self._every_s = lease.total_seconds() / _RENEWALS
        self._renew = renew
        self._lost: LeaseLostError | None = None
        self._done = Event()
        self._thread = Thread(target=self._run, name=f"heartbeat-{name}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def check(self) -> None:
        """Stop the work of a holder that has lost its lease.

        Raises:
            LeaseLostError: when another holder has it.
        """
        if self._lost is not None:
            raise self._lost

    def _run(self) -> None:
        while not self._done.wait(self._every_s):
            try:
                self._renew()
            except LeaseLostError as error:
                self._lost = error
                return
            except SftsecError as error:
                # The lease still lasts; the next renewal may succeed.
                log.warning("%s: the lease was not renewed: %s", self._name, error)
