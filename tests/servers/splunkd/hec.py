"""The HTTP Event Collector."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tests.servers.splunkd.events import Origin
from tests.servers.splunkd.rest.inputs import HTTP
from tests.servers.splunkd.rest.messages import Request, Response, json_response
from tests.servers.splunkd.spl.rows import number

if TYPE_CHECKING:
    from tests.servers.splunkd.entities import Entity
    from tests.servers.splunkd.state import Splunkd

_TEXTS: dict[int, tuple[int, str]] = {
    0: (200, "Success"), 1: (403, "Token disabled"), 2: (401, "Token is required"),
    3: (401, "Invalid authorization"), 4: (403, "Invalid token"), 5: (400, "No data"),
    6: (400, "Invalid data format"), 7: (400, "Incorrect index"),
    8: (500, "Internal server error"), 9: (503, "Server is busy"),
    10: (400, "Data channel is missing"), 11: (400, "Invalid data channel"),
    12: (400, "Event field is required"), 13: (400, "Event field cannot be blank"),
    14: (400, "ACK is disabled"), 15: (400, "Error in handling indexed fields"),
    16: (400, "Query string authorization is not enabled"), 17: (200, "HEC is healthy"),
    18: (503, "HEC is unhealthy, queues are full"),
}  # fmt: skip
_SPACE = re.compile(r"\s*")


class HecError(Exception):
    """A refusal by its code; `event` counts those of the batch before the bad one."""

    def __init__(self, code: int, event: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.event = event


@dataclass
class Collector:
    """What the collector remembers.

    Attributes:
        taken: how many events it has accepted in all.
        asked: by channel and id, how often an acknowledgement was asked for.
        requests: paths of the requests, in order.
    """

    taken: int = 0
    revoked: bool = False
    asked: dict[str, dict[int, int]] = field(default_factory=dict)
    given: dict[str, int] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    lock: RLock = field(default_factory=RLock)


def answer(code: int, **more: Any) -> Response:
    status, text = _TEXTS[code]
    return json_response({"text": text, "code": code, **more}, status)


def serve(splunk: Splunkd, request: Request) -> Response:
    """Answer a request to the collector's port."""
    collector = splunk.collector
    collector.requests.append("/".join(request.path))
    if request.path[:2] == ["collector", "health"]:
        return answer(18 if splunk.faults.hec_busy > 0 else 17)
    status = splunk.faults.next_status("hec_statuses")
    if status is not None:
        return Response(b"", status)
    if splunk.faults.takes("hec_busy"):
        return answer(9)
    try:
        return _let_in(splunk, request)
    except HecError as refusal:
        silent = refusal.event is None or not splunk.faults.hec_numbers
        told = {} if silent else {"invalid-event-number": refusal.event}
        return answer(refusal.code, **told)


def _let_in(splunk: Splunkd, request: Request) -> Response:
    token = _token(splunk, request)
    if request.path == ["collector", "ack"]:
        return _acks(splunk, request, token)
    if request.path in (["collector"], ["collector", "event"], ["collector", "event", "1.0"]):
        return _taken(splunk, request, token, raw=False)
    if request.path in (["collector", "raw"], ["collector", "raw", "1.0"]):
        return _taken(splunk, request, token, raw=True)
    return json_response(
        {"text": "The requested URL was not found on this server.", "code": 404}, 404
    )


def _token(splunk: Splunkd, request: Request) -> Entity:
    header = request.headers.get("Authorization", "")
    if not header:
        raise HecError(16 if "token" in request.query else 2)
    scheme, _, value = header.partition(" ")
    if scheme.lower() not in {"splunk", "bearer"} or not value.strip():
        raise HecError(3)
    limit = splunk.faults.revoke_hec_after
    if limit is not None and splunk.collector.taken >= limit:
        splunk.collector.revoked = True
    for entity in splunk.entities.of(HTTP):
        if (
            entity.content["token"].lower() == value.strip().lower()
            and not splunk.collector.revoked
        ):
            if entity.content["disabled"]:
                raise HecError(1)
            return entity
    raise HecError(4)


def _channel(request: Request, *, demanded: bool) -> str:
    found = (
        request.headers.get("X-Splunk-Request-Channel") or request.query.get("channel", [""])[-1]
    )
    if not found:
        if demanded:
            raise HecError(10)
        return ""
    try:
        return str(UUID(found))
    except ValueError:
        raise HecError(11) from None


def _body(request: Request) -> str:
    body = request.body
    if request.headers.get("Content-Encoding", "").lower() == "gzip":
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError, zlib.error):
            raise HecError(6) from None
    text = body.decode(errors="replace")
    if not text.strip():
        raise HecError(5)
    return text


