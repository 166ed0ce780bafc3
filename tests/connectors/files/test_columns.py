"""A field that is nowhere is a misspelt one; one that some files lack is missing there."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sftsec_core.api.domain import PullWindow
from sftsec_files.errors import MissingColumnsError
from tests.connectors.files.helpers import RECORDS, pages, pull, texts, write, write_lines


def window(*required: str, keep: tuple[str, ...] = (), labelled: bool | None = True) -> PullWindow:
    return PullWindow(labelled=labelled, fields=(*required, *keep), required=required)


class TestOptionalField:
    @pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.jsonl"])
    def test_may_be_missing_everywhere(self, name: str, tmp_path: Path) -> None:
        path = tmp_path / name
        if name == "a.parquet":
            pq.write_table(pa.Table.from_pylist(RECORDS), path)
        elif name == "a.csv":
            write(path, b"id,message,label\n", *(b"%d,t,a\n" % n for n in range(9)))
        else:
            write_lines(path, RECORDS)
        found, rejected = pull(path, window=window("message", keep=("host.name",)))
        assert (len(found), rejected) == (9, [])

    def test_may_be_missing_in_one_table(self, tmp_path: Path) -> None:
        write(tmp_path / "a.csv", b"id,message,label\n1,x,a\n")
        write(tmp_path / "b.csv", b"id,subject,message,label\n2,s,y,a\n")
        write(tmp_path / "c.csv", b"id,message\n3,z\n")
        found, _ = pull(tmp_path, window=window("subject", "message"))
        assert [dict(one.fields) for one in found] == [
            {"message": "x"},
            {"subject": "s", "message": "y"},
        ]


class TestMisspeltField:
    def test_of_a_table_ends_before_the_rows(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", b"id,message,label\n1,x,a\n")
        with pytest.raises(MissingColumnsError) as caught:
            next(iter(pages(path, window=window("mesage"))))
        assert f"has 'mesage' (did you mean 'message'?) in {path}" in str(caught.value)
        assert "there are: id, message, label" in str(caught.value)

    @pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
    def test_of_records_is_named(self, name: str, tmp_path: Path) -> None:
        rows = [{**row, "host": {"name": "h"}} for row in RECORDS]
        with pytest.raises(MissingColumnsError, match=r"has 'host.nam' \(did you mean 'host.name'"):
            pull(write_lines(tmp_path / name, rows), window=window("message", "host.nam"))

    def test_of_the_label_column_is_named(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", b"id,message,verdict\n1,x,a\n")
        with pytest.raises(MissingColumnsError, match=r"has 'verdikt'.*'verdict'"):
            pull(path, window=window("message"), label="verdikt")

    def test_survives_a_resumption(self, tmp_path: Path) -> None:
        path = write_lines(tmp_path / "a.jsonl", RECORDS)
        asked = window("message", "@timestmp")
        first = pages(path, window=window("message"), page_size=2)[0]
        with pytest.raises(MissingColumnsError, match="'@timestmp'"):
            pages(path, window=asked, page_size=2)
        connector_cursor = _first_cursor(path, asked)
        with pytest.raises(MissingColumnsError, match="'@timestmp'"):
            pages(path, window=asked, page_size=2, cursor=connector_cursor)
        assert pages(path, window=window("message"), page_size=2, cursor=first.cursor)

    def test_is_left_where_it_may_be_optional(self, tmp_path: Path) -> None:
        path = write_lines(tmp_path / "a.jsonl", RECORDS)
        assert len(pull(path, window=window("message", "subject"))[0]) == 9
        with pytest.raises(MissingColumnsError, match="'mesage'"):
            pull(path, window=window("message", "mesage"))

    def test_is_one_record_enough(self, tmp_path: Path) -> None:
        rows = [*RECORDS, {"id": "last", "subject": None, "label": "a", "message": "m"}]
        found, _ = pull(
            write_lines(tmp_path / "a.jsonl", rows), window=window("subject", "message")
        )
        assert len(found) == 10

    def test_is_not_looked_for_in_scoring(self, tmp_path: Path) -> None:
        path = write_lines(tmp_path / "a.jsonl", [{"message": "m"}])
        found, _ = pull(path, window=window("message", "subject", labelled=False))
        assert texts(found) == ["m"]


def _first_cursor(path: Path, asked: PullWindow) -> str:
    from sftsec_files.config import FilesConfig
    from sftsec_files.connector import FilesConnector

    connector = FilesConnector(FilesConfig(paths=(path,), page_size=2))
    return next(iter(connector.pull(asked))).cursor


class TestRename:
    def test_gives_columns_other_names(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", b"Ref,Subject Line,Verdict\n1,hello,bad\n")
        names = {"email.subject": "Subject Line", "id": "Ref", "label": "Verdict"}
        [found], _ = pull(path, window=window("email.subject"), rename=names)
        assert (found.uid, dict(found.fields)) == ("1", {"email.subject": "hello"})
        assert found.verdicts[0].value == "bad"

    def test_reaches_into_records(self, tmp_path: Path) -> None:
        rows = [{"id": "1", "data": {"Subject Line": "s"}, "label": "a"}]
        path = write_lines(tmp_path / "a.jsonl", rows)
        names = {"email.subject": "data.Subject Line"}
        [found], _ = pull(path, window=window("email.subject"), rename=names)
        assert dict(found.fields) == {"email.subject": "s"}

    def test_onto_a_field_is_refused(self, tmp_path: Path) -> None:
        path = write_lines(tmp_path / "a.jsonl", [{"a": 1, "b": 2}, {"b": 3}])
        found, rejected = pull(path, rename={"a": "b"})
        assert [dict(one.fields) for one in found] == [{"a": 3}]
        assert "'a' is there, and 'b' is renamed to it" in rejected[0].reason

    def test_misspelt_is_named_as_in_the_file(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", b"id,Subject Line,label\n1,x,a\n")
        with pytest.raises(MissingColumnsError, match=r"'Subject' .did you mean 'Subject Line'"):
            pull(path, window=window("email.subject"), rename={"email.subject": "Subject"})
