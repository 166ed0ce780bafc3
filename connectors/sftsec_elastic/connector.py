"""The Elastic connector: alerts with analysts' verdicts in, detections out, requests for labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sftsec_core.sdk.errors import RequestError, errors_of
from sftsec_core.sdk.retry import RetryPolicy
from sftsec_core.sdk.window import utc_now
from sftsec_elastic.alerts import ALIASES, REASON, TAGS, SecurityAlerts, space_of
from sftsec_elastic.cases import CaseLog, ClosedCases, probe_path
from sftsec_elastic.client import ElasticClient
from sftsec_elastic.config import NEEDS_LABEL, AlertsSource
from sftsec_elastic.errors import KibanaError
from sftsec_elastic.kibana import Kibana
from sftsec_elastic.privileges import READ, WRITE, missing, missing_from_cluster
from sftsec_elastic.profiles import PRIVILEGE as PROFILES
from sftsec_elastic.promotion import PromotionBacklog
from sftsec_search.checks import ask
from sftsec_search.connector import SearchConnector
from sftsec_search.documents import place_of
from sftsec_search.sources import DocumentSource, LabelledIndex

if TYPE_CHECKING:
    from datetime import datetime

    from sftsec_core.api.domain import Detection, LabelRequest, PushReceipt
    from sftsec_core.sdk.ownership import Ownership
    from sftsec_elastic.config import ElasticConfig
    from sftsec_search.pull import Log

_OLDEST = 8
_AT_ONCE = 1000
_RETENTION = {"lifecycle": {"data_retention": "30d"}}


class ElasticConnector(SearchConnector):
    """Elasticsearch 8.19 and later, with Kibana's security alerts."""

    def __init__(
        self,
        config: ElasticConfig,
        *,
        name: str = "",
        clock: Callable[[], datetime] = utc_now,
        ownership: Ownership | None = None,
    ) -> None:
        """Take the configuration; nothing is asked before it is needed; see `SearchConnector`.

        Raises:
            ConfigError: when a secret is not there.
        """
        self._config = config
        sources = [_source(config, each) for each in config.sources]
        self._alerts = [each for each in sources if isinstance(each, SecurityAlerts)]
        self._kibana: Kibana | None = None
        if config.kibana_url is not None:
            self._kibana = Kibana(config, config.kibana_url, RetryPolicy(config.retry_timeout))
        self._backlog = PromotionBacklog(clock)
        client = ElasticClient(config)
        super().__init__(config, client, sources, name=name, clock=clock, ownership=ownership)

    def bulk_params(self) -> Mapping[str, Any]:
        """A name without a template would become a plain index, and detections no alerts."""
        return {"require_data_stream": "true"}

    def shown_fields(self) -> Sequence[str]:
        """As configured."""
        return self._config.shown_fields

    def template_extra(self) -> Mapping[str, Any]:
        """How long detections are kept."""
        return _RETENTION

    def _logs(self, log: Log | None) -> Log | None:
        cases = self._config.cases
        if cases is None or self._kibana is None:
            return log
        return CaseLog(ClosedCases(self._kibana, cases), log)

    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        """Write detections; the log says when there are more than the rule makes alerts of."""
        receipt = super().push(detections)
        self._backlog.add(len(receipt.written))
        return receipt

    def check(self) -> Sequence[str]:
        """Look at the cluster, the privileges and Kibana; see `SearchConnector.check`."""
        with errors_of(self._name):
            found = [*self._version(), *super().check()]
            spaces = [space_of(name) for each in self._alerts for name in each.index.split(",")]
            asked = dict.fromkeys([*filter(None, spaces)] or [self._config.space])
            if self._kibana is None:
                return found
            cases = self._config.cases
            probe = None if cases is None else probe_path(cases)
            return found + self._kibana.problems(asked, probe)

    def describe_reading(self) -> Sequence[str]:
        """Say by which field each source is read, and whether analysts have names."""
        found = list(super().describe_reading())
        with errors_of(self._name):
            if self._alerts and any(missing_from_cluster(self._client, PROFILES)):
                found.append(
                    "analysts are named by the ids of their profiles: for names give the role the "
                    f"cluster privilege {PROFILES}"
                )
        return found

    def _version(self) -> Iterator[str]:
        number = str(ask(self._client, "/").get("version", {}).get("number", ""))
        major = number.partition(".")[0]
        if major.isdigit() and int(major) < _OLDEST:
            yield f"Elasticsearch {number} is too old: 8.19 or later is needed"
        licence = ask(self._client, "/_license").get("license", {})
        if licence.get("status", "active") != "active":
            yield f"the cluster's licence ({licence.get('type')}) is {licence['status']}"

    def privileges(self) -> Iterator[str]:
        """Compare what the credentials may do with what the connector does."""
        config = self._config
        needs: dict[str, Sequence[str]] = {}
        for source in self._cluster.sources:
            here = [name for name in source.index.split(",") if ":" not in name]
            needs |= dict.fromkeys(here, READ)
            # A point in time is read by the names of the indices behind the alias.
            aliases = [name for name in here if name.startswith(ALIASES)]
            needs |= {f".internal{name.removesuffix('*')}-*": READ for name in aliases}
        needs |= dict.fromkeys((config.detections, config.audit), WRITE)
        if config.verdicts_index is not None:
            needs[config.verdicts_index] = WRITE
        try:
            yield from missing(self._client, needs, ["monitor"])
        except RequestError as error:
            if error.status not in {400, 405}:  # security is switched off: everything is allowed
                raise

    def request_labels(self, requests: Sequence[LabelRequest]) -> int:
        """Tag alerts with `sftsec:needs-label`, and take the tag off those judged since.

        Only alerts can be tagged; events of other sources are left out of the count, and so are
        alerts that have the tag already.

        Raises:
            KibanaError: when Kibana refuses, or no `kibana_url` is configured.
            ConnectorUnavailableError: when Kibana or the cluster does not answer.
        """
        with errors_of(self._name):
            if self._kibana is None:
                raise KibanaError("analysts are asked through Kibana: set `kibana_url`")
            self.clear_requests()
            uids = dict.fromkeys(each.incident_uid for each in requests)
            wanted = [place_of(uid)[1] for uid in uids]
            new = self._alert_ids(lambda source: _to_ask(source, wanted)) if wanted else {}
            for space, ids in new.items():
                self._kibana.tag(ids, add=[NEEDS_LABEL], space=space)
            return sum(map(len, new.values()))

    def clear_requests(self) -> int:
        """Take `sftsec:needs-label` off the alerts that were judged; return how many."""
        if self._kibana is None:
            return 0
        answered = self._alert_ids(_answered)
        for space, ids in answered.items():
            self._kibana.tag(ids, remove=[NEEDS_LABEL], space=space)
        return sum(map(len, answered.values()))

    def _alert_ids(
        self, condition: Callable[[SecurityAlerts], Mapping[str, Any]]
    ) -> dict[str, list[str]]:
        """The ids of the alerts that a query matches, by space; at most ten thousand a source."""
        found_in: dict[str, dict[str, None]] = {}
        for source in self._alerts:
            body = {"size": 10_000, "_source": False, "query": condition(source)}
            found = self._cluster.retry(
                lambda body=body, index=source.index: self._client.search(body, index)  # type: ignore[misc]
            )
            for hit in found["hits"]["hits"]:
                space = space_of(hit["_index"]) or self._config.space
                found_in.setdefault(space, {})[hit["_id"]] = None
        return {space: list(ids) for space, ids in found_in.items()}

    def close(self) -> None:
        """Close all connections."""
        super().close()
        if self._kibana is not None:
            self._kibana.close()


def _source(config: ElasticConfig, source: Any) -> DocumentSource:  # noqa: ANN401 - a tagged union
    if isinstance(source, AlertsSource):
        return SecurityAlerts(source, config.alerts_index, config.rename)
    return LabelledIndex(source, config.times, config.rename)


def _answered(source: SecurityAlerts) -> Mapping[str, Any]:
    return {"bool": {"filter": [{"term": {TAGS: NEEDS_LABEL}}, source.judged_filter()]}}


def _to_ask(source: SecurityAlerts, ids: Sequence[str]) -> Mapping[str, Any]:
    asked = {"ids": {"values": list(ids)}}
    waiting = {"term": {TAGS: NEEDS_LABEL}}
    judged = [source.judged_filter(), {"exists": {"field": REASON}}]
    return {"bool": {"filter": [asked], "must_not": [*judged, waiting]}}
