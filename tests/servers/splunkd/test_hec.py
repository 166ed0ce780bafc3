"""The event collector: codes, partial batches, acknowledgements."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from http.client import RemoteDisconnected
from uuid import uuid4

import pytest

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.server import start_splunkd
from tests.servers.splunkd.state import Splunkd

_ACKED = "22222222-2222-2222-2222-222222222222"
_OK = {"text": "Success", "code": 0}


@pytest.fixture
def splunk() -> Iterator[Splunkd]:
    with start_splunkd(tls=False) as double:
        double.add_hec_token("acked", _ACKED, useACK=True)
        double.add_hec_token("narrow", "33333333-3333-3333-3333-333333333333", indexes=["main"])
        yield double


@pytest.fixture
def caller(splunk: Splunkd) -> Caller:
    return Caller(splunk)


class TestEvents:
    def test_are_indexed_with_time_origin_and_fields(self, splunk: Splunkd, caller: Caller) -> None:
        event = {
            "time": "1700000000.5",
            "host": "h",
            "source": "s",
            "sourcetype": "t",
            "index": "risk",
        }
        event |= {"event": {"a": 1}, "fields": {"b": "2", "c": ["3", "4"]}}  # type: ignore[dict-item]
        assert caller.hec([event, {"event": "plain"}]) == (200, _OK)
        found = splunk.search("search index=risk | table _time host source sourcetype a b c")
        assert found == [
            {
                "_time": "2023-11-14T22:13:20.500+00:00", "host": "h", "source": "s",
                "sourcetype": "t", "a": "1", "b": "2", "c": ["3", "4"],
            }
        ]  # fmt: skip
        assert [each.raw for each in splunk.events("main")] == ["plain"]

    @pytest.mark.parametrize(
        ("body", "code", "text"),
        [
            (b"nonsense", 6, "Invalid data format"),
            (b'{"x":1}', 12, "Event field is required"),
            (b'{"event":""}', 13, "Event field cannot be blank"),
            (b'{"event":1,"index":"no"}', 7, "Incorrect index"),
            (b'{"event":1,"fields":{"a":{"b":1}}}', 15, "Error in handling indexed fields"),
        ],
    )
    def test_an_invalid_one_has_its_code(
        self, caller: Caller, body: bytes, code: int, text: str
    ) -> None:
        assert caller.hec(body) == (400, {"text": text, "code": code, "invalid-event-number": 0})
        assert caller.hec(b"") == (400, {"text": "No data", "code": 5})

    def test_those_before_an_invalid_one_are_indexed(self, splunk: Splunkd, caller: Caller) -> None:
        status, answer = caller.hec(
            [{"event": "one"}, {"event": "two"}, {"x": 1}, {"event": "four"}]
        )
        assert (status, answer["code"], answer["invalid-event-number"]) == (400, 12, 2)
        assert [each.raw for each in splunk.events("main")] == ["one", "two"]

    def test_a_body_may_be_packed_or_raw(self, splunk: Splunkd, caller: Caller) -> None:
        packed = gzip.compress(json.dumps({"event": "packed"}).encode())
        assert caller.hec(packed, Content_Encoding="gzip")[0] == 200
        channel = str(uuid4())
        path = f"/services/collector/raw?channel={channel}&sourcetype=lines"
        assert caller.hec(b"one\ntwo\n", path)[0] == 200
        assert caller.hec(b"three", "/services/collector/raw")[1]["code"] == 10
        assert [each.raw for each in splunk.events("main")] == ["packed", "one", "two"]


class TestTokens:
    @pytest.mark.parametrize(
        ("authorization", "status", "code"),
        [("", 401, 2), ("nonsense", 401, 3), ("Splunk 0", 403, 4)],
    )
    def test_have_codes_when_missing_or_bad(
        self, caller: Caller, authorization: str, status: int, code: int
    ) -> None:
        got, answer = caller.hec([{"event": 1}], Authorization=authorization)
        assert (got, answer["code"]) == (status, code)

    def test_may_be_bound_to_indexes(self, caller: Caller) -> None:
        token = {"Authorization": "Splunk 33333333-3333-3333-3333-333333333333"}
        assert caller.hec([{"event": 1, "index": "main"}], **token)[0] == 200
        assert caller.hec([{"event": 1, "index": "risk"}], **token)[1]["code"] == 7


class TestAcknowledgements:
    def test_need_a_channel_and_come_once(self, splunk: Splunkd, caller: Caller) -> None:
        headers = {"Authorization": f"Splunk {_ACKED}"}
        assert caller.hec([{"event": 1}], **headers)[1] == {
            "text": "Data channel is missing",
            "code": 10,
        }
        headers["X_Splunk_Request_Channel"] = str(uuid4())
        assert [caller.hec([{"event": 1}], **headers)[1]["ackId"] for _ in range(2)] == [0, 1]
        ask, path = json.dumps({"acks": [0, 7]}).encode(), "/services/collector/ack"
        splunk.faults.acks = 1
        answers = [caller.hec(ask, path, **headers)[1]["acks"]["0"] for _ in range(3)]
        assert answers == [False, True, False]  # an acknowledgement is told once
        splunk.faults.acks = None
        ask = json.dumps({"acks": [1]}).encode()
        assert caller.hec(ask, path, **headers)[1] == {"acks": {"1": False}}
        assert caller.hec(ask, path)[1] == {"text": "ACK is disabled", "code": 14}


class TestFaults:
    def test_is_busy_revoked_or_silent_on_demand(self, splunk: Splunkd, caller: Caller) -> None:
        splunk.faults.hec_busy = 1
        assert caller.hec([{"event": 1}]) == (503, {"text": "Server is busy", "code": 9})
        splunk.faults.hec_dropped = 1
        with pytest.raises(RemoteDisconnected):
            caller.hec([{"event": "taken all the same"}])
        assert [each.raw for each in splunk.events("main")] == ["taken all the same"]
        splunk.faults.revoke_hec_after = 2
        assert caller.hec([{"event": "second"}])[0] == 200
        assert caller.hec([{"event": "third"}])[1]["code"] == 4
        assert (
            caller.call("GET", "/services/collector/health", base=splunk.hec_url)[1]["code"] == 17
        )
