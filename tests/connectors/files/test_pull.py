"""What a pull makes of good files: formats, fields, verdicts, windows, cursors."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sftsec_core.sdk.errors import CursorError
from tests.connectors.files.helpers import RECORDS, pages, pull, texts, write_lines


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


class TestPage:
    def test_of_long_records_ends_early(self, tmp_path: Path) -> None:
        path = write_lines(
            tmp_path / "a.jsonl", [{"n": n, "message": "x" * 900_000} for n in range(20)]
        )
        found = pages(path)
        assert len(found) > 1
        assert sum(len(page.incidents) for page in found) == 20
