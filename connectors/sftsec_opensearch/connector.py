"""The OpenSearch connector: alerts with verdicts from an index of ours in, detections out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sftsec_core.api.errors import ConnectorError
from sftsec_core.sdk.errors import RequestError, errors_of
from sftsec_core.sdk.window import utc_now
from sftsec_opensearch.client import OpenSearchClient
from sftsec_opensearch.config import SecurityFindingsSource
from sftsec_opensearch.findings import SecurityFindings
from sftsec_opensearch.privileges import missing
from sftsec_search.checks import ask
from sftsec_search.connector import SearchConnector
from sftsec_search.requests import MAPPINGS as REQUEST_MAPPINGS
from sftsec_search.requests import LabelRequestIndex
from sftsec_search.setup import exists
from sftsec_search.sources import LabelledIndex

if TYPE_CHECKING:
    from datetime import datetime

    from sftsec_core.api.domain import AuditEntry, Detection, LabelRequest, PushReceipt, Verdict
    from sftsec_core.sdk.ownership import Ownership
    from sftsec_opensearch.config import OpenSearchConfig
    from sftsec_search.config import IndexSource
    from sftsec_search.sources import DocumentSource

_MOST_INDICES = 100
_ELASTICSEARCH = "You Know, for Search"  # it says so of itself, in every version


class OpenSearchConnector(SearchConnector):
    """OpenSearch 2 and 3, and Wazuh's indexer."""

    def __init__(
        self,
        config: OpenSearchConfig,
        *,
        name: str = "",
        clock: Callable[[], datetime] = utc_now,
        ownership: Ownership | None = None,
    ) -> None:
        """Take the configuration; nothing is asked before it is needed; see `SearchConnector`.

        Raises:
            ConfigError: when a secret is not there.
        """
        sources = [_source_of(each, config) for each in config.sources]
        client = OpenSearchClient(config)
        super().__init__(config, client, sources, name=name, clock=clock, ownership=ownership)
        self._seen: set[str] = set()
        self._tie_breaker = config.tie_breaker
        retry = self._cluster.retry
        self._requests = LabelRequestIndex(self._client, retry, config.requests_index, clock)

    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        """Write detections to the data stream; see `sftsec_search.push.push`.

        Raises:
            RequestError: when the data stream is not there.
        """
        with errors_of(self._name):
            self._require(self._cluster.config.detections)
            return super().push(detections)

    def push_audit(self, entries: Sequence[AuditEntry]) -> PushReceipt:
        """Copy entries of the audit log; see `SearchConnector.push_audit`.

        Raises:
            RequestError: when the data stream is not there.
        """
        with errors_of(self._name):
            self._require(self._cluster.config.audit)
            return super().push_audit(entries)

    def _require(self, stream: str) -> None:
        """See once that a data stream is there: a bulk request would make a plain index of it."""
        if stream in self._seen:
            return
        path = f"/_data_stream/{stream}"
        if not self._cluster.retry(lambda: exists(self._client, path)):
            raise RequestError(
                f"the data stream {stream} is not there: run `sftsec connector setup`", status=404
            )
        self._seen.add(stream)

    def check(self) -> Sequence[str]:
        """Look at the cluster and the privileges; see `SearchConnector.check`."""
        with errors_of(self._name):
            if ask(self._client, "/").get("tagline") == _ELASTICSEARCH:
                raise RequestError(
                    "this is not OpenSearch; for Elasticsearch use `type: elastic`", status=0
                )
            return [*super().check(), *self._unordered()]

    def _unordered(self) -> Iterator[str]:
        """Documents without the field that makes the order whole: a pull may pass over them."""
        name = self._tie_breaker
        lacking = {"bool": {"must_not": {"exists": {"field": name}}}}
        for source in self._cluster.sources if name != "_id" else ():
            body = {"size": 0, "track_total_hits": 1, "query": lacking}
            try:
                found = self._client.search(body, source.index)
            except RequestError:
                continue  # another line reports why
            if found["hits"]["total"]["value"]:
                yield (
                    f"documents of {source.index!r} have no {name!r} and may be skipped: "
                    "leave `tie_breaker` at _id"
                )

    def privileges(self) -> Iterator[str]:
        """Try what the connector does."""
        config = self._cluster.config
        sources = self._cluster.sources
        reads = [name for source in sources for name in source.index.split(",")]
        reads += [
            name
            for each in sources
            if isinstance(each, SecurityFindings)
            for name in self._of(each)
        ]
        writes = [config.detections, config.audit, *self.indices()]
        yield from missing(self._client, list(dict.fromkeys(reads)), writes)

    def _of(self, findings: SecurityFindings) -> list[str]:
        """The indices of the documents that findings are about."""
        named = {"terms": {"field": "index", "size": _MOST_INDICES}}
        try:
            found = self._client.search({"size": 0, "aggs": {"of": named}}, findings.index)
        except RequestError:
            return []  # another line reports why
        buckets = found.get("aggregations", {}).get("of", {}).get("buckets", [])
        return [str(each["key"]) for each in buckets]

    def indices(self) -> Mapping[str, Mapping[str, Any]]:
        """The index of verdicts, and that of the alerts that wait for one."""
        return {**super().indices(), self._requests.index: REQUEST_MAPPINGS}

    def request_labels(self, requests: Sequence[LabelRequest]) -> int:
        """Put alerts that wait for a verdict into an index of ours; take off those judged since.

        Raises:
            ConnectorError: when the configuration has no `verdicts_index`.
            ConnectorUnavailableError: when the cluster does not answer.
        """
        with errors_of(self._name):
            if self._cluster.log is None:
                raise ConnectorError("verdicts have nowhere to go: set `verdicts_index`")
            return self._requests.ask(requests, self._cluster.log)

    def add_verdicts(self, verdicts: Sequence[tuple[str, Verdict]]) -> int:
        """Append verdicts, and take their alerts off those that wait; see `SearchConnector`."""
        with errors_of(self._name):
            added = super().add_verdicts(verdicts)
            self._requests.clear(list(dict.fromkeys(uid for uid, _ in verdicts)))
            return added


def _source_of(
    source: IndexSource | SecurityFindingsSource, config: OpenSearchConfig
) -> DocumentSource:
    if isinstance(source, SecurityFindingsSource):
        return SecurityFindings(source, config.rename, config.max_depth)
    return LabelledIndex(source, config.times, config.rename)
