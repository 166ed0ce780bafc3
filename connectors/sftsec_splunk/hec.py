"""The HTTP Event Collector: batches, acknowledgements, and one bad event alone refused.

A batch is sent again only where it was certainly not taken (the collector was busy, or refused the
connection). Where an answer is lost, the call ends: its repeat asks the index first.
"""

from __future__ import annotations

import gzip
import logging
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.api.errors import ConnectorUnavailableError
from sftsec_core.sdk.errors import LostAnswerError
from sftsec_core.sdk.http import HttpClient
from sftsec_splunk.errors import HecError

if TYPE_CHECKING:
    from sftsec_core.sdk.retry import RetryPolicy
    from sftsec_splunk.config import HecConfig, SplunkConfig

log = logging.getLogger(__name__)
Arrived = Callable[[Sequence[str]], Collection[str]]
_LIMIT = 1 << 20  # bytes of an answer
_OK, _TOO_LARGE, _BUSY = 200, 413, 503
_HEALTHY, _NO_ACK = 17, 14
_POLL_S = 0.2
_FIRST = 0  # an acknowledgement's number that may be asked for before there is one
# Codes that are about the token or the settings: no event will ever be taken.
_HOPELESS: Mapping[int, str] = {
    1: "the HEC token is disabled: enable it",
    2: "the HEC token is not sent: see to hec.token",
    3: "the HEC token is not sent as it should be: see to hec.token",
    4: "the HEC token is not known, or was withdrawn: correct hec.token",
    7: "the HEC token may not write to this index, or it is not there: see to hec.index",
    10: "the HEC token wants acknowledgement: set hec.ack",
    14: "the HEC token gives no acknowledgement: switch it on for the token, or set hec.ack: auto",
}
Lines = Mapping[str, bytes]


@dataclass(slots=True)
class HecOutcome:
    """The result for each event, by uid; `rejected` has the reason beside it."""

    written: list[str] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Writing:
    """One call of `write`: what waits for its acknowledgement, by number, and what is settled."""

    arrived: Arrived
    waiting: dict[int, list[str]] = field(default_factory=dict)
    out: HecOutcome = field(default_factory=HecOutcome)


@dataclass(frozen=True, slots=True)
class _HecAnswer:
    status: int
    body: Mapping[str, Any]

    @property
    def code(self) -> int:
        found = self.body.get("code", -1)
        return found if isinstance(found, int) else -1