def _taken(splunk: Splunkd, request: Request, token: Entity, *, raw: bool) -> Response:
    acked = bool(token.content["useACK"])
    channel = _channel(request, demanded=acked or raw)
    text = _body(request)
    with splunk.collector.lock:
        if raw:
            _take_raw(splunk, request, token, text)
        else:
            _take_events(splunk, token, text)
        more = {"ackId": _new_ack(splunk.collector, channel)} if acked else {}
    response = answer(0, **more)
    if splunk.faults.takes("hec_dropped"):
        response.cut_after = -1  # the connection is lost before a word of the answer
    return response


def _take_events(splunk: Splunkd, token: Entity, text: str) -> None:
    """The events of a body up to the first bad one: those before it are in, and stay in."""
    for count, event in enumerate(_events(text)):
        try:
            _take(splunk, token, event)
        except HecError as refusal:
            raise HecError(refusal.code, count) from None


def _events(text: str) -> Iterator[Any]:
    """JSON objects one after the other, with or without space between; or an array of them."""
    decoder, place, count = json.JSONDecoder(), _SPACE.match(text).end(), 0  # type: ignore[union-attr]
    while place < len(text):
        try:
            event, place = decoder.raw_decode(text, place)
        except ValueError:
            raise HecError(6, count) from None
        for each in event if isinstance(event, list) else [event]:
            count += 1
            yield each
        place = _SPACE.match(text, place).end()  # type: ignore[union-attr]


def _take(splunk: Splunkd, token: Entity, event: Any) -> None:
    if not isinstance(event, dict):
        raise HecError(6)
    if event.get("event") is None:
        raise HecError(12)
    if event["event"] == "":
        raise HecError(13)
    bad = splunk.faults.hec_bad
    if bad is not None and bad in json.dumps(event, ensure_ascii=False):
        raise HecError(6)
    content = token.content
    given = {name: event.get(name) or content[name] for name in ("host", "source", "sourcetype")}
    host = given["host"] if event.get("host") else "127.0.0.1"
    origin = Origin(
        _index(splunk, token, event.get("index")),
        str(host),
        str(given["source"] or f"http:{token.name.removeprefix('http://')}"),
        str(given["sourcetype"] or "httpevent"),
    )
    at = _time(splunk, event.get("time"))
    indexed = _fields(event.get("fields"))
    raw = (
        event["event"]
        if isinstance(event["event"], str)
        else json.dumps(event["event"], separators=(",", ":"))
    )
    splunk.index_event(raw, at, origin, indexed, indexed_at=splunk.now())
    splunk.collector.taken += 1


def _index(splunk: Splunkd, token: Entity, asked: Any) -> str:
    index = str(asked or token.content["index"] or "main")
    index = "main" if index == "default" else index
    allowed = token.content["indexes"]
    if index not in splunk.index_names() or (allowed and index not in allowed):
        raise HecError(7)
    return index


def _time(splunk: Splunkd, given: Any) -> float:
    if given is None or given == "":
        return splunk.now()
    at = number(given)
    if at is None:
        raise HecError(6)
    return float(at)


def _fields(given: Any) -> dict[str, str | list[str]]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise HecError(15)
    found: dict[str, str | list[str]] = {}
    for name, value in given.items():
        if isinstance(value, dict) or any(isinstance(v, dict | list) for v in _listed(value)):
            raise HecError(15)
        texts = [each if isinstance(each, str) else json.dumps(each) for each in _listed(value)]
        found[name] = texts if isinstance(value, list) else texts[0]
    return found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _take_raw(splunk: Splunkd, request: Request, token: Entity, text: str) -> None:
    given = {name: values[-1] for name, values in request.query.items()}
    origin = Origin(
        _index(splunk, token, given.get("index")),
        given.get("host", "127.0.0.1"),
        given.get("source")
        or token.content["source"]
        or f"http:{token.name.removeprefix('http://')}",
        given.get("sourcetype") or token.content["sourcetype"] or "httpevent",
    )
    for line in text.splitlines():
        if line.strip():
            splunk.index_event(line, splunk.now(), origin)
            splunk.collector.taken += 1


# --- acknowledgements


def _new_ack(collector: Collector, channel: str) -> int:
    number_ = collector.given.get(channel, 0)
    collector.given[channel] = number_ + 1
    collector.asked.setdefault(channel, {})[number_] = 0
    return number_


def _acks(splunk: Splunkd, request: Request, token: Entity) -> Response:
    if not token.content["useACK"]:
        raise HecError(14)
    channel = _channel(request, demanded=True)
    try:
        wanted = [int(each) for each in json.loads(request.body)["acks"]]
    except (ValueError, KeyError, TypeError):
        raise HecError(6) from None
    with splunk.collector.lock:
        waiting = splunk.collector.asked.setdefault(channel, {})
        return json_response(
            {"acks": {str(each): _acked(splunk, waiting, each) for each in wanted}}
        )


def _acked(splunk: Splunkd, waiting: dict[int, int], ack: int) -> bool:
    """True once; then the id is forgotten, and false again like one that never was."""
    if ack not in waiting:
        return False
    patience = splunk.faults.acks
    if patience is None or waiting[ack] < patience:
        waiting[ack] += 1
        return False
    del waiting[ack]
    return True
