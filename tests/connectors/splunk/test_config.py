"""The configuration refuses what would not work, or would give a secret away."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sftsec_splunk.config import SplunkConfig

GOOD: dict[str, Any] = {"url": "https://splunk.example:8089", "token": "env:TOKEN"}
HEC = {"url": "https://splunk.example:8088", "token": "env:HEC"}
SEARCH = {"kind": "search", "search": "index=mail"}


class TestLogin:
    def test_needs_a_token_only(self) -> None:
        config = SplunkConfig.model_validate({**GOOD, "hec": HEC})
        assert [each.kind for each in config.sources] == ["notables"]
        assert config.hec is not None
        assert (config.hec.index, config.hec.ack) == ("sftsec", "auto")


class TestKeys:
    @pytest.mark.parametrize(
        ("wrong", "reason"),
        [
            ({"url": "http://splunk.example:8089"}, "in the clear"),
            ({"url": "splunk.example:8089"}, "https://host:8089"),
            ({"url": "https://me:hunter2@splunk.example:8089"}, "leave user and password out"),
            ({"hec": {**HEC, "url": "http://splunk.example:8088"}}, "in the clear"),
            ({"hec": {**HEC, "token": "hunter2"}}, "reference to a secret"),
            ({"token": None}, "give token, or username and password"),
            ({"username": "me"}, "go together"),
            ({"username": "me", "password": "env:P"}, "give token, or username and password"),
            ({"sources": []}, "at least 1 item"),
            ({"sources": [{"kind": "nothing"}]}, "nothing"),
            ({"sources": [{**SEARCH, "label": 'x" | delete'}]}, "is no name of a field"),
            ({"sources": [{**SEARCH, "uid": ["id", 'x" | delete']}]}, "is no name of a field"),
            ({"sources": [{**SEARCH, "uid": []}]}, "at least 1 item"),
            ({"sources": [{**SEARCH, "rename": {"a": "b | c"}}]}, "is no name of a field"),
            ({"sources": [{**SEARCH, "order": "_time"}]}, "'auto', 'index_time' or 'event_time'"),
            ({"sources": [{"kind": "notables", "macro": "a` | delete"}]}, "String should match"),
            ({"sources": [{"kind": "notables", "dispositions": {'"': "x"}}]}, "is no disposition"),
            (
                {"sources": [{"kind": "findings", "dispositions": {"disposition:7": "a", 7: "b"}}]},
                "disposition:7 is there twice",
            ),
            ({"sources": [{**SEARCH, "values": {True: "a"}}]}, "put it in quotes"),
            ({"page_sise": 3}, "page_sise"),
        ],
    )
    def test_that_are_wrong_are_named(self, wrong: dict[str, Any], reason: str) -> None:
        with pytest.raises(ValidationError) as caught:
            SplunkConfig.model_validate({**GOOD, **wrong})
        assert reason in str(caught.value)


class TestUid:
    @pytest.mark.parametrize(
        ("given", "read"), [("id", ("id",)), (["host", "id"], ("host", "id")), (None, None)]
    )
    def test_may_be_several_fields(self, given: object, read: object) -> None:
        config = SplunkConfig.model_validate({**GOOD, "sources": [{**SEARCH, "uid": given}]})
        assert config.sources[0].uid == read  # type: ignore[union-attr]


class TestAddress:
    def test_of_this_machine_may_be_http(self) -> None:
        config = SplunkConfig.model_validate({**GOOD, "url": "http://127.0.0.1:8089/"})
        assert config.url == "http://127.0.0.1:8089"


class TestValues:
    def test_may_be_numbers(self) -> None:
        source = {**SEARCH, "label": "told", "values": {1: "malicious", 0: "benign"}}
        config = SplunkConfig.model_validate({**GOOD, "sources": [source]})
        assert config.sources[0].values == {"1": "malicious", "0": "benign"}  # type: ignore[union-attr]


class TestDispositions:
    @pytest.mark.parametrize("name", [7, 7.0, "7", "07", "disposition:7"])
    def test_are_named_in_full(self, name: object) -> None:
        for kind in ("notables", "findings"):
            source = {"kind": kind, "dispositions": {name: "phishing"}}
            config = SplunkConfig.model_validate({**GOOD, "sources": [source]})
            assert config.sources[0].values["disposition:7"] == "phishing"  # type: ignore[union-attr]

    def test_may_be_plain_numbers(self) -> None:
        source = {
            "kind": "notables",
            "dispositions": {"7": "phishing", "disposition:1": "malicious"},
        }
        config = SplunkConfig.model_validate({**GOOD, "sources": [source]})
        values = config.sources[0].values  # type: ignore[union-attr]
        assert (values["disposition:7"], values["disposition:1"]) == ("phishing", "malicious")
        assert values["disposition:3"] == "false_positive"