class Hec:
    """One collector, spoken to with one token over one channel."""

    def __init__(self, config: SplunkConfig, hec: HecConfig, retry: RetryPolicy) -> None:
        """Prepare; nothing is sent yet.

        Args:
            config: the connector's: timeouts, certificates.
            hec: the collector's.
            retry: for how long a busy one is asked again.
        """
        self._http = HttpClient(
            "Splunk",
            ca_file=config.ca_file,
            timeout_s=config.timeout.total_seconds(),
            max_bytes=_LIMIT,
        )
        self._hec = hec
        self._retry = retry
        self._channel = str(uuid.uuid4())
        self._acked = hec.ack is not False  # whether events are acknowledged, as far as is known
        self._sure = not self._acked

    @property
    def index(self) -> str:
        """Where events go."""
        return self._hec.index

    def close(self) -> None:
        """Close the connections; may be called twice."""
        self._http.close()

    # --- what is asked before anything is written

    def is_healthy(self) -> bool:
        """Whether it takes events just now.

        Raises:
            ConnectorUnavailableError: when it does not answer.
        """
        answer = self._send("GET", "/services/collector/health", b"")
        return answer.status == _OK and answer.code in {_HEALTHY, -1}

    def require(self) -> None:
        """Refuse a token that is not accepted, or gives no acknowledgement where it is wanted.

        Raises:
            HecError: saying what to change.
        """
        answer = self._asked([_FIRST])
        if answer.code == _NO_ACK and self._hec.ack is not True:
            self._do_without()
            return
        if answer.code in _HOPELESS:
            raise HecError(_HOPELESS[answer.code])
        if answer.status != _OK and answer.code < 0:
            raise HecError(
                f"what answers at hec.url is no event collector ({answer.status}): correct it"
            )
        self._sure = True

    def _do_without(self) -> None:
        if self._acked:
            log.warning(
                "the HEC token gives no acknowledgement: that an event was taken does not say that "
                "it was indexed; hec.ack: true refuses such a token, false says nothing"
            )
        self._acked, self._sure = False, True

    # --- writing

    def write(self, lines: Lines, arrived: Arrived) -> HecOutcome:
        """Write events.

        Args:
            lines: uid to the event as one line of JSON.
            arrived: which of these uids a search finds.

        Raises:
            ConnectorUnavailableError: when the collector did not answer or acknowledge within the
                bound. Some may be written: repeat the call, with those that a search
                finds left out.
            HecError: when the token, or the index, is refused.
        """
        writing = _Writing(arrived)
        if lines and not self._sure:
            self.require()
        for batch in _batches(lines, self._hec.batch_bytes):
            self._write(batch, writing)
        self._acknowledged(writing)
        return writing.out

    def _write(self, batch: Lines, writing: _Writing) -> None:
        answer = self._post(b"\n".join(batch.values()))
        if answer.status == _OK:
            number = answer.body.get("ackId")
            if self._acked and isinstance(number, int):
                writing.waiting[number] = list(batch)
            else:
                writing.out.written += batch
            return
        if answer.code in _HOPELESS:
            raise HecError(_HOPELESS[answer.code])
        if answer.status not in {400, _TOO_LARGE}:
            raise LostAnswerError(
                f"the event collector answers {answer.status}; some may be written: repeat the call"
            )
        self._retry_without_rejected(batch, answer, writing)

    def _retry_without_rejected(self, batch: Lines, answer: _HecAnswer, writing: _Writing) -> None:
        """Refuse the one bad event, write those that were not taken yet."""
        names = list(batch)
        number = answer.body.get("invalid-event-number")
        place = number if isinstance(number, int) and 0 <= number < len(names) else None
        before = names[:place]
        untouched = answer.status == _TOO_LARGE or len(names) == 1
        there = () if untouched else self._looked_for(before, writing.arrived)
        out = writing.out
        out.written += [name for name in names if name in there]
        left = [name for name in names if name not in there]
        bad = _bad(names, left, place)
        if bad is not None:
            out.rejected.append((bad, _reason(answer)))
            left = [name for name in left if name != bad]
            halves = [left]
        else:
            middle = len(left) // 2
            halves = [left[:middle], left[middle:]]
        for part in halves:
            if part:
                self._write({name: batch[name] for name in part}, writing)

    def _looked_for(self, names: Sequence[str], arrived: Arrived) -> Collection[str]:
        """Which of these a search finds, once they have had the time to be indexed."""
        if not names:
            return ()
        deadline = time.monotonic() + self._hec.latency.total_seconds()
        while True:
            found = arrived(names)
            if len(found) == len(names) or time.monotonic() >= deadline:
                return found
            time.sleep(_POLL_S)

    def _acknowledged(self, writing: _Writing) -> None:
        waiting, out = writing.waiting, writing.out
        deadline = time.monotonic() + self._hec.ack_timeout.total_seconds()
        pause = _POLL_S / 4
        while waiting:
            for number in self._acks(list(waiting)):
                out.written += waiting.pop(number, [])
            if not waiting:
                return
            if time.monotonic() >= deadline:
                break
            time.sleep(pause)
            pause = min(pause * 2, 2.0)
        # An acknowledgement is given once: its answer may be what was lost.
        names = [name for some in waiting.values() for name in some]
        found = writing.arrived(names)
        out.written += [name for name in names if name in found]
        left = len(names) - len(found)
        if left:
            raise ConnectorUnavailableError(
                f"the event collector took {left} events and did not acknowledge them within "
                "hec.ack_timeout: its indexers may be behind; repeat the call"
            )

    def _acks(self, numbers: Sequence[int]) -> list[int]:
        answer = self._asked(numbers)
        if answer.code in _HOPELESS:
            raise HecError(_HOPELESS[answer.code])
        given = answer.body.get("acks", {})
        return [int(number) for number, done in given.items() if done]

    # --- requests

    def _asked(self, numbers: Sequence[int]) -> _HecAnswer:
        """Ask which of these are acknowledged: it may be repeated after any error."""
        body = orjson.dumps({"acks": list(numbers)})

        def attempt() -> _HecAnswer:
            answer = self._send("POST", "/services/collector/ack", body)
            if answer.status >= 500:
                raise ConnectorUnavailableError(
                    f"the event collector is busy or failing ({answer.status})"
                )
            return answer

        return self._retry(attempt)

    def _post(self, body: bytes) -> _HecAnswer:
        """Send a batch; again while it is not taken for certain.

        Raises:
            LostAnswerError: when it is not known whether the batch was taken.
        """
        packed = gzip.compress(body, 6, mtime=0) if self._hec.gzip else body
        encoding = {"Content-Encoding": "gzip"} if self._hec.gzip else {}

        def attempt() -> _HecAnswer | LostAnswerError:
            try:
                answer = self._send("POST", "/services/collector/event", packed, encoding)
            except LostAnswerError as error:
                return error
            if answer.status == _BUSY:
                raise ConnectorUnavailableError("the event collector is busy (503)")
            return answer

        answer = self._retry(attempt)
        if isinstance(answer, LostAnswerError):
            raise answer
        return answer

    def _send(
        self, method: str, path: str, body: bytes, more: Mapping[str, str] | None = None
    ) -> _HecAnswer:
        headers = {
            "Authorization": f"Splunk {self._hec.token.reveal()}",
            "Content-Type": "application/json",
            "X-Splunk-Request-Channel": self._channel,
            **(more or {}),
        }
        answer = self._http.send(method, self._hec.url + path, headers=headers, body=body)
        return _HecAnswer(answer.status, _json(answer.body))


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        found = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _batches(lines: Lines, limit: int) -> Iterator[Lines]:
    batch: dict[str, bytes] = {}
    size = 0
    for name, line in lines.items():
        if batch and size + len(line) > limit:
            yield batch
            batch, size = {}, 0
        batch[name] = line
        size += len(line) + 1
    if batch:
        yield batch


def _bad(names: Sequence[str], left: Sequence[str], place: int | None) -> str | None:
    """The bad event of a batch, where it can be told already."""
    if place is not None:
        return names[place]
    return left[0] if len(left) == 1 else None


def _reason(answer: _HecAnswer) -> str:
    if answer.status == _TOO_LARGE:
        return "it is larger than the event collector takes (limits.conf, max_content_length)"
    return f"the event collector refuses it: {answer.body.get('text', 'invalid')} ({answer.code})"
