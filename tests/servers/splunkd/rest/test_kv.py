"""The KV store through its REST API."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.state import Splunkd

_CONFIG = "/servicesNS/nobody/search/storage/collections/config"
_DATA = "/servicesNS/nobody/search/storage/collections/data/things"


@pytest.fixture
def caller(splunk: Splunkd) -> Caller:
    made = Caller(splunk)
    made.login()
    form = {"name": "things", "field.n": "number", "field.on": "bool"}
    assert made.call("POST", _CONFIG, form)[0] == 201
    return made


def _query(caller: Caller, query: Any, more: str = "") -> Any:
    return caller.call("GET", f"{_DATA}?query={quote(json.dumps(query))}{more}")[1]


class TestDocuments:
    def test_are_kept_by_key_with_their_types(self, caller: Caller) -> None:
        document = {"_key": "a", "n": "7", "on": "true", "x": 1}
        assert caller.call("POST", _DATA, document=document) == (201, {"_key": "a"})
        kept = {"_key": "a", "_user": "nobody", "n": 7, "on": True, "x": 1}
        assert caller.call("GET", f"{_DATA}/a") == (200, kept)
        assert caller.call("POST", f"{_DATA}/a", document={"n": 8}) == (200, {"_key": "a"})
        assert caller.call("GET", f"{_DATA}/a")[1] == {"_key": "a", "_user": "nobody", "n": 8}

    def test_refuse_taken_and_missing_keys(self, caller: Caller) -> None:
        assert caller.call("POST", _DATA, document={"_key": "a"})[0] == 201
        status, answer = caller.call("POST", _DATA, document={"_key": "a"})
        assert status == 409
        text = "A document with the same key and user already exists."
        assert answer["messages"] == [{"type": "ERROR", "text": text}]
        for method, path in (("GET", f"{_DATA}/b"), ("DELETE", f"{_DATA}/b"), ("GET", f"{_DATA}x")):
            status, answer = caller.call(method, path)
            assert (status, answer["messages"][0]["text"]) == (404, "Could not find object.")

    def test_are_deleted_by_query(self, splunk: Splunkd, caller: Caller) -> None:
        caller.call(
            "POST", f"{_DATA}/batch_save", document=[{"_key": str(n), "n": n} for n in range(4)]
        )
        assert (
            caller.call("DELETE", f"{_DATA}?query={quote(json.dumps({'n': {'$gt': 1}}))}")[0] == 200
        )
        assert [each["_key"] for each in splunk.kv("search", "things")] == ["0", "1"]

    def test_a_body_must_be_json(self, splunk: Splunkd, caller: Caller) -> None:
        headers = {"Content-Type": "application/json"}
        assert caller.call("POST", _DATA, b"nonsense", headers=headers)[0] == 400
        splunk.faults.kv_statuses = [503]
        assert [caller.call("GET", _DATA)[0] for _ in range(2)] == [503, 200]


class TestQueries:
    @pytest.mark.parametrize(
        ("query", "keys"),
        [
            ({}, "0123"),
            ({"n": 2}, "2"),
            ({"n": {"$gt": 1, "$lte": 3}}, "23"),
            ({"$or": [{"n": 0}, {"tag": "b"}]}, "013"),
            ({"$and": [{"tag": "a"}, {"n": {"$ne": 0}}]}, "2"),
            ({"$not": {"tag": "a"}}, "13"),
            ({"deep.n": 2}, "2"),
            ({"tag": {"$gt": 1}}, ""),
            ({"list": "x2"}, "2"),
        ],
    )
    def test_find_the_matching_documents(self, caller: Caller, query: Any, keys: str) -> None:
        documents = [
            {"_key": str(n), "n": n, "tag": "ab"[n % 2], "deep": {"n": n}, "list": [f"x{n}"]}
            for n in range(4)
        ]
        assert caller.call("POST", f"{_DATA}/batch_save", document=documents) == (200, list("0123"))
        assert "".join(each["_key"] for each in _query(caller, query, "&sort=n")) == keys

    def test_an_unknown_operator_is_refused(self, caller: Caller) -> None:
        path = f"{_DATA}?query={quote(json.dumps({'n': {'$in': [1]}}))}"
        assert caller.call("GET", path)[0] == 400

    def test_are_sorted_paged_and_cut_to_fields(self, caller: Caller) -> None:
        caller.call(
            "POST", f"{_DATA}/batch_save", document=[{"_key": str(n), "n": n} for n in range(5)]
        )
        assert _query(caller, {}, "&sort=n:-1&skip=1&limit=2&fields=n,_key:0") == [
            {"n": 3},
            {"n": 2},
        ]


class TestBatches:
    def test_have_a_cap_of_the_version(self, splunk: Splunkd, caller: Caller) -> None:
        limit = "/services/properties/limits/kvstore/max_documents_per_batch_save"
        assert caller.call("GET", limit) == (200, 1000)
        documents = [{"_key": str(n)} for n in range(1001)]
        status, answer = caller.call("POST", f"{_DATA}/batch_save", document=documents)
        assert status == 400
        assert "Request exceeds API limits" in answer["messages"][0]["text"]
        assert splunk.kv("search", "things") == []
        splunk.faults.kv_batch_cap = 2
        assert caller.call("POST", f"{_DATA}/batch_save", document=documents[:2])[0] == 200
        assert caller.call("POST", f"{_DATA}/batch_save", document=documents[:3])[0] == 400

    def test_a_repeat_replaces_documents(self, splunk: Splunkd, caller: Caller) -> None:
        for value in (1, 2):
            caller.call("POST", f"{_DATA}/batch_save", document=[{"_key": "a", "n": value}])
        assert [each["n"] for each in splunk.kv("search", "things")] == [2]


class TestCollections:
    def test_are_configured_by_nobody_only(self, caller: Caller) -> None:
        status, text = caller.call("GET", _CONFIG.replace("nobody", "admin"))
        assert status == 400
        assert "Must use user context of 'nobody'" in text
