"""The app's queue of incidents that wait for a verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.api.domain import LabelRequest
from sftsec_core.api.errors import ConnectorError
from sftsec_core.sdk.portable import QUEUE, queue_key
from sftsec_splunk.kv import Collection

if TYPE_CHECKING:
    from datetime import datetime

    from sftsec_splunk.client import Splunk
    from sftsec_splunk.verdicts import VerdictCollection

INSTALL = "install the app `sftsec` on the search head, for its collections"


class LabelQueue:
    """The incidents that analysts are asked to judge."""

    def __init__(
        self, splunk: Splunk, log: VerdictCollection, clock: Callable[[], datetime]
    ) -> None:
        self._queue = Collection(splunk, QUEUE)
        self._log = log
        self._clock = clock

    def ask(self, requests: Sequence[LabelRequest]) -> int:
        """Ask for verdicts on those that have none and do not wait already; return how many.

        Those that were judged since they were asked for are taken off first.

        Raises:
            ConnectorError: when the app is not installed.
        """
        if not self._queue.exists():
            raise ConnectorError(f"there is no queue to ask by: {INSTALL}")
        waiting = {
            str(each["_key"]): str(each.get("incident_uid", ""))
            for each in self._queue.all("_key,incident_uid")
        }
        first: dict[str, LabelRequest] = {}
        for each in requests:
            first.setdefault(each.incident_uid, each)
        judged = self._log.of([*waiting.values(), *first])
        self._queue.delete([key for key, uid in waiting.items() if uid in judged])
        documents = [
            self._document(each)
            for uid, each in first.items()
            if uid not in judged and queue_key(uid) not in waiting
        ]
        self._queue.save(documents)
        return len(documents)

    def _document(self, request: LabelRequest) -> dict[str, Any]:
        event = orjson.dumps(dict(request.fields), default=str, option=orjson.OPT_NON_STR_KEYS)
        document = {
            "_key": queue_key(request.incident_uid),
            "incident_uid": request.incident_uid,
            "reason": request.reason,
            "event": event.decode(),
            "requested": self._clock().timestamp(),
        }
        if request.task:  # else there is no model to name
            document |= {"task": request.task, "label": request.label}
            document["probability"] = request.probability
        if request.at is not None:
            document["event_time"] = request.at.timestamp()
        return document
