"""Findings of Security Analytics as a source: each with the documents that its rules matched.

A finding names its documents (`index`, `related_doc_ids`) and its rules (`queries`), and holds
nothing of what happened. An incident of one has the documents' fields at their own names, and below
`finding.` what the rules say.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Rejection
from sftsec_core.sdk.records import UnusableError, flatten
from sftsec_core.sdk.renames import Renames
from sftsec_search.documents import uid_of
from sftsec_search.fetch import Fetcher
from sftsec_search.sources import DocumentSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sftsec_core.api.domain import Verdict
    from sftsec_opensearch.config import SecurityFindingsSource
    from sftsec_search.fetch import Hit
    from sftsec_search.pull import Cluster

TIME = "timestamp"
_NEEDED = ("id", TIME, "index", "related_doc_ids", "queries", "monitor_name")
_LEVELS = ("informational", "low", "medium", "high", "critical")
_TECHNIQUE = re.compile(r"attack\.(t\d{4}(?:\.\d{3})?)", re.IGNORECASE)


class SecurityFindings(DocumentSource):
    """The findings of all detectors, or of those whose indices a pattern matches."""

    why_by_time = "which is when the finding was made"
    time_is_arrival = True
    needed = _NEEDED

    def __init__(
        self, config: SecurityFindingsSource, rename: Mapping[str, str], max_depth: int
    ) -> None:
        """Take the pattern, further names of fields, and how deep a document may be."""
        renames = Renames({**rename, **config.rename})
        super().__init__("findings", config.index, TIME, config.query, renames=renames)
        self._max_depth = max_depth

    @property
    def fields(self) -> tuple[str, ...]:
        """None: a finding has no place for a verdict."""
        return ()

    def labelled_filter(self) -> dict[str, Any] | None:
        """Verdicts on findings are in the index of verdicts."""
        return None

    def verdicts(self, flat: Mapping[str, Any]) -> tuple[Verdict, ...]:
        """None of a finding's own."""
        del flat
        return ()

    def complete(
        self, hits: Sequence[Hit], cluster: Cluster, wanted: Sequence[str]
    ) -> tuple[list[Hit], list[Rejection]]:
        """Put the documents of findings into them; other hits stay as they are.

        A finding whose documents are all gone, or that cannot be read, is rejected.
        """
        places = {uid: None for hit in hits if is_finding(hit) for uid in _places(hit)}
        fetch = Fetcher(cluster.client, cluster.retry, cluster.lookups)
        found, too_large = fetch(list(places), list(wanted) or None) if places else ({}, [])
        made: list[Hit] = []
        rejected: list[Rejection] = []
        for hit in hits:
            if not is_finding(hit):
                made.append(hit)
                continue
            try:
                made.append(self._join(hit, found, too_large))
            except UnusableError as error:
                rejected.append(Rejection(uid_of(hit["_index"], hit["_id"]), str(error)))
        return made, rejected

    def _join(self, hit: Hit, found: Mapping[str, Hit], too_large: Iterable[str]) -> Hit:
        finding = hit["_source"]
        wanted = _places(hit)
        documents = [found[uid].get("_source") or {} for uid in wanted if uid in found]
        if not documents:
            large = set(wanted) & set(too_large)
            why = "larger than max_page_bytes" if large else "not there (any more)"
            raise UnusableError(f"the documents that the finding is about are {why}")
        fields = _merged([flatten(each, self._max_depth) for each in documents])
        # The finding's time counts: the time of its documents is their own field, if need be.
        fields |= {**_told(finding), TIME: finding.get(TIME)}
        return {**hit, "_source": fields}


def is_finding(hit: Mapping[str, Any]) -> bool:
    """Whether a hit is a finding of the Alerting plugin, whose shape is always the same."""
    source = hit.get("_source") or {}
    return isinstance(source.get("related_doc_ids"), list) and isinstance(source.get("index"), str)


def _places(hit: Mapping[str, Any]) -> list[str]:
    """The uids of a finding's documents."""
    source = hit["_source"]
    # Alerts of the plugin write `_id|index`; findings the `_id` alone.
    ids = [str(each).partition("|")[0] for each in source["related_doc_ids"]]
    return [uid_of(source["index"], each) for each in dict.fromkeys(ids) if each]


def _merged(documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The fields of several documents: equal values once, unlike ones as lines or a list."""
    merged: dict[str, Any] = {}
    for name in dict.fromkeys(name for each in documents for name in each):
        values: list[Any] = []
        for each in documents:
            if (value := each.get(name)) is not None and value not in values:
                values.append(value)
        if len(values) > 1 and all(isinstance(each, str) for each in values):
            merged[name] = "\n".join(values)
        elif values:
            merged[name] = values[0] if len(values) == 1 else values
    return merged


def _told(finding: Mapping[str, Any]) -> dict[str, Any]:
    """What the rules of a finding say, below `finding.`."""
    queries = [each for each in finding.get("queries") or [] if isinstance(each, dict)]
    tags = list(dict.fromkeys(str(tag) for each in queries for tag in each.get("tags") or []))
    levels = [each for each in _LEVELS if each in tags]
    techniques = dict.fromkeys(m[1].upper() for tag in tags if (m := _TECHNIQUE.fullmatch(tag)))
    told = {
        "finding.id": finding.get("id"),
        "finding.detector": finding.get("monitor_name"),
        "finding.index": finding.get("index"),
        "finding.rule.id": [each.get("id") for each in queries],
        "finding.rule.name": "\n".join(str(each.get("name") or "") for each in queries).strip(),
        "finding.tags": tags,
        "finding.level": levels[-1] if levels else None,
        "finding.technique.id": list(techniques),
    }
    return {name: value for name, value in told.items() if value}
