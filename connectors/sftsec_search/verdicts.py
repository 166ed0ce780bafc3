"""An append-only index of verdicts, for platforms whose alerts have no place for them.

One document a verdict: `@timestamp`, `alert.index`, `alert.id`, `verdict`, `analyst`, `reason`,
`automated`. `sftsec labels add` writes them, and any other tool may. A document with `retracts`,
the `_id` of another one on the same alert, takes that verdict back.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Rejection, Verdict
from sftsec_core.sdk.errors import RequestError, TooLargeError
from sftsec_core.sdk.logged_states import LoggedState
from sftsec_core.sdk.records import UnusableError, flatten, parse_time
from sftsec_core.sdk.verdict_join import LoggedPage, LoggedVerdicts
from sftsec_search.bulk import Bulk
from sftsec_search.client import json_line
from sftsec_search.documents import place_of, uid_of
from sftsec_search.paging import SEQ_NO
from sftsec_search.positions import SearchPosition
from sftsec_search.ranges import SeqStats
from sftsec_search.setup import exists

if TYPE_CHECKING:
    from sftsec_core.sdk.retry import RetryPolicy
    from sftsec_search.client import SearchClient
    from sftsec_search.identities import Identities

_IDS = 1000
_MOST_HITS = 10_000  # index.max_result_window
_DEPTH = 8
MAPPINGS: Mapping[str, Any] = {
    "dynamic": False,
    "properties": {
        "@timestamp": {"type": "date"},
        "alert": {"properties": {"index": {"type": "keyword"}, "id": {"type": "keyword"}}},
        "verdict": {"type": "keyword"},
        "analyst": {"type": "keyword"},
        "reason": {"type": "text"},
        "automated": {"type": "boolean"},
    },
}


class VerdictIndex:
    """The index of verdicts; one that is not there yet holds none."""

    def __init__(self, client: SearchClient, retry: RetryPolicy, index: str) -> None:
        self.index = index
        self._client = client
        self._retry = retry

    def add(self, uids_and_verdicts: Sequence[tuple[str, Verdict]]) -> int:
        """Append verdicts and return how many are new; the same one again is the same document.

        Raises:
            ValueError: when a uid names no document.
            ConnectorUnavailableError: when the cluster does not answer; repeat the call.
            RequestError: when the cluster refuses one, or the index is not there.
        """
        lines = {}
        require(self._client, self._retry, self.index)
        for uid, verdict in uids_and_verdicts:
            index, document = place_of(uid)
            at = (verdict.at or datetime.now(UTC)).astimezone(UTC).isoformat()
            body = {
                "@timestamp": at,
                "alert": {"index": index, "id": document},
                "verdict": verdict.value,
                "analyst": verdict.analyst,
                "reason": verdict.reason,
                "automated": verdict.automated,
            }
            name = _name(uid, verdict)
            lines[name] = json_line({k: v for k, v in body.items() if v is not None})
        return self._append(lines)

    def retract(self, uids_and_verdicts: Sequence[tuple[str, Verdict]]) -> int:
        """Append that these verdicts count no longer; return how many of that are new.

        Raises:
            ValueError, ConnectorUnavailableError, RequestError: as `add`.
        """
        lines = {}
        require(self._client, self._retry, self.index)
        for uid, verdict in uids_and_verdicts:
            index, document = place_of(uid)
            name = _name(uid, verdict)
            body = {
                "@timestamp": datetime.now(UTC).isoformat(),
                "alert": {"index": index, "id": document},
                "analyst": verdict.analyst,
                "retracts": name,
            }
            lines[f"{name}-retracted"] = json_line({k: v for k, v in body.items() if v is not None})
        return self._append(lines)

    def _append(self, lines: dict[str, bytes]) -> int:
        done = Bulk(self._client, self._retry, self.index).create(lines, refresh=True)
        if done.rejected:
            raise RequestError(
                f"{len(done.rejected)} verdicts were refused: {done.rejected[0][1]}", status=400
            )
        return len(done.written)

    @property
    def rejected(self) -> tuple[Rejection, ...]:
        """What cannot be used and is on no document: `read` gives all of it."""
        return ()

    def is_empty(self) -> bool:
        """Whether it holds no verdict at all, or is not there."""
        body = {"size": 0, "track_total_hits": 1}
        found = self._retry(lambda: self._client.search(body, self.index))
        return int(found["hits"]["total"]["value"]) == 0

    def of(self, uids: Sequence[str]) -> dict[str, tuple[Verdict, ...]]:
        """The verdicts on these documents, oldest first."""
        return self.read(uids)[0]

    def read(
        self, uids: Sequence[str]
    ) -> tuple[dict[str, tuple[Verdict, ...]], tuple[Rejection, ...]]:
        """The verdicts on these documents, oldest first, and those that cannot be used."""
        wanted = set(uids)
        found: dict[str, list[Verdict]] = defaultdict(list)
        rejected = []
        for start in range(0, len(uids), _IDS):
            documents = self._documents([place_of(u)[1] for u in uids[start : start + _IDS]])
            for source in _without_retracted(list(documents)):
                uid = uid_of(str(source.get("alert.index")), str(source.get("alert.id")))
                if uid not in wanted or not source.get("verdict"):
                    continue
                try:
                    found[uid].append(_verdict(source))
                except UnusableError as error:
                    rejected.append(Rejection(uid, f"a verdict on it: {error}"))
        return {uid: tuple(given) for uid, given in found.items() if given}, tuple(rejected)

    def pages(
        self, position: SearchPosition | None, size: int, wanted: tuple[str, ...]
    ) -> Iterator[LoggedPage[SearchPosition]]:
        """Read all judged documents in the order of their names; the index keeps no fields."""
        del wanted
        after = None if position is None else (position.after[0], position.after[1])
        while places := self._places(after, size):
            uids = [uid_of(*place) for place in places if _is_place(place)]
            verdicts, rejected = self.read(uids)
            after = places[-1]
            # In the order of the names, so that two pulls bring the same.
            logged = [LoggedVerdicts(uid, verdicts[uid]) for uid in uids if uid in verdicts]
            yield LoggedPage(logged, SearchPosition(after), rejected)

    def states(self, known: Identities) -> Iterator[LoggedState] | None:
        """The state of all judged documents, in the order of their names.

        Args:
            known: the identities of indices.

        Returns:
            None where the index cannot be told from one that had its name.
        """
        found = known.of_all(self.index)
        if found is None:
            return None
        return self._states("|".join(f"{name}:{each.name}" for name, each in found.items()))

    def _states(self, identity: str) -> Iterator[LoggedState]:
        after = None
        while buckets := self._judged(after, _MOST_HITS, {"seq": {"stats": {"field": SEQ_NO}}}):
            for bucket in buckets:
                after = _place(bucket)
                if not _is_place(after):
                    continue
                seq = SeqStats.read(bucket["seq"])
                held = (seq.count, seq.least, seq.most, seq.total)
                yield LoggedState(uid_of(*after), f"{identity} {held}", seq.most)

    def _places(self, after: tuple[str, str] | None, size: int) -> list[tuple[str, str]]:
        return [_place(bucket) for bucket in self._judged(after, size, {})]

    def _judged(
        self, after: tuple[str, str] | None, size: int, told: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """A bucket for each judged document, by name, with what an aggregation tells of it."""
        parts = [
            {"index": {"terms": {"field": "alert.index"}}},
            {"id": {"terms": {"field": "alert.id"}}},
        ]
        composite: dict[str, Any] = {"size": size, "sources": parts}
        if after is not None:
            composite["after"] = {"index": after[0], "id": after[1]}
        judged = {"composite": composite, **({"aggs": told} if told else {})}
        body = {"size": 0, "track_total_hits": False, "aggs": {"judged": judged}}
        found = self._retry(lambda: self._client.search(body, self.index))
        buckets: list[dict[str, Any]] = (
            found.get("aggregations", {}).get("judged", {}).get("buckets", [])
        )
        return buckets

    def _documents(self, ids: list[str]) -> Iterator[Mapping[str, Any]]:
        """The verdicts on documents of these ids, oldest first."""
        hits = self._hits(ids)
        if len(ids) > 1 and (hits is None or len(hits) == _MOST_HITS):
            middle = len(ids) // 2
            yield from self._documents(ids[:middle])
            yield from self._documents(ids[middle:])
            return
        if hits is None:  # the verdicts count, the reasons are for people
            hits = self._hits(ids, {"excludes": ["reason"]})
        if hits is None:
            raise TooLargeError("the verdicts on one document are too large: raise max_page_bytes")
        for hit in hits:
            yield {**flatten(hit["_source"], _DEPTH), "_id": hit["_id"]}

    def _hits(self, ids: list[str], source: object = True) -> list[dict[str, Any]] | None:
        """The documents themselves; None when the answer is too large."""
        body = {
            "query": {"terms": {"alert.id": ids}},
            "size": _MOST_HITS,
            "sort": [{"@timestamp": {"order": "asc", "unmapped_type": "date"}}],
            "track_total_hits": False,
            "_source": source,
        }
        try:
            found = self._retry(lambda: self._client.search(body, self.index))
        except TooLargeError:
            return None
        hits: list[dict[str, Any]] = found["hits"]["hits"]
        return hits


def require(client: SearchClient, retry: RetryPolicy, index: str) -> None:
    """Refuse to write into an index of ours that is not there.

    Raises:
        RequestError: a write would make it, with mappings in which nothing is found again.
    """
    if not retry(lambda: exists(client, f"/{index}/_mapping")):
        raise RequestError(
            f"the index {index} is not there: run `sftsec connector setup`", status=404
        )


def _name(uid: str, verdict: Verdict) -> str:
    """The `_id` of a verdict's document: the same verdict again is the same document."""
    at = verdict.at and verdict.at.astimezone(UTC).isoformat()
    content = [*place_of(uid), verdict.value, verdict.analyst, at]
    return hashlib.sha256(json_line(content)).hexdigest()[:40]


def _without_retracted(documents: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The documents that no other one on the same alert takes back."""

    def named(each: Mapping[str, Any], key: str) -> tuple[str, ...]:
        # As text: any tool may write here, lists too.
        return tuple(str(each.get(name)) for name in ("alert.index", "alert.id", key))

    retracted = {named(each, "retracts") for each in documents if each.get("retracts")}
    yield from (each for each in documents if named(each, "_id") not in retracted)


def _place(bucket: Mapping[str, Any]) -> tuple[str, str]:
    return bucket["key"]["index"], bucket["key"]["id"]


def _is_place(place: tuple[str, str]) -> bool:
    """Whether it can be an index and an `_id`; any tool may write here."""
    return all(place) and "/" not in place[0]


def _verdict(source: Mapping[str, Any]) -> Verdict:
    analyst, reason = source.get("analyst"), source.get("reason")
    return Verdict(
        str(source["verdict"]),
        None if analyst is None else str(analyst),
        parse_time(source.get("@timestamp"), "@timestamp"),
        None if reason is None else str(reason),
        automated=source.get("automated") is True,
    )
