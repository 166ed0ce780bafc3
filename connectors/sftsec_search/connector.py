"""The part of a connector that Elasticsearch and OpenSearch share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sftsec_core.api.errors import ConnectorError
from sftsec_core.sdk.errors import errors_of
from sftsec_core.sdk.ownership import Ownership
from sftsec_core.sdk.retry import RetryPolicy
from sftsec_core.sdk.window import utc_now
from sftsec_search import checks
from sftsec_search.audit import last_audit
from sftsec_search.bulk import Bulk
from sftsec_search.parts import parts_of
from sftsec_search.pull import Cluster, pull
from sftsec_search.push import push, push_audit
from sftsec_search.setup import AUDIT, DETECTIONS, set_up_index, set_up_stream
from sftsec_search.verdicts import MAPPINGS as VERDICT_MAPPINGS
from sftsec_search.verdicts import VerdictIndex

if TYPE_CHECKING:
    from datetime import datetime

    from sftsec_core.api.contracts import PullPart
    from sftsec_core.api.domain import (
        AuditAnchor,
        AuditEntry,
        Detection,
        IncidentPage,
        LabelRequest,
        PullWindow,
        PushReceipt,
        Verdict,
    )
    from sftsec_search.client import SearchClient
    from sftsec_search.config import SearchConfig
    from sftsec_search.pull import Log
    from sftsec_search.sources import DocumentSource


class SearchConnector(ABC):
    """Pulls from indices, pushes to a data stream, keeps verdicts in an index of its own."""

    def __init__(
        self,
        config: SearchConfig,
        client: SearchClient,
        sources: Sequence[DocumentSource],
        *,
        name: str = "",
        clock: Callable[[], datetime] = utc_now,
        ownership: Ownership | None = None,
    ) -> None:
        """Take the parts; nothing is asked of the cluster before it is needed.

        Args:
            config: the checked configuration.
            client: of the cluster.
            sources: in the order in which they are read.
            name: of the connector, for errors.
            clock: this machine's time.
            ownership: of this site; without one, nothing is known for ours but what this object
                writes.
        """
        self._name = name
        self._client = client
        retry = RetryPolicy(config.retry_timeout)
        log = None
        if config.verdicts_index is not None:
            log = VerdictIndex(client, retry, config.verdicts_index)
        name_apart(sources)
        own = ownership or Ownership.ephemeral()
        self._cluster = Cluster(client, config, retry, sources, own, log, clock, self._logs)
        self._bulk = self._bulk_into(config.detections)
        self._audit_bulk = self._bulk_into(config.audit)

    def _bulk_into(self, stream: str) -> Bulk:
        cluster, params = self._cluster, self.bulk_params()
        size = cluster.config.bulk_size
        return Bulk(cluster.client, cluster.retry, stream, size=size, params=params)

    # --- what differs

    def _logs(self, log: Log | None) -> Log | None:
        """The verdicts beside those in the sources, given those of the index; for one pull."""
        return log

    def bulk_params(self) -> Mapping[str, Any]:
        """Parameters of a bulk request that writes detections."""
        return {}

    def shown_fields(self) -> Sequence[str]:
        """Fields of the event that stand on its detection as they are in the cluster."""
        return ()

    def template_extra(self) -> Mapping[str, Any]:
        """What joins the template of the detections' data stream."""
        return {}

    def indices(self) -> Mapping[str, Mapping[str, Any]]:
        """The indices that we keep ourselves, with their mappings."""
        log = self._cluster.log
        return {} if log is None else {log.index: VERDICT_MAPPINGS}

    @abstractmethod
    def privileges(self) -> Iterator[str]:
        """Return which privileges are missing and what would grant them, a line each."""

    @abstractmethod
    def request_labels(self, requests: Sequence[LabelRequest]) -> int:
        """Ask the analysts for verdicts on these; return how many requests are new."""

    # --- the contract

    def check(self) -> Sequence[str]:
        """Return what prevents a pull or a push, a line each.

        Raises:
            ConnectorError: when the cluster cannot be reached, or refuses the credentials.
        """
        with errors_of(self._name):
            denied: dict[str, str] = {}
            found = [*checks.of_cluster(self._cluster, self.indices(), denied)]
            missing = [*self.privileges()]
            # Those name all that is missing at once, and nothing of another cluster.
            opened = [line for index, line in denied.items() if not missing or ":" in index]
            return [*found, *missing, *opened]

    def describe_reading(self) -> Sequence[str]:
        """Say by which field each source is read, and why, a line each.

        Raises:
            ConnectorError: when the cluster does not answer, or refuses.
        """
        with errors_of(self._name):
            return [checks.reading_of(self._cluster, each) for each in self._cluster.sources]

    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        """Bring incidents a page at a time; see `sftsec_search.pull.pull`."""
        with errors_of(self._name):
            yield from pull(self._cluster, window, cursor)

    def parts(self, window: PullWindow) -> Iterator[PullPart]:
        """Say of which parts a pull consists; see `sftsec_search.parts.parts_of`."""
        with errors_of(self._name):
            yield from parts_of(self._cluster, window, self._name)

    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        """Write detections to the data stream; see `sftsec_search.push.push`."""
        with errors_of(self._name):
            return push(self._cluster, self._bulk, detections, self.shown_fields())

    def close(self) -> None:
        """Close the client's connections."""
        self._client.close()

    # --- beyond it

    def setup(self) -> Sequence[str]:
        """Make the templates, the data streams and our own indices; return what was made.

        Raises:
            AccessError: when a privilege is missing.
        """
        with errors_of(self._name):
            namespace, kept = self._cluster.config.namespace, self.template_extra()
            made = set_up_stream(self._client, DETECTIONS, namespace, kept)
            made += set_up_stream(self._client, AUDIT, namespace, {})  # kept until it is deleted
            for index, mappings in self.indices().items():
                made += set_up_index(self._client, index, mappings)
            return made

    def push_audit(self, entries: Sequence[AuditEntry]) -> PushReceipt:
        """Copy entries of the audit log to its data stream, each named by its hash.

        Raises:
            ConnectorUnavailableError: when the cluster did not answer up to the bound; repeat the
                call.
            AccessError, RequestError: when nothing can be written at all.
        """
        with errors_of(self._name):
            return push_audit(self._cluster, self._audit_bulk, entries)

    def last_audit(self, log: str) -> AuditAnchor | None:
        """Return the end of the audit log's copy, as a search sees it.

        Raises:
            ConnectorUnavailableError, AccessError, RequestError: as `push_audit`.
        """
        with errors_of(self._name):
            return last_audit(self._cluster, log)

    def add_verdicts(self, verdicts: Sequence[tuple[str, Verdict]]) -> int:
        """Append verdicts on documents that `<index>/<_id>` names; return how many are new.

        Raises:
            ConnectorError: when the configuration has no `verdicts_index`, or a name is wrong.
        """
        return self._write_verdicts(VerdictIndex.add, verdicts)

    def retract_verdicts(self, verdicts: Sequence[tuple[str, Verdict]]) -> int:
        """Append that verdicts count no longer, each named by what was given; see `add_verdicts`.

        Raises:
            ConnectorError: when the configuration has no `verdicts_index`, or a name is wrong.
        """
        return self._write_verdicts(VerdictIndex.retract, verdicts)

    def _write_verdicts(
        self,
        write: Callable[[VerdictIndex, Sequence[tuple[str, Verdict]]], int],
        verdicts: Sequence[tuple[str, Verdict]],
    ) -> int:
        with errors_of(self._name):
            if self._cluster.log is None:
                raise ConnectorError("there is no index to write verdicts to: set `verdicts_index`")
            try:
                return write(self._cluster.log, verdicts)
            except ValueError as error:
                raise ConnectorError(str(error)) from error


def name_apart(sources: Sequence[DocumentSource]) -> None:
    """Give sources of one index, which differ in their query, a position each in a cursor."""
    count = Counter[str]()
    for source in sources:
        count[source.name] += 1
        if count[source.name] > 1:
            source.name += f"#{count[source.name]}"
