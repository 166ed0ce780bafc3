"""Security alerts as a source: where Kibana keeps the verdict on one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Verdict
from sftsec_core.api.settings.words import word_key
from sftsec_core.sdk.records import parse_time, verdict_values
from sftsec_core.sdk.renames import Renames
from sftsec_search.sources import DocumentSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Set

    from sftsec_elastic.config import AlertsSource

STATUS = "kibana.alert.workflow_status"
REASON = "kibana.alert.workflow_reason"
TAGS = "kibana.alert.workflow_tags"
USER = "kibana.alert.workflow_user"
UPDATED = "kibana.alert.workflow_status_updated_at"
_BUILDING_BLOCK = "kibana.alert.building_block_type"


class SecurityAlerts(DocumentSource):
    """The alerts of a space; building blocks are left out.

    An alert's time is when its rule raised it; the event's arrival, which it copies, is earlier.
    """

    why_by_time = "which is when the alert was raised"
    time_is_arrival = True
    holds_alerts = True

    def __init__(self, config: AlertsSource, index: str, rename: Mapping[str, str]) -> None:
        """Take which values are verdicts, the index of the space, and further names of fields."""
        conditions = [config.query] if config.query else []
        no_blocks = {"exists": {"field": _BUILDING_BLOCK}}
        query = {"bool": {"filter": conditions, "must_not": [no_blocks]}}
        renames = Renames({**rename, **config.rename})
        super().__init__("alerts", config.index or index, "@timestamp", query, renames=renames)
        self._config = config

    @property
    def fields(self) -> tuple[str, ...]:
        """Where the verdict is."""
        return (STATUS, REASON, TAGS, USER, UPDATED)

    def labelled_filter(self) -> dict[str, Any] | None:
        """Alerts with a reason, or with a tag, which may be a verdict."""
        return _either({"exists": {"field": REASON}}, {"exists": {"field": TAGS}})

    def judged_filter(self) -> dict[str, Any]:
        """Alerts with a reason, or with a tag that is a verdict as it is written."""
        by_tag = {"terms": {TAGS: sorted(self._config.tags)}}
        return _either({"exists": {"field": REASON}}, by_tag)

    def judged_filters(self, kinds: Set[str]) -> list[dict[str, Any]]:
        """Those of `judged_filter`."""
        del kinds
        return [self.judged_filter()]

    def closed_filters(self) -> list[dict[str, Any]]:
        """An alert that was closed without a verdict is not scored."""
        return [{"term": {STATUS: "closed"}}]

    def verdicts(self, flat: Mapping[str, Any]) -> tuple[Verdict, ...]:
        """The closing reason, then the tags that are verdicts.

        A reason that automation gave, or that has no user, is weaker evidence.
        """
        return (*self._by_reason(flat), *self._by_tag(flat))

    def _by_reason(self, flat: Mapping[str, Any]) -> Iterator[Verdict]:
        reason = flat.get(REASON)
        if not isinstance(reason, str) or not reason:
            return
        config, user = self._config, flat.get(USER)
        at = parse_time(flat.get(UPDATED), UPDATED)
        automated = user is None or word_key(reason) in map(word_key, config.automated_reasons)
        who = None if user is None else str(user)
        value = _by_key(config.reasons).get(word_key(reason), reason)
        yield Verdict(value, who, at, reason, automated)

    def _by_tag(self, flat: Mapping[str, Any]) -> Iterator[Verdict]:
        found = flat.get(TAGS)
        tags = _by_key(self._config.tags)
        for tag in verdict_values(found, TAGS) if found else ():
            if word_key(tag) in tags:
                yield Verdict(tags[word_key(tag)], reason=f"tag {tag}")


def _by_key(words: Mapping[str, str]) -> dict[str, str]:
    return {word_key(word): verdict for word, verdict in words.items()}


def _either(*queries: Mapping[str, Any]) -> dict[str, Any]:
    return {"bool": {"should": list(queries), "minimum_should_match": 1}}
