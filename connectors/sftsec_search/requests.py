"""An index of alerts that wait for a verdict, for platforms that cannot tag an alert.

One document an alert: `@timestamp`, `alert.index`, `alert.id`. It is gone once a verdict is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sftsec_core.sdk.records import flatten
from sftsec_search.bulk import Bulk
from sftsec_search.client import json_line
from sftsec_search.documents import place_of, uid_of
from sftsec_search.verdicts import require

if TYPE_CHECKING:
    from sftsec_core.sdk.retry import RetryPolicy
    from sftsec_search.client import SearchClient
    from sftsec_search.verdicts import VerdictIndex

MAPPINGS: Mapping[str, Any] = {
    "dynamic": False,
    "properties": {
        "@timestamp": {"type": "date"},
        "alert": {"properties": {"index": {"type": "keyword"}, "id": {"type": "keyword"}}},
    },
}
_MOST = 10_000
_DEPTH = 8


class LabelRequestIndex:
    """The alerts that wait for a verdict."""

    def __init__(
        self, client: SearchClient, retry: RetryPolicy, index: str, clock: Callable[[], datetime]
    ) -> None:
        self.index = index
        self._client = client
        self._retry = retry
        self._clock = clock

    def ask(self, uids: Sequence[str], log: VerdictIndex) -> int:
        """Ask for verdicts on those that have none and were not asked for; return how many.

        Those that were judged since they were asked for are taken off.

        Raises:
            RequestError: when the index is not there.
        """
        require(self._client, self._retry, self.index)
        waiting = self.waiting()
        judged = log.of([*waiting, *uids])
        self.clear([uid for uid in waiting if uid in judged])
        now = self._clock().astimezone(UTC).isoformat()
        lines = {}
        for uid in dict.fromkeys(uids):
            if uid not in judged:
                index, document = place_of(uid)
                body = {"@timestamp": now, "alert": {"index": index, "id": document}}
                lines[_name(uid)] = json_line(body)
        return len(Bulk(self._client, self._retry, self.index).create(lines, refresh=True).written)

    def waiting(self) -> list[str]:
        """The alerts that wait, at most ten thousand, the oldest request first."""
        body = {
            "size": _MOST,
            "sort": [{"@timestamp": {"order": "asc", "unmapped_type": "date"}}],
            "track_total_hits": False,
        }
        found = self._retry(lambda: self._client.search(body, self.index))["hits"]["hits"]
        flat = [flatten(hit["_source"], _DEPTH) for hit in found]
        return [uid_of(str(each.get("alert.index")), str(each.get("alert.id"))) for each in flat]

    def clear(self, uids: Sequence[str]) -> None:
        """Take alerts off; one that does not wait is no error."""
        if not uids:
            return
        lines = [json_line({"delete": {"_id": _name(uid)}}) for uid in uids]
        path, params = f"/{self.index}/_bulk", {"refresh": "true"}
        self._retry(lambda: self._client.request("POST", path, params=params, lines=lines))


def _name(uid: str) -> str:
    return hashlib.sha256(uid.encode()).hexdigest()[:40]
