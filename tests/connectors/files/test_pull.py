"""What a pull makes of good files: formats, fields, verdicts, windows, cursors."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sftsec_core.api.domain import PullWindow
from sftsec_core.sdk.errors import CursorError
from sftsec_files.errors import ChangedFileError
from tests.connectors.files.helpers import pages, pull, texts, write_lines

RECORDS: list[dict[str, Any]] = [
    {
        "id": f"r{n}",
        "@timestamp": f"2026-01-{n + 1:02d}T00:00:00Z",
        "message": f"text {n}",
        "label": "a",
    }
    for n in range(9)
]


def write_as(kind: str, folder: Path) -> Path:
    path = folder / f"rows.{kind}"
    if kind.startswith("parquet"):
        pq.write_table(pa.Table.from_pylist(RECORDS), path, row_group_size=4)
        return path
    if kind.startswith("csv"):
        lines = [",".join(RECORDS[0])] + [",".join(map(str, r.values())) for r in RECORDS]
        raw = "\n".join(lines).encode() + b"\n"
    else:
        raw = write_lines(folder / "plain.tmp", RECORDS).read_bytes()
    path.write_bytes(gzip.compress(raw) if kind.endswith(".gz") else raw)
    return path


KINDS = ("jsonl", "jsonl.gz", "ndjson", "json.gz", "csv", "csv.gz", "parquet")


class TestFormat:
    @pytest.mark.parametrize("kind", KINDS)
    def test_gives_the_same_incidents_as_others(self, kind: str, tmp_path: Path) -> None:
        found, rejected = pull(write_as(kind, tmp_path))
        assert [incident.uid for incident in found] == [f"r{n}" for n in range(9)]
        assert texts(found) == [f"text {n}" for n in range(9)]
        assert {incident.verdicts[0].value for incident in found} == {"a"}
        assert found[3].at == datetime(2026, 1, 4, tzinfo=UTC)
        assert not rejected


class TestCursor:
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("page_size", [1, 2, 4, 9])
    def test_resumes_right_after_its_page(self, kind: str, page_size: int, tmp_path: Path) -> None:
        path = write_as(kind, tmp_path)
        every = pages(path, page_size=page_size)
        for index, page in enumerate(every):
            rest = pages(path, page_size=page_size, cursor=page.cursor)
            assert [p.incidents for p in rest] == [p.incidents for p in every[index + 1 :]]

    def test_finds_lines_that_were_appended_later(self, tmp_path: Path) -> None:
        path = write_lines(tmp_path / "a.jsonl", RECORDS[:3])
        cursor = pages(path)[-1].cursor
        with path.open("ab") as stream:
            stream.write(b'{"id": "new", "message": "n"}\n')
        assert [i.uid for page in pages(path, cursor=cursor) for i in page.incidents] == ["new"]

    def test_notices_a_cut_or_replaced_file(self, tmp_path: Path) -> None:
        path = write_lines(tmp_path / "a.jsonl", RECORDS)
        cursor = pages(path)[-1].cursor
        write_lines(path, RECORDS[:2])
        with pytest.raises(ChangedFileError, match="pull again from the start"):
            pages(path, cursor=cursor)
        write_lines(path, [*RECORDS[1:], *RECORDS])
        with pytest.raises(ChangedFileError, match="replaced"):
            pages(path, cursor=cursor)
        path.unlink()
        write_lines(tmp_path / "b.jsonl", RECORDS)
        with pytest.raises(ChangedFileError, match="gone"):
            pages(tmp_path, cursor=cursor)

    def test_refuses_one_of_another_kind(self, tmp_path: Path) -> None:
        path = write_lines(tmp_path / "a.jsonl", RECORDS)
        with pytest.raises(CursorError, match="cursor"):
            pages(path, cursor="12345")

    @given(
        cells=st.lists(
            st.text(alphabet='ab,"\n\r é', min_size=1, max_size=6), min_size=1, max_size=8
        )
    )
    @settings(
        deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50
    )
    def test_resumes_between_quoted_csv_cells(self, cells: list[str], tmp_path: Path) -> None:
        import csv

        path = tmp_path / "quoted.csv"
        with path.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows(
                [["id", "message"], *([n, c] for n, c in enumerate(cells))]
            )
        every = pages(path, page_size=1)
        assert [page.incidents[0].fields["message"] for page in every] == cells
        middle = every[len(every) // 2]
        rest = pages(path, page_size=1, cursor=middle.cursor)
        assert [p.incidents for p in rest] == [p.incidents for p in every[len(every) // 2 + 1 :]]


class TestPaths:
    def test_are_read_in_their_order(self, tmp_path: Path) -> None:
        (tmp_path / "deep").mkdir()
        for name in ("b.jsonl", "a.jsonl", "deep/c.ndjson", ".hidden.jsonl", "notes.txt"):
            write_lines(tmp_path / name, [{"message": name}])
        found, _ = pull(tmp_path)
        assert texts(found) == ["a.jsonl", "b.jsonl", "deep/c.ndjson"]
        found, _ = pull(tmp_path / "*.jsonl")
        assert texts(found) == ["a.jsonl", "b.jsonl"]


class TestFields:
    def test_become_flat_dotted_names(self, tmp_path: Path) -> None:
        nested = {
            "http": {"request": {"body": {"content": "x"}}, "version": "1.1"},
            "n": [1, {"a": 2}],
        }
        flat = {"http.request.body.content": "x", "http": {"version": "1.1"}, "n": [1, {"a": 2}]}
        found, _ = pull(write_lines(tmp_path / "a.jsonl", [nested, flat]))
        expected = {"http.request.body.content": "x", "http.version": "1.1", "n": [1, {"a": 2}]}
        assert [dict(incident.fields) for incident in found] == [expected, expected]

    def test_never_hold_the_label(self, tmp_path: Path) -> None:
        given = {"id": "1", "message": "m", "verdict": {"word": "spam", "by": "anna"}}
        found, _ = pull(
            write_lines(tmp_path / "a.jsonl", [given]), label="verdict.word", analyst="verdict.by"
        )
        assert dict(found[0].fields) == {"id": "1", "message": "m"}
        assert (found[0].verdicts[0].value, found[0].verdicts[0].analyst) == ("spam", "anna")

    def test_are_those_that_the_window_names(self, tmp_path: Path) -> None:
        path = write_lines(
            tmp_path / "a.jsonl", [{"id": "1", "message": "m", "user": {"name": "bob"}}]
        )
        found, _ = pull(path, window=PullWindow(text_fields=("message",)))
        assert dict(found[0].fields) == {"message": "m"}


class TestLabel:
    def test_may_be_a_list_or_empty(self, tmp_path: Path) -> None:
        rows: list[dict[str, Any]] = [
            {"label": ["a", "b"]},
            {"label": ""},
            {"label": None},
            {"label": 5},
            {"label": True},
        ]
        found, _ = pull(
            write_lines(tmp_path / "a.jsonl", [{"n": i, **r} for i, r in enumerate(rows)])
        )
        values = [[verdict.value for verdict in incident.verdicts] for incident in found]
        assert values == [["a", "b"], [], [], ["5"], ["true"]]


class TestName:
    def test_is_a_digest_without_an_id(self, tmp_path: Path) -> None:
        one, two = {"message": "one"}, {"message": "two"}
        first, _ = pull(write_lines(tmp_path / "a.jsonl", [one, two]))
        second, _ = pull(write_lines(tmp_path / "a.jsonl", [two, {"message": "new"}, one]))
        assert {i.uid for i in first} < {i.uid for i in second}
        assert first[0].uid != first[1].uid


class TestWindow:
    def test_bounds_times_and_labels(self, tmp_path: Path) -> None:
        rows = [*RECORDS, {"id": "late", "@timestamp": "2026-02-01", "message": "x"}]
        path = write_lines(tmp_path / "a.jsonl", rows)
        since, until = datetime(2026, 1, 3, tzinfo=UTC), datetime(2026, 1, 5, tzinfo=UTC)
        found, _ = pull(path, window=PullWindow(since, until))
        assert [incident.uid for incident in found] == ["r2", "r3"]
        assert [i.uid for i in pull(path, window=PullWindow(labelled=False))[0]] == ["late"]
        assert len(pull(path, window=PullWindow(labelled=True))[0]) == 9

    def test_rejects_a_record_without_a_time(self, tmp_path: Path) -> None:
        path = write_lines(tmp_path / "a.jsonl", [{"message": "x"}])
        found, rejected = pull(path, window=PullWindow(since=datetime(2026, 1, 1, tzinfo=UTC)))
        assert not found
        assert "no time in '@timestamp'" in rejected[0].reason


class TestTime:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
            ("2026-01-02 03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
            ("2026-01-02T03:04:05+01:00", datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)),
            (1767323045, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
            (1767323045000, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ],
    )
    def test_is_read_in_every_usual_form(
        self, value: object, expected: datetime, tmp_path: Path
    ) -> None:
        found, _ = pull(write_lines(tmp_path / "a.jsonl", [{"@timestamp": value, "message": "x"}]))
        assert found[0].at == expected


class TestSplit:
    def test_is_given_by_the_files_names(self, tmp_path: Path) -> None:
        for name in ("train", "dev", "test"):
            write_lines(tmp_path / f"{name}.jsonl", [{"message": name}])
        found, _ = pull(tmp_path)
        assert {incident.fields["message"]: incident.split for incident in found} == {
            "train": "train",
            "dev": "dev",
            "test": "test",
        }
        assert {incident.split for incident in pull(tmp_path, split_from_name=False)[0]} == {None}
        assert {incident.split for incident in pull(tmp_path / "test.jsonl")[0]} == {None}


class TestPage:
    def test_of_long_records_ends_early(self, tmp_path: Path) -> None:
        path = write_lines(
            tmp_path / "a.jsonl", [{"n": n, "message": "x" * 900_000} for n in range(20)]
        )
        found = pages(path)
        assert len(found) > 1
        assert sum(len(page.incidents) for page in found) == 20
