"""Documents by their names, in bounded answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sftsec_core.sdk.errors import RequestError, TooLargeError
from sftsec_search.documents import place_of, uid_of
from sftsec_search.lookups import VERSIONED

if TYPE_CHECKING:
    from sftsec_core.sdk.retry import RetryPolicy
    from sftsec_search.client import SearchClient
    from sftsec_search.lookups import Lookups

_AT_ONCE = 500
_INDICES_AT_ONCE = 16  # their names stand in the address, which is bounded
_COPIES = 4  # of one _id in the backing indices of a data stream: there should be one
Hit = dict[str, Any]


class Fetcher:
    """Fetches documents that are named by `<index>/<_id>`; those that are gone are left out."""

    def __init__(
        self, client: SearchClient, retry: RetryPolicy, lookups: Lookups | None = None
    ) -> None:
        self._client = client
        self._retry = retry
        self._lookups = lookups

    def __call__(
        self,
        uids: Sequence[str],
        includes: list[str] | None,
        *,
        within: str = "",
        condition: Mapping[str, Any] | None = None,
    ) -> tuple[dict[str, Hit], list[str]]:
        """Fetch.

        Args:
            uids: names of documents.
            includes: the fields of `_source` to bring; None for all.
            within: only from this index, alias or pattern; "" reads the indices that are named.
            condition: only those that match this query too.

        Returns:
            The hits by uid, in the order of `uids`, and the uids of documents that are there and
            too large to bring.
        """
        found: dict[str, Hit] = {}
        too_large: list[str] = []
        for indices, some in _grouped(uids, within):
            for start in range(0, len(some), _AT_ONCE):
                part = some[start : start + _AT_ONCE]
                self._fetch(indices, part, includes, condition, found, too_large)
        return {uid: found[uid] for uid in uids if uid in found}, too_large

    def _fetch(
        self,
        indices: str,
        uids: Sequence[str],
        includes: list[str] | None,
        condition: Mapping[str, Any] | None,
        found: dict[str, Hit],
        too_large: list[str],
    ) -> None:
        wanted: list[Any] = [{"ids": {"values": [place_of(uid)[1] for uid in uids]}}]
        body = {
            "query": {"bool": {"filter": wanted + ([condition] if condition else [])}},
            # One id may stand in several of the indices.
            "size": min(10_000, len(uids) * _INDICES_AT_ONCE),
            "track_total_hits": False,
            "_source": True if includes is None else {"includes": includes},
            **VERSIONED,
        }
        try:
            hits = self._retry(lambda: self._client.search(body, indices))["hits"]["hits"]
        except TooLargeError:
            if len(uids) == 1:
                too_large.append(uids[0])
                return
            middle = len(uids) // 2
            for part in (uids[:middle], uids[middle:]):
                self._fetch(indices, part, includes, condition, found, too_large)
            return
        if self._lookups is not None:
            self._lookups.note(indices, body, hits)
        asked = set(uids)
        for hit in hits:
            uid = uid_of(hit["_index"], hit["_id"])
            if uid in asked:
                found[uid] = hit


def _grouped(uids: Sequence[str], within: str) -> list[tuple[str, list[str]]]:
    if within:
        return [(within, list(uids))] if uids else []
    by_index: dict[str, list[str]] = {}
    for uid in uids:
        by_index.setdefault(place_of(uid)[0], []).append(uid)
    names = sorted(by_index)
    groups = [names[i : i + _INDICES_AT_ONCE] for i in range(0, len(names), _INDICES_AT_ONCE)]
    return [
        (",".join(group), [uid for name in group for uid in by_index[name]]) for group in groups
    ]


def existing_ids(
    client: SearchClient, retry: RetryPolicy, stream: str, ids: Sequence[str]
) -> set[str]:
    """Which of these `_id`s a data stream has, the current backing index perhaps left out.

    A search sees what is older than the last refresh. What was written since into the backing
    index before the current one is asked for by `_mget`, which does not wait for a refresh.
    """
    found: set[str] = set()
    previous = _before_the_current(client, retry, stream) if ids else None
    for start in range(0, len(ids), _AT_ONCE):
        part = list(ids[start : start + _AT_ONCE])
        body = {
            "query": {"ids": {"values": part}},
            "size": _AT_ONCE * _COPIES,
            "track_total_hits": False,
            "_source": False,
        }
        hits = retry(lambda body=body: client.search(body, stream))["hits"]["hits"]  # type: ignore[misc]
        found.update(hit["_id"] for hit in hits)
        if previous is not None:
            found.update(_held(client, retry, previous, part))
    return found


def _before_the_current(client: SearchClient, retry: RetryPolicy, stream: str) -> str | None:
    try:
        answer = retry(lambda: client.request("GET", f"/_data_stream/{stream}"))
    except RequestError as error:
        if error.status != 404:
            raise
        return None
    indices = answer["data_streams"][0]["indices"]
    return str(indices[-2]["index_name"]) if len(indices) > 1 else None


def _held(client: SearchClient, retry: RetryPolicy, index: str, ids: list[str]) -> Iterator[str]:
    path, params = f"/{index}/_mget", {"_source": "false"}
    try:
        answer = retry(lambda: client.request("POST", path, params=params, body={"ids": ids}))
    except RequestError as error:
        if error.status != 404:  # its lifecycle ended meanwhile
            raise
        return
    yield from (each["_id"] for each in answer["docs"] if each.get("found"))
