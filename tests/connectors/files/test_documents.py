"""JSON documents: whatever wraps the records, each is read once, and what is not says why."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftsec_core.api.domain import PullWindow
from sftsec_core.sdk.json_values import read_json
from sftsec_files.config import FilesConfig
from sftsec_files.connector import FilesConnector
from sftsec_files.documents import _values
from sftsec_files.errors import SourceError
from sftsec_files.layout import Layout, parse_events
from tests.connectors.files.helpers import pages, pull, texts, write

RECORDS = [{"id": f"r{n}", "message": f"text {n}", "label": "a"} for n in range(7)]
ASKED = PullWindow(fields=("message",))


def document(path: Path, value: Any, **layout: Any) -> Path:
    return write(path, json.dumps(value, **layout).encode())


def uids(path: Path, **options: Any) -> list[str]:
    found, rejected = pull(path, window=ASKED, **options)
    assert rejected == []
    return [incident.uid for incident in found]


ALL = [str(record["id"]) for record in RECORDS]
ENVELOPES: dict[str, Any] = {
    "array": RECORDS,
    "aws": {"Records": RECORDS},
    "graph": {"@odata.context": "https://graph.example/$metadata", "value": RECORDS},
    "guardduty": {"Findings": RECORDS, "NextToken": None},
    "elasticsearch": {"took": 3, "hits": {"total": {"value": 7}, "hits": RECORDS}},
    "known name among lists": {"facets": [{"name": "x"}], "results": RECORDS},
    "list of texts beside": {"columns": ["id", "message"], "rows": RECORDS},
    "nested": {"data": {"incidents": {"nodes": RECORDS}}},
    "id of its own": {"id": "export-7", "events": RECORDS},
}


class TestEnvelopes:
    @pytest.mark.parametrize("indent", [None, 2])
    @pytest.mark.parametrize("name", ENVELOPES)
    def test_records_are_found(self, name: str, indent: int | None, tmp_path: Path) -> None:
        assert uids(document(tmp_path / "a.json", ENVELOPES[name], indent=indent)) == ALL

    def test_records_names_the_list(self, tmp_path: Path) -> None:
        value = {"closed": RECORDS[:3], "open": {"new": RECORDS[3:]}}
        path = document(tmp_path / "a.json", value)
        assert uids(path, records="open.new") == ALL[3:]
        _, rejected = pull(path, window=ASKED)
        assert [each.reason for each in rejected] == [
            "one object with several lists of objects (closed, open.new): set `records`"
        ]

    def test_records_that_leads_nowhere_is_named(self, tmp_path: Path) -> None:
        path = document(tmp_path / "a.json", {"Records": RECORDS})
        found, rejected = pull(path, window=ASKED, records="data.rows")
        assert (found, len(rejected)) == ([], 1)
        assert "no list and no object at 'data.rows'" in rejected[0].reason

    @pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
    def test_one_document_a_line_is_read(self, name: str, tmp_path: Path) -> None:
        lines = [json.dumps({"Records": part}) for part in (RECORDS[:3], RECORDS[3:])]
        path = write(tmp_path / name, "\n".join(lines).encode())
        assert uids(path) == uids(path, records="Records") == ALL

    def test_lines_with_a_list_stay_records(self, tmp_path: Path) -> None:
        lines = [json.dumps({"message": "m", "label": "a", "events": [{"x": 1}]})] * 2
        found, _ = pull(write(tmp_path / "a.jsonl", "\n".join(lines).encode()), window=ASKED)
        assert texts(found) == ["m", "m"]

    def test_hits_are_taken_out_of_their_names(self, tmp_path: Path) -> None:
        hits = [
            {"_index": "x", "_id": str(n), "_source": {"message": f"text {n}", "tags": [{"a": 1}]}}
            for n in range(3)
        ]
        for value in ({"hits": {"hits": hits}}, hits, hits[0]):
            found, _ = pull(document(tmp_path / "a.json", value), window=ASKED)
            assert [one.uid for one in found] == ["x/0", "x/1", "x/2"][: len(found)]
            assert len(found) == (1 if value is hits[0] else 3)

    def test_object_with_the_fields_is_a_record(self, tmp_path: Path) -> None:
        one = {"id": "one", "message": "text", "alerts": [{"title": "a"}, {"title": "b"}]}
        assert uids(document(tmp_path / "a.json", one, indent=1)) == ["one"]

    def test_pretty_printed_records_follow_each_other(self, tmp_path: Path) -> None:
        lines = "\n".join(json.dumps(record, indent=4) for record in RECORDS)
        assert uids(write(tmp_path / "a.json", lines.encode())) == ALL

    def test_lines_stay_lines(self, tmp_path: Path) -> None:
        lines = [json.dumps({**record, "alerts": [{"x": 1}]}) for record in RECORDS]
        lines.insert(3, '{"id": "torn')
        found, rejected = pull(write(tmp_path / "a.json", "\n".join(lines).encode()), window=ASKED)
        assert [incident.uid for incident in found] == ALL
        assert rejected[0].where.endswith("a.json:4")

    def test_damaged_first_line_costs_one_record(self, tmp_path: Path) -> None:
        lines = ['{"id": "torn", "mess', *(json.dumps(record) for record in RECORDS)]
        found, rejected = pull(write(tmp_path / "a.json", "\n".join(lines).encode()), window=ASKED)
        assert ([incident.uid for incident in found], len(rejected)) == (ALL, 1)


class TestEncodings:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
    def test_marked_unicode_is_read(self, encoding: str, tmp_path: Path) -> None:
        text = json.dumps([{"id": "1", "message": "Grüße 見積"}], ensure_ascii=False)
        raw = text.encode(encoding)
        if encoding in ("utf-16-le", "utf-16-be"):
            raw = "\ufeff".encode(encoding) + raw
        found, rejected = pull(write(tmp_path / "a.json", raw), window=ASKED)
        assert (texts(found), rejected) == (["Grüße 見積"], [])

    def test_gzipped_document_is_read(self, tmp_path: Path) -> None:
        raw = gzip.compress(json.dumps({"Records": RECORDS}).encode())
        assert uids(write(tmp_path / "a.json.gz", raw)) == ALL


class TestDamage:
    def test_what_stands_before_it_is_read(self, tmp_path: Path) -> None:
        raw = json.dumps(RECORDS, indent=2).encode()
        found, rejected = pull(write(tmp_path / "a.json", raw[: len(raw) // 2]), window=ASKED)
        assert [incident.uid for incident in found] == ALL[:3]
        assert [each.reason for each in rejected] == [
            "the document has no end: if it is still being written, it is read on when it has grown"
        ]
        assert rejected[0].where.endswith("a.json:4")

    def test_differs_from_a_missing_end(self, tmp_path: Path) -> None:
        raw = b'[{"id": "1", "message": "one"}, {"id": "2" "message": "two"}]'
        found, (broken,) = pull(write(tmp_path / "a.json", raw), window=ASKED)
        assert texts(found) == ["one"]
        assert broken.reason == "not JSON from here on: the document is damaged"

    def test_missing_end_is_read_on_later(self, tmp_path: Path) -> None:
        raw = json.dumps({"Records": RECORDS}, indent=1).encode()
        path = write(tmp_path / "a.json", raw[: len(raw) // 2])
        first = pages(path, window=ASKED)
        path.write_bytes(raw)
        second = pages(path, window=ASKED, cursor=first[-1].cursor)
        assert [len(page.rejected) for page in (*first, *second)] == [1, 0]
        assert [one.uid for page in (*first, *second) for one in page.incidents] == ALL

    def test_cut_envelope_is_one_rejection(self, tmp_path: Path) -> None:
        raw = json.dumps({"Records": RECORDS}).encode()[:-20]
        found, rejected = pull(write(tmp_path / "a.json", raw), window=ASKED)
        assert (found, len(rejected)) == ([], 1)

    def test_items_that_are_no_objects_are_refused(self, tmp_path: Path) -> None:
        path = document(tmp_path / "a.json", [RECORDS[0], "x", None, [1], RECORDS[1]])
        found, rejected = pull(path, window=ASKED)
        assert [incident.uid for incident in found] == ALL[:2]
        assert [each.reason for each in rejected] == [
            f"a JSON {kind}, not an object" for kind in ("str", "NoneType", "list")
        ]

    def test_long_record_is_not_built(self, tmp_path: Path) -> None:
        path = document(tmp_path / "a.json", [RECORDS[0], {"message": "x" * 5000}, RECORDS[1]])
        found, rejected = pull(path, window=ASKED, max_record_bytes=2048)
        assert [incident.uid for incident in found] == ALL[:2]
        assert "more than max_record_bytes (2048)" in rejected[0].reason

    def test_depth_is_bounded(self, tmp_path: Path) -> None:
        deep = b'{"id": "d", "message": "m", "x": ' + b"[" * 3000 + b"]" * 3000 + b"}"
        path = write(tmp_path / "a.json", b"[" + deep + b"]")
        _, rejected = pull(path, window=ASKED)
        assert len(rejected) == 1

    def test_memory_is_that_of_a_page(self, tmp_path: Path) -> None:
        record = {"message": "m" * 900}
        path = document(tmp_path / "a.json", [{"id": str(n), **record} for n in range(20_000)])
        tracemalloc.start()
        connector = FilesConnector(FilesConfig(paths=(path,), page_size=500))
        rows = sum(len(page.incidents) for page in connector.pull(ASKED))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert rows == 20_000
        assert peak < path.stat().st_size / 3


class TestCursor:
    def test_resumes_after_each_page(self, tmp_path: Path) -> None:
        path = document(tmp_path / "a.json", {"Records": RECORDS}, indent=2)
        every = pages(path, page_size=2, window=ASKED)
        for number, page in enumerate(every):
            again = pages(path, page_size=2, window=ASKED, cursor=page.cursor)
            assert [p.incidents for p in again] == [p.incidents for p in every[number + 1 :]]

    def test_single_line_may_grow(self, tmp_path: Path) -> None:
        lines = [json.dumps(record) + "\n" for record in RECORDS]
        path = write(tmp_path / "a.json", lines[0].encode())
        cursor = pages(path, window=ASKED)[-1].cursor
        write(path, "".join(lines).encode())
        rest = pages(path, window=ASKED, cursor=cursor)
        assert [i.uid for page in rest for i in page.incidents] == ALL[1:]
        assert not any(page.rejected for page in rest)

    def test_replaced_document_is_read_again(self, tmp_path: Path) -> None:
        path = document(tmp_path / "a.json", RECORDS)
        cursor = pages(path, window=ASKED)[-1].cursor
        document(path, RECORDS[:2])
        rest = pages(path, window=ASKED, cursor=cursor)
        assert [i.uid for page in rest for i in page.incidents] == ALL[:2]

    @pytest.mark.parametrize("wrapper", ["Records", "rows"])
    def test_line_that_wraps_may_grow(self, wrapper: str, tmp_path: Path) -> None:
        first = json.dumps({wrapper: RECORDS[:3]}) + "\n"
        path = write(tmp_path / "a.json", first.encode())
        seen = pages(path, window=ASKED)
        assert [i.uid for page in seen for i in page.incidents] == ALL[:3]
        more = [{"Records": RECORDS[3:]}] if wrapper == "Records" else RECORDS[3:]
        write(path, (first + "".join(json.dumps(each) + "\n" for each in more)).encode())
        rest = pages(path, window=ASKED, cursor=seen[-1].cursor)
        assert [i.uid for page in rest for i in page.incidents] == ALL[3:]
        assert not any(page.rejected for page in rest)


class TestNumbers:
    @given(st.integers(-(1 << 80), 1 << 80) | st.floats(allow_nan=False, allow_infinity=False))
    def test_are_those_of_a_line(self, value: float) -> None:
        raw = json.dumps([{"n": value}]).encode()
        events = parse_events(io.BytesIO(raw))
        (built,) = _values(events, Layout("item"), 1 << 20, frozenset())
        assert built.value == read_json(raw)[0]


class TestObjectsWithoutLineBreaks:
    @pytest.mark.parametrize("name", ["delivery.json", "delivery.jsonl", "delivery.log"])
    @pytest.mark.parametrize("count", [2, 3000])
    def test_are_read_as_records(self, name: str, count: int, tmp_path: Path) -> None:
        records = [{"id": f"{n}", "message": f"text {n} }}{{"} for n in range(count)]
        write(tmp_path / name, b"".join(map(orjson.dumps, records)))
        found, rejected = pull(tmp_path)
        assert not rejected
        assert texts(found) == [str(one["message"]) for one in records]

    def test_wrap_lists_of_records(self, tmp_path: Path) -> None:
        wrapped = b'{"Records": [{"id": "1", "message": "one"}]}'
        write(tmp_path / "a.json", wrapped + b" " + wrapped.replace(b"1", b"2"))
        assert texts(pull(tmp_path)[0]) == ["one", "one"]

    def test_give_what_precedes_damage(self, tmp_path: Path) -> None:
        write(tmp_path / "a.json", b'{"message": "one"}{"message": "two"}{"mess')
        found, (broken,) = pull(tmp_path)
        assert texts(found) == ["one", "two"]
        assert broken.reason.startswith("the document has no end")

    def test_are_not_seen_in_damaged_lines(self, tmp_path: Path) -> None:
        write(tmp_path / "a.jsonl", b'{"message": "one"}}}\n{"message": "two"}\n')
        found, (broken,) = pull(tmp_path)
        assert texts(found) == ["two"]
        assert "not JSON" in broken.reason


class TestFolder:
    def test_unknown_kinds_are_named(self, tmp_path: Path) -> None:
        for name in ("a.msg", "b.log", "c.log", "README"):
            write(tmp_path / name, b"x")
        with pytest.raises(SourceError, match=r"known kind .*: \.log, \.msg, README were"):
            pull(tmp_path)
