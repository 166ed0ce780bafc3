"""Indexes, and the receivers that take events into them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.events import Origin
from tests.servers.splunkd.state import Splunkd

_INDEXES = "/services/data/indexes"


def content(caller: Caller, name: str) -> dict[str, Any]:
    found: dict[str, Any] = caller.call("GET", f"{_INDEXES}/{name}?output_mode=json")[1]["entry"][
        0
    ]["content"]
    return found


class TestIndex:
    def test_counts_its_events(self, splunk: Splunkd, caller: Caller) -> None:
        assert caller.call("POST", _INDEXES, {"name": "mail"})[0] == 201
        assert content(caller, "mail")["totalEventCount"] == 0
        for at in (1_700_000_000.0, 1_700_000_060.0):
            splunk.index_event("x", at, Origin("mail"))
        shown = content(caller, "mail")
        assert (shown["totalEventCount"], shown["isInternal"]) == (2, False)
        assert shown["minTime"] == "2023-11-14T22:13:20.000+00:00"
        assert shown["maxTime"] == "2023-11-14T22:14:20.000+00:00"
        assert shown["homePath"] == "$SPLUNK_DB/mail/db"

    def test_loses_its_events_when_deleted(self, splunk: Splunkd, caller: Caller) -> None:
        for _ in range(2):
            assert caller.call("POST", _INDEXES, {"name": "mail"})[0] == 201
            assert splunk.events("mail") == []
            splunk.index_event("x", origin=Origin("mail"))
            assert caller.call("DELETE", f"{_INDEXES}/mail")[0] == 200

    def test_rolls_out_what_is_too_old(self, splunk: Splunkd, caller: Caller) -> None:
        form = {"name": "mail", "frozenTimePeriodInSecs": "60"}
        assert caller.call("POST", _INDEXES, form)[0] == 201
        for age in (30, 90):
            splunk.index_event(f"age {age}", splunk.now() - age, Origin("mail"))
        assert caller.call("POST", f"{_INDEXES}/mail/roll-hot-buckets")[0] == 200
        assert [each.raw for each in splunk.events("mail")] == ["age 30"]

    @pytest.mark.parametrize("name", ["Mail", "_mail", "ma il", "mail/x"])
    def test_refuses_an_invalid_name(self, splunk: Splunkd, caller: Caller, name: str) -> None:
        status, text = caller.call("POST", _INDEXES, {"name": name})
        assert status == 400
        assert "Invalid index name" in text
        assert name not in splunk.index_names()


class TestReceiver:
    def test_takes_its_body_as_one_event(self, splunk: Splunkd, caller: Caller) -> None:
        path = "/services/receivers/simple?index=risk&sourcetype=t&host=h&source=s"
        status, answer = caller.call("POST", f"{path}&output_mode=json", b"a=1\nb=2")
        assert status == 200
        assert (answer["_index"], answer["bytes"]) == ("risk", "7")
        [event] = splunk.events("risk")
        assert (event.raw, event.origin) == ("a=1\nb=2", Origin("risk", "h", "s", "t"))

    def test_refuses_no_data_and_no_index(self, splunk: Splunkd, caller: Caller) -> None:
        for path, body, told in (
            ("?index=none", b"x", "supplied index 'none' missing"),
            ("", b"", "no data"),
        ):
            status, text = caller.call("POST", f"/services/receivers/simple{path}", body)
            assert status == 400
            assert told in text
        assert splunk.events("main") == []
