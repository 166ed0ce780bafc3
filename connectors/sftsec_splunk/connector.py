"""The Splunk connector: incidents with verdicts in, detections out, requests for labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import LabelRequest
from sftsec_core.api.errors import ConnectorError
from sftsec_core.sdk.errors import errors_of
from sftsec_core.sdk.ownership import Ownership
from sftsec_core.sdk.window import utc_now
from sftsec_splunk.checks import Checker
from sftsec_splunk.client import Splunk
from sftsec_splunk.config import FindingsSource, NotablesSource, SearchSource, VerdictsSource
from sftsec_splunk.findings import Findings
from sftsec_splunk.hec import Hec
from sftsec_splunk.own import OwnDetections
from sftsec_splunk.pull import Site, pull
from sftsec_splunk.push import Pusher
from sftsec_splunk.requests import INSTALL, LabelQueue
from sftsec_splunk.searches import Searches
from sftsec_splunk.sources import EventSource, LabelledSearch, Notables
from sftsec_splunk.verdicts import VerdictCollection

if TYPE_CHECKING:
    from datetime import datetime

    from sftsec_core.api.domain import (
        AuditAnchor,
        AuditEntry,
        Detection,
        IncidentPage,
        PullWindow,
        PushReceipt,
        Verdict,
    )
    from sftsec_splunk.config import SplunkConfig


class SplunkConnector:
    """Splunk 9 and 10, with Enterprise Security 7, 8 or none."""

    def __init__(
        self,
        config: SplunkConfig,
        *,
        name: str = "",
        clock: Callable[[], datetime] = utc_now,
        ownership: Ownership | None = None,
    ) -> None:
        """Take the configuration; nothing is asked before it is needed.

        Args:
            config: the checked configuration.
            name: of the connector, for errors.
            clock: this machine's time.
            ownership: of this site; without one, nothing is known for ours but what this object
                writes.

        Raises:
            TlsError: when `ca_file` cannot be read.
        """
        self._name = name
        self._config = config
        self._splunk = Splunk(config)
        self._searches = Searches(self._splunk, config)
        sources = [self._source(s) for s in config.sources if not isinstance(s, VerdictsSource)]
        self._ownership = ownership or Ownership.ephemeral()
        index = None if config.hec is None else config.hec.index
        named = OwnDetections(self._searches, self._ownership, index, alerts=True)
        self._log = VerdictCollection(self._splunk, named)
        snapshots = len(sources) < len(config.sources)
        self._site = Site(
            config, sources, self._log, self._searches, self._ownership, snapshots, clock
        )
        self._hec = None
        if config.hec is not None:
            self._hec = Hec(config, config.hec, self._splunk.retry)
        self._requests = LabelQueue(self._splunk, self._log, clock)

    def _source(self, source: Any) -> EventSource:  # noqa: ANN401 - a tagged union
        if isinstance(source, NotablesSource):
            return Notables(self._searches, self._config, source)
        if isinstance(source, FindingsSource):
            return Findings(self._splunk, self._searches, self._config, source)
        assert isinstance(source, SearchSource)  # noqa: S101 - the configuration has checked
        return LabelledSearch(self._searches, self._config, source)

    # --- the contract

    def check(self) -> Sequence[str]:
        """Return what prevents a pull or a push, a line each; see `sftsec_splunk.checks`.

        Raises:
            ConnectorError: when Splunk cannot be reached, or refuses the credentials.
        """
        with errors_of(self._name):
            return list(Checker(self._splunk, self._searches, self._site, self._hec).problems())

    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        """Bring incidents a page at a time; see `sftsec_splunk.pull.pull`."""
        with errors_of(self._name):
            yield from pull(self._site, window, cursor)

    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        """Write detections to the event collector; see `sftsec_splunk.push`.

        Raises:
            ConnectorUnavailableError: when Splunk did not answer up to the bound; repeat the call.
            ConnectorError: when `hec` is not configured, or refuses all.
        """
        with errors_of(self._name):
            return self._pusher().detections(detections)

    def request_labels(self, requests: Sequence[LabelRequest]) -> int:
        """Put incidents into the app's queue, with what an analyst is shown; return how many.

        Raises:
            ConnectorError: when the app is not installed.
        """
        with errors_of(self._name):
            return self._requests.ask(requests)

    def close(self) -> None:
        """Forget the session and close all connections."""
        self._splunk.close()
        if self._hec is not None:
            self._hec.close()

    # --- beyond it

    def add_verdicts(self, verdicts: Sequence[tuple[str, Verdict]]) -> int:
        """Append verdicts to the app's collection; return how many are new.

        Raises:
            ConnectorError: when the app is not installed.
        """
        with errors_of(self._name):
            if not self._log.collection.exists():
                raise ConnectorError(f"there is no collection to write verdicts to: {INSTALL}")
            return self._log.add(verdicts)

    def retract_verdicts(self, verdicts: Sequence[tuple[str, Verdict]]) -> int:
        """Append to the app's collection that verdicts count no longer; return how many are new.

        Raises:
            ConnectorError: when the app is not installed.
        """
        with errors_of(self._name):
            if not self._log.collection.exists():
                raise ConnectorError(f"there is no collection to write verdicts to: {INSTALL}")
            return self._log.retract(verdicts)

    def push_audit(self, entries: Sequence[AuditEntry]) -> PushReceipt:
        """Copy entries of the audit log to the index, each named by its hash.

        Raises:
            ConnectorUnavailableError, ConnectorError: as `push`.
        """
        with errors_of(self._name):
            return self._pusher().audit(entries)

    def last_audit(self, log: str) -> AuditAnchor | None:
        """Return the end of the audit log's copy, as a search sees it.

        Raises:
            ConnectorUnavailableError, ConnectorError: as `push`.
        """
        with errors_of(self._name):
            return self._pusher().last_audit(log)

    def _pusher(self) -> Pusher:
        if self._hec is None or self._config.hec is None:
            raise ConnectorError("detections are written by the event collector: configure `hec`")
        return Pusher(
            self._splunk,
            self._searches,
            self._config,
            self._hec,
            self._ownership,
            self._site.clock,
        )
