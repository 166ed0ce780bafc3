"""An index of alerts that wait for a verdict, for platforms that cannot tag an alert.

One document an alert: `alert.index` and `alert.id` name it; beside them stand the event, what the
model says and why it asks, so that an analyst can judge it there. It is gone with the verdict.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sftsec_core.sdk.errors import RequestError
from sftsec_core.sdk.fields import as_text
from sftsec_core.sdk.records import flatten
from sftsec_search.bulk import Bulk
from sftsec_search.client import json_line
from sftsec_search.documents import place_of, uid_of
from sftsec_search.verdicts import require

if TYPE_CHECKING:
    from sftsec_core.api.domain import LabelRequest
    from sftsec_core.sdk.retry import RetryPolicy
    from sftsec_search.client import SearchClient
    from sftsec_search.verdicts import VerdictIndex

MAPPINGS: Mapping[str, Any] = {
    "dynamic": False,
    "properties": {
        "@timestamp": {"type": "date"},
        "alert": {"properties": {"index": {"type": "keyword"}, "id": {"type": "keyword"}}},
        "message": {"type": "text"},
        "sftsec": {
            "properties": {
                "task": {"type": "keyword"},
                "label": {"type": "keyword"},
                "prediction_probability": {"type": "float"},
                "reason": {"type": "text"},
                "source": {
                    "properties": {
                        "timestamp": {"type": "date"},
                        "fields": {"type": "object", "enabled": False},
                    }
                },
            }
        },
    },
}
_MOST = 10_000
_DEPTH = 8
_SHOWN = 10_000  # characters of the event in `message`; `sftsec.source.fields` has all of it


class LabelRequestIndex:
    """The alerts that wait for a verdict."""

    def __init__(
        self, client: SearchClient, retry: RetryPolicy, index: str, clock: Callable[[], datetime]
    ) -> None:
        self.index = index
        self._client = client
        self._retry = retry
        self._clock = clock

    def ask(self, requests: Sequence[LabelRequest], log: VerdictIndex) -> int:
        """Ask for verdicts on those that have none and were not asked for; return how many.

        Those that were judged since they were asked for are taken off.

        Raises:
            RequestError: when the index is not there, or refuses one.
        """
        asked = {each.incident_uid: each for each in requests}
        require(self._client, self._retry, self.index)
        waiting = self.waiting()
        judged = log.of([*waiting, *asked])
        self.clear([uid for uid in waiting if uid in judged])
        now = self._clock().astimezone(UTC).isoformat()
        lines = {
            _name(uid): json_line(_document(each, now))
            for uid, each in asked.items()
            if uid not in judged
        }
        done = Bulk(self._client, self._retry, self.index).create(lines, refresh=True)
        if done.rejected:
            raise RequestError(
                f"{len(done.rejected)} requests were refused: {done.rejected[0][1]}", status=400
            )
        return len(done.written)

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


def _document(request: LabelRequest, now: str) -> dict[str, Any]:
    """What an analyst is shown."""
    index, document = place_of(request.incident_uid)
    source: dict[str, Any] = {"fields": dict(request.fields)}
    if request.at is not None:
        source["timestamp"] = request.at.astimezone(UTC).isoformat()
    texts = {name: as_text(value) for name, value in request.fields.items()}
    lines = (f"{name}: {text}" for name, text in texts.items() if text)
    return {
        "@timestamp": now,
        "alert": {"index": index, "id": document},
        "message": "\n".join(lines)[:_SHOWN],
        "sftsec": {
            "task": request.task,
            "label": request.label,
            "prediction_probability": request.probability,
            "reason": request.reason,
            "source": source,
        },
    }


def _name(uid: str) -> str:
    return hashlib.sha256(uid.encode()).hexdigest()[:40]
