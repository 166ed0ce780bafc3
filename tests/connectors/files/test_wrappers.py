"""Records that an export wraps, one a line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import PullWindow
from tests.connectors.files.helpers import pages, pull, texts, write_lines

ASKED = PullWindow(labelled=True, fields=("message", "host.name"))
EVENT = {"message": "m", "host": {"name": "h"}, "label": "bad"}
WRAPPED: dict[str, dict[str, Any]] = {
    "splunk": {"preview": False, "offset": 0, "lastrow": True, "result": EVENT},
    "splunk, flat": {
        "preview": False,
        "result": {"message": "m", "host.name": "h", "label": "bad"},
    },
    "elasticdump": {"_index": "x", "_id": "1", "_score": 1, "_source": EVENT},
    "search after": {"_index": "x", "_id": "1", "sort": [5], "_source": EVENT},
    "one key": {"entry": EVENT},
    "event collector": {"time": 1767600000, "host": "h", "sourcetype": "s", "event": EVENT},
    "two levels": {"result": {"_source": EVENT}},
}


class TestUnwrapper:
    @pytest.mark.parametrize("name", WRAPPED)
    def test_finds_the_record(self, name: str, tmp_path: Path) -> None:
        found, rejected = pull(write_lines(tmp_path / "a.jsonl", [WRAPPED[name]] * 2), window=ASKED)
        assert rejected == []
        assert [dict(one.fields) for one in found] == [{"message": "m", "host.name": "h"}] * 2
        assert found[0].verdicts[0].value == "bad"

    def test_leaves_records_alone(self, tmp_path: Path) -> None:
        rows: list[dict[str, Any]] = [
            {"message": "outer", "label": "a", "result": {"message": "inner"}},
            {"message": "outer", "label": "a", "_source": {"message": "inner"}},
            {"message": "outer", "label": "a"},
        ]
        found, _ = pull(write_lines(tmp_path / "a.jsonl", rows), window=ASKED)
        assert texts(found) == ["outer"] * 3

    def test_leaves_names_that_are_asked_for(self, tmp_path: Path) -> None:
        path = write_lines(tmp_path / "a.jsonl", [{"result": {"message": "m", "label": "a"}}])
        window = PullWindow(labelled=True, fields=("result.message",))
        found, _ = pull(path, window=window, label="result.label")
        assert texts(found, "result.message") == ["m"]

    def test_gives_the_collected_event_its_time(self, tmp_path: Path) -> None:
        rows: list[dict[str, Any]] = [{"time": 1767600000, "event": EVENT}]
        rows += [{"time": 1, "event": {"kind": "alert"}}]
        found, _ = pull(write_lines(tmp_path / "a.jsonl", rows), window=ASKED)
        assert [one.at for one in found] == [datetime(2026, 1, 5, 8, tzinfo=UTC)]

    def test_joins_a_bulk_request(self, tmp_path: Path) -> None:
        actions: list[dict[str, Any]] = [
            {"index": {"_index": "x", "_id": "1"}},
            {"create": {"_id": "2"}},
            {"index": {}},
        ]
        rows = [row for action in actions for row in (action, EVENT)]
        path = write_lines(tmp_path / "a.ndjson", [*rows, {"index": {"name": "no action"}}])
        found, rejected = pull(path)
        assert [one.uid for one in found[:2]] == ["x/1", "2"]
        assert (len(found), rejected) == (4, [])
        every = pages(path, page_size=1)
        rest = pages(path, page_size=1, cursor=every[0].cursor)
        assert [page.incidents for page in rest] == [page.incidents for page in every[1:]]

    def test_follows_the_configured_field(self, tmp_path: Path) -> None:
        rows: list[dict[str, Any]] = [
            {"time": 1, "log": {"entry": EVENT}},
            {"time": 2, "log": "s3cret"},
        ]
        path = write_lines(tmp_path / "a.jsonl", rows)
        found, rejected = pull(path, window=ASKED, records="log.entry")
        assert texts(found) == ["m"]
        assert [one.reason for one in rejected] == ["no object at 'log.entry', as `records` says"]


class TestHitName:
    def test_is_that_of_the_index(self, tmp_path: Path) -> None:
        hits = [{"_index": i, "_id": "1", "_source": EVENT} for i in ("x", "y")]
        found, _ = pull(write_lines(tmp_path / "a.jsonl", hits), window=ASKED)
        assert [one.uid for one in found] == ["x/1", "y/1"]

    def test_gives_way_to_a_configured_one(self, tmp_path: Path) -> None:
        hit = {"_index": "x", "_id": "1", "_source": {**EVENT, "id": "own"}}
        path = write_lines(tmp_path / "a.jsonl", [hit])
        assert pull(path, window=ASKED)[0][0].uid == "own"
        assert pull(path, window=ASKED, id="_id")[0][0].uid == "1"

    def test_is_a_digest_of_the_record_alone(self, tmp_path: Path) -> None:
        rows = [{"preview": False, "offset": n, "result": EVENT} for n in (0, 7)]
        found, _ = pull(write_lines(tmp_path / "a.jsonl", rows), window=ASKED)
        assert found[0].uid == found[1].uid
