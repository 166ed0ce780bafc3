"""Inputs: ports that are taken once, files that are indexed, and tokens of the collector."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.state import Splunkd

_INPUTS = "/services/data/inputs"


class TestPort:
    def test_is_taken_once_a_protocol(self, caller: Caller) -> None:
        def made(path: str, **form: str) -> int:
            return caller.call("POST", f"{_INPUTS}/{path}", form)[0]

        assert made("tcp/raw", name="9001") == 201
        assert made("tcp/cooked", name="9001") == 400
        assert made("udp", name="9001") == 201
        assert made("tcp/raw", name="9002", restrictToHost="siem") == 201
        assert made("tcp/raw", name="9002", restrictToHost="siem") == 400
        assert made("tcp/raw", name="9002", restrictToHost="other") == 201
        assert made("tcp/raw", name="9002") == 400
        assert caller.call("GET", f"{_INPUTS}/tcp/raw/siem:9002")[0] == 200

    @pytest.mark.parametrize("name", ["0", "65536", "http", "-1"])
    def test_is_a_number_in_range(self, caller: Caller, name: str) -> None:
        status, text = caller.call("POST", f"{_INPUTS}/tcp/raw", {"name": name})
        assert status == 400
        assert f"Invalid port '{name}'" in text


class TestOneshot:
    def test_indexes_each_line_of_a_file(
        self, splunk: Splunkd, caller: Caller, tmp_path: Path
    ) -> None:
        file = tmp_path / "lines.log"
        file.write_text("one\n\n  \ntwo\n")
        form = {"name": str(file), "index": "risk", "sourcetype": "lines"}
        assert caller.call("POST", f"{_INPUTS}/oneshot", form)[0] == 201
        found = splunk.events("risk")
        assert [each.raw for each in found] == ["one", "two"]
        assert {(e.origin.source, e.origin.sourcetype) for e in found} == {(str(file), "lines")}

    def test_names_a_missing_file(self, caller: Caller, tmp_path: Path) -> None:
        status, text = caller.call("POST", f"{_INPUTS}/oneshot", {"name": str(tmp_path / "no")})
        assert status == 400
        assert "does not exist" in text


class TestToken:
    def test_that_was_made_is_accepted(self, splunk: Splunkd, caller: Caller) -> None:
        form = {"name": "mine", "index": "risk", "output_mode": "json"}
        status, made = caller.call("POST", f"{_INPUTS}/http", form)
        entry = made["entry"][0]
        assert (status, entry["name"]) == (201, "http://mine")
        token = {"Authorization": f"Splunk {entry['content']['token']}"}
        assert caller.hec([{"event": "x"}], **token)[0] == 200
        assert [each.raw for each in splunk.events("risk")] == ["x"]
        for name in ("mine", "http:%2F%2Fmine"):
            assert caller.call("GET", f"{_INPUTS}/http/{name}")[0] == 200
        assert caller.call("POST", f"{_INPUTS}/http/mine/disable")[0] == 200
        assert caller.hec([{"event": "y"}], **token)[0] == 403


class TestTree:
    def test_says_what_can_be_created(self, caller: Caller) -> None:
        _, answer = caller.call("GET", f"{_INPUTS}?output_mode=json")
        creatable = {each["name"]: "create" in each["links"] for each in answer["entry"]}
        assert creatable.pop("all") is creatable.pop("tcp") is False
        assert creatable == dict.fromkeys(["http", "monitor", "oneshot", "script", "udp"], True)
        _, answer = caller.call("GET", f"{_INPUTS}/tcp?output_mode=json")
        assert [each["name"] for each in answer["entry"]] == ["cooked", "raw", "ssl"]
