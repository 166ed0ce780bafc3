"""Bulk creation: each document once, faults told apart, one bad document alone refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sftsec_core.api.errors import ConnectorUnavailableError
from sftsec_core.sdk.errors import AccessError, RequestError
from sftsec_search.client import BLOCK, BLOCKED, RETRIED, TOO_LARGE, json_line

if TYPE_CHECKING:
    from sftsec_core.sdk.retry import RetryPolicy
    from sftsec_search.client import SearchClient

_CHUNK_BYTES = 8 << 20
_CREATED = 201
_EXISTS = 409
# Both engines quote the value after the field's name: the name is all that may be repeated.
_FIELD = re.compile(r"(?:field|object mapping for|mapping for) \[([^\]\s]{1,200})\]")
Lines = Mapping[str, bytes]


@dataclass(slots=True)
class BulkOutcome:
    """The result for each document, by id; `rejected` has the reason beside it."""

    written: list[str] = field(default_factory=list)
    existing: list[str] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)


class Bulk:
    """Creates documents in one index or data stream."""

    def __init__(
        self,
        client: SearchClient,
        retry: RetryPolicy,
        index: str,
        *,
        size: int = 500,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        """Take the target.

        Args:
            client: the cluster.
            retry: for how long it is asked again.
            index: the index, alias or data stream.
            size: documents a request; it also ends at 8 MiB.
            params: further parameters of the request.
        """
        self._client = client
        self._retry = retry
        self.index = index
        self._size = size
        self._params = dict(params or {})

    def create(self, documents: Lines, *, refresh: bool = False) -> BulkOutcome:
        """Create documents that are not there yet.

        Args:
            documents: id to the document as one line of JSON.
            refresh: make them visible to a search before this returns.

        Raises:
            ConnectorUnavailableError: when the cluster did not answer, or was too busy, up to the
                bound. Some may have been written: repeat the call, and they are `existing`.
            AccessError: when a privilege is missing.
            RequestError: when the index cannot take documents at all.
        """
        params = self._params | ({"refresh": "true"} if refresh else {})
        outcome = BulkOutcome()
        for chunk in _chunks(documents, self._size):
            self._create(dict(chunk), params, outcome)
        return outcome

    def _create(self, waiting: dict[str, bytes], params: dict[str, Any], out: BulkOutcome) -> None:
        """Send until each is settled; again only those that the cluster was too busy for."""

        def attempt() -> None:
            why = ""
            for item in self._send(waiting, params):
                if self._settle(item, out):
                    waiting.pop(item["_id"], None)
                else:
                    why = f"{item['status']} ({_kind(item)})"
            if waiting:
                raise ConnectorUnavailableError(
                    f"{self._client.vendor} answers {why} for {len(waiting)} documents: it is too "
                    "busy, or its disk is full"
                )

        try:
            self._retry(attempt)
        except RequestError as error:
            if error.status != TOO_LARGE:
                raise
            self._halve(waiting, params, out)

    def _halve(self, waiting: dict[str, bytes], params: dict[str, Any], out: BulkOutcome) -> None:
        if len(waiting) == 1:
            reason = (
                "it is larger than the cluster takes "
                "(http.max_content_length, indexing_pressure.memory.limit)"
            )
            out.rejected.append((next(iter(waiting)), reason))
            return
        names = list(waiting)
        middle = len(names) // 2
        for part in (names[:middle], names[middle:]):
            self._create({name: waiting[name] for name in part}, params, out)

    def _send(self, waiting: Lines, params: dict[str, Any]) -> list[dict[str, Any]]:
        lines = []
        for name, document in waiting.items():
            lines += [json_line({"create": {"_id": name}}), document]
        found = self._client.request("POST", f"/{self.index}/_bulk", params=params, lines=lines)
        return [next(iter(item.values())) for item in found["items"]]

    def _settle(self, item: Mapping[str, Any], out: BulkOutcome) -> bool:
        """Note the result for one document; False when it is to be sent again."""
        status, name = int(item["status"]), str(item["_id"])
        if status == _CREATED:
            out.written.append(name)
        elif status == _EXISTS:
            out.existing.append(name)
        elif status in RETRIED:
            return False
        elif status in {401, 403, 404}:  # not the document's fault
            raise self._index_error(status, item)
        else:
            out.rejected.append((name, _reason(item.get("error") or {})))
        return True

    def _index_error(self, status: int, item: Mapping[str, Any]) -> RequestError:
        kind = _kind(item)
        what = f"{self._client.vendor} takes no documents into {self.index} ({kind})"
        if kind == BLOCK:
            return RequestError(f"{what}: {BLOCKED}", status=status, kind=kind)
        if status in {401, 403}:
            hint = "a privilege is missing; `sftsec connector check` names it"
            return AccessError(f"{what}: {hint}", status=status, kind=kind)
        hint = "it is not there; run `sftsec connector setup`"
        return RequestError(f"{what}: {hint}", status=status, kind=kind)


def _kind(item: Mapping[str, Any]) -> str:
    return str((item.get("error") or {}).get("type", ""))


def _chunks(documents: Lines, size: int) -> Iterator[list[tuple[str, bytes]]]:
    chunk: list[tuple[str, bytes]] = []
    total = 0
    for name, document in documents.items():
        if chunk and (len(chunk) >= size or total + len(document) > _CHUNK_BYTES):
            yield chunk
            chunk, total = [], 0
        chunk.append((name, document))
        total += len(document)
    if chunk:
        yield chunk


def _reason(error: Mapping[str, Any]) -> str:
    """Why a document is refused, without any of its content."""
    kind = str(error.get("type", "refused"))
    found = _FIELD.search(str(error.get("reason", "")))
    return f"{kind}: field {found[1]!r} does not fit its mapping" if found else kind
