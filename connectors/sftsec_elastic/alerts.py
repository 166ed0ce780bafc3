"""Security alerts as a source: where Kibana keeps the verdict on one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Verdict
from sftsec_core.api.settings.words import word_key
from sftsec_core.sdk.records import UnusableError, flatten, parse_time, verdict_values
from sftsec_core.sdk.renames import Renames
from sftsec_elastic.blocks import BUILDING_BLOCK, GROUP, BlockReader, joined_fields
from sftsec_elastic.profiles import ProfileNames
from sftsec_search.sources import DocumentSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

    from sftsec_core.api.domain import Rejection
    from sftsec_elastic.config import AlertsSource
    from sftsec_search.fetch import Hit
    from sftsec_search.pull import Cluster

STATUS = "kibana.alert.workflow_status"
REASON = "kibana.alert.workflow_reason"
TAGS = "kibana.alert.workflow_tags"
USER = "kibana.alert.workflow_user"
ASSIGNEES = "kibana.alert.workflow_assignee_ids"
UPDATED = "kibana.alert.workflow_status_updated_at"
ALIASES = ".alerts-security.alerts-"
_OF_A_SPACE = re.compile(r"alerts-security\.alerts-([^,]+?)(?:-\d{6})?$")


class SecurityAlerts(DocumentSource):
    """The alerts of a space; building blocks are left out.

    An alert's time is when its rule raised it; the event's arrival, which it copies, is earlier.
    """

    why_by_time = "which is when the alert was raised"
    time_is_arrival = True
    needed = (GROUP,)
    single_values = True
    holds_alerts = True

    def __init__(self, config: AlertsSource, index: str, rename: Mapping[str, str]) -> None:
        """Take which values are verdicts, the index of the space, and further names of fields."""
        conditions = [config.query] if config.query else []
        no_blocks = {"exists": {"field": BUILDING_BLOCK}}
        query = {"bool": {"filter": conditions, "must_not": [no_blocks]}}
        renames = Renames({**rename, **config.rename})
        super().__init__("alerts", config.index or index, "@timestamp", query, renames=renames)
        self._config = config
        self._profiles: ProfileNames | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """Where the verdict is."""
        return (STATUS, REASON, TAGS, USER, ASSIGNEES, UPDATED)

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

    def complete(
        self, hits: Sequence[Hit], cluster: Cluster, wanted: Sequence[str]
    ) -> tuple[list[Hit], list[Rejection]]:
        """Give the alert of an EQL sequence the fields that only its building blocks have."""
        depth = cluster.config.max_depth
        flat = [_flat(hit, depth) for hit in hits]
        self._learn_names(cluster, flat)

        def search(body: Mapping[str, Any]) -> dict[str, Any]:
            found = cluster.retry(lambda: cluster.client.search(body, self.index))
            if cluster.lookups is not None:
                cluster.lookups.note(self.index, body, found["hits"]["hits"])
            return found

        groups = [each[GROUP] for each in flat if isinstance(each.get(GROUP), str)]
        if not groups:
            return list(hits), []
        blocks = BlockReader(search, wanted, depth)(groups)
        whole = [
            _with(hit, joined_fields(each, blocks[each[GROUP]], wanted, self.is_private))
            if each.get(GROUP) in blocks
            else hit
            for hit, each in zip(hits, flat, strict=True)
        ]
        return whole, []

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
        who = None if user is None else self._name(user)
        value = _by_key(config.reasons).get(word_key(reason), reason)
        yield Verdict(value, who, at, reason, automated)

    def _by_tag(self, flat: Mapping[str, Any]) -> Iterator[Verdict]:
        """A tag names nobody; an alert that one person is assigned to was tagged by that one."""
        found, assigned = flat.get(TAGS), listed(flat.get(ASSIGNEES))
        who = self._name(assigned[0]) if len(assigned) == 1 else None
        tags = _by_key(self._config.tags)
        for tag in verdict_values(found, TAGS) if found else ():
            if word_key(tag) in tags:
                yield Verdict(tags[word_key(tag)], who, reason=f"tag {tag}")

    def names_of(self, cluster: Cluster, people: Iterable[str]) -> Mapping[str, str]:
        """The names behind profile ids; other names, and ids that are not known, as they are."""
        if self._profiles is None:
            self._profiles = ProfileNames(cluster.client, cluster.retry)
        asked = list(people)
        self._profiles.learn(asked)
        return {each: self._profiles.name(each) for each in asked}

    def _learn_names(self, cluster: Cluster, alerts: Sequence[Mapping[str, Any]]) -> None:
        judged = [each for each in alerts if each.get(REASON) or each.get(TAGS)]
        met = [each.get(USER) for each in judged]
        met += [person for each in judged for person in listed(each.get(ASSIGNEES))]
        names = self.names_of(cluster, [each for each in met if isinstance(each, str)])
        if cluster.lookups is not None:
            cluster.lookups.people |= names

    def _name(self, person: object) -> str:
        return str(person) if self._profiles is None else self._profiles.name(str(person))


def space_of(index: str) -> str | None:
    """The Kibana space whose alerts an index or an alias holds; None where its name tells none."""
    found = _OF_A_SPACE.search(index)
    return found[1] if found and "*" not in found[1] else None


def listed(value: object) -> list[Any]:
    """A field's values: Elasticsearch takes one and a list of one for the same."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _flat(hit: Hit, max_depth: int) -> Mapping[str, Any]:
    """Flatten a hit's fields; none where it will be rejected for them."""
    try:
        return flatten(hit.get("_source") or {}, max_depth)
    except UnusableError:
        return {}


def _with(hit: Hit, fields: Mapping[str, Any]) -> Hit:
    return {**hit, "_source": {**hit["_source"], **fields}} if fields else hit


def _by_key(words: Mapping[str, str]) -> dict[str, str]:
    return {word_key(word): verdict for word, verdict in words.items()}


def _either(*queries: Mapping[str, Any]) -> dict[str, Any]:
    return {"bool": {"should": list(queries), "minimum_should_match": 1}}
