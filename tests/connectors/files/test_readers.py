"""Whatever lies in the files, a pull gives what can be read and says what cannot."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sftsec_core.api.domain import PullWindow
from sftsec_files.errors import MissingColumnsError, SourceError
from sftsec_files.lines import UNENDED
from tests.connectors.files.helpers import GOOD, pages, pull, texts, write, write_lines


class TestGzip:
    def test_is_read_up_to_its_damage(self, tmp_path: Path) -> None:
        lines = b"".join(b'{"id": "%d", "message": "%d"}\n' % (n, n * n) for n in range(5000))
        write(tmp_path / "a.jsonl.gz", gzip.compress(lines)[:-2000])
        write_lines(tmp_path / "b.jsonl", [{"id": "next", "message": "next file"}])
        found, rejected = pull(tmp_path)
        uids = [incident.uid for incident in found]
        assert uids[-1] == "next"
        assert uids[:-1] == [str(n) for n in range(len(uids) - 1)]
        assert len(uids) > 1000
        assert len(rejected) == 1
        assert rejected[0].where == f"{tmp_path / 'a.jsonl.gz'}:{len(uids)}"
        assert "breaks off" in rejected[0].reason

    def test_reports_its_damage_once(self, tmp_path: Path) -> None:
        lines = b"".join(b'{"id": "%d", "message": "%d"}\n' % (n, n * n) for n in range(900))
        path = write(tmp_path / "a.jsonl.gz", gzip.compress(lines)[:-400])
        every = pages(path, page_size=100)
        resumed = pages(path, page_size=100, cursor=every[0].cursor)
        assert [page.incidents for page in resumed] == [page.incidents for page in every[1:]]
        assert sum(len(page.rejected) for page in resumed) == 1
        assert pages(path, page_size=100, cursor=every[-1].cursor) == []

    def test_that_is_none_is_one_rejection(self, tmp_path: Path) -> None:
        found, rejected = pull(write(tmp_path / "a.jsonl.gz", GOOD))
        assert not found
        assert "gzip" in rejected[0].reason


class TestRejection:
    def test_has_place_and_digest_of_the_line(self, tmp_path: Path) -> None:
        bad = b'{"id": "1", "message": "caf\xe9"}\n'
        found, rejected = pull(write(tmp_path / "a.jsonl", GOOD, bad, GOOD))
        assert len(found) == 2
        assert rejected[0].where.endswith("a.jsonl:2")
        assert "not UTF-8" in rejected[0].reason
        assert rejected[0].digest == hashlib.sha256(bad).hexdigest()

    def test_never_quotes_the_record(self, tmp_path: Path) -> None:
        bad = [
            b'{"id": "s3cret" "x"}\n',
            b"s3cret\n",
            b'["s3cret"]\n',
            b'{"label": {"s3cret": 1}}\n',
        ]
        _, rejected = pull(write(tmp_path / "a.jsonl", *bad))
        assert len(rejected) == 4
        assert all("s3cret" not in one.reason for one in rejected)

    def test_is_of_one_record_alone(self, tmp_path: Path) -> None:
        rows = [
            {"id": ["x", "y"]},
            {"label": {"a": 1}},
            {"@timestamp": "yesterday"},
            {"@timestamp": []},
        ]
        _, rejected = pull(write(tmp_path / "a.jsonl", *(orjson.dumps(r) + b"\n" for r in rows)))
        assert len(rejected) == 4
        assert all(one.digest for one in rejected)


class TestLongLine:
    @pytest.mark.parametrize("closed", [True, False])
    def test_is_rejected_and_the_next_read(self, closed: bool, tmp_path: Path) -> None:
        line = b'{"message": "' + b"x" * 50_000_000 + (b'"}\n' if closed else b"\n")
        found, rejected = pull(write(tmp_path / "a.jsonl", GOOD, line, GOOD))
        assert len(found) == 2
        assert "more than max_record_bytes" in rejected[0].reason
        assert rejected[0].digest == hashlib.sha256(line).hexdigest()

    def test_takes_no_memory_of_its_length(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.jsonl", b'{"message": "' + b"x" * 150_000_000 + b'"}\n', GOOD)
        code = (
            "import resource, sys; from pathlib import Path\n"
            "from sftsec_core.api.domain import PullWindow\n"
            "from sftsec_files.config import FilesConfig\n"
            "from sftsec_files.connector import FilesConnector\n"
            "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
            "c = FilesConnector(FilesConfig(paths=(Path(sys.argv[1]),)))\n"
            "n = sum(len(p.incidents) for p in c.pull(PullWindow()))\n"
            "print(n, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
        )
        count, grown = map(int, done.stdout.split())
        assert count == 1
        assert grown < 60 * 1024, f"{grown} KiB more for a line of 150 MB"


class TestLimit:
    def test_of_one_value_is_kept(self, tmp_path: Path) -> None:
        rows: list[dict[str, object]] = [
            {"message": "x" * 2000},
            {"message": "fine"},
            {"tags": ["y" * 2000]},
        ]
        found, rejected = pull(write_lines(tmp_path / "a.jsonl", rows), max_field_bytes=1000)
        assert texts(found) == ["fine"]
        assert [one.reason.split()[0] for one in rejected] == ["'message'", "'tags'"]

    @pytest.mark.parametrize("depth", [65, 1000, 100_000])
    @pytest.mark.parametrize(("left", "right"), [(b'{"a":', b"}"), (b"[", b"]")])
    def test_of_the_depth_is_kept(
        self, depth: int, left: bytes, right: bytes, tmp_path: Path
    ) -> None:
        line = b'{"x":' + left * depth + b"1" + right * depth + b"}\n"
        found, rejected = pull(write(tmp_path / "a.jsonl", line, GOOD))
        assert len(found) == 1
        assert rejected[0].where.endswith(":1")


class TestLongNumber:
    @pytest.mark.parametrize("form", ["%b\n%b\n", "[%b,\n%b]\n"])
    def test_of_an_id_keeps_its_digits(self, form: str, tmp_path: Path) -> None:
        record = b'{"id": 1234567890123456789%d, "message": "%d"}'
        text = form.encode() % (record % (10, 1), record % (11, 2))
        found, rejected = pull(write(tmp_path / "a.json", text))
        assert not rejected
        assert [each.uid for each in found] == ["123456789012345678910", "123456789012345678911"]


class TestMissingColumn:
    def test_of_a_csv_is_named(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", b"id,body\n1,x\n")
        window = PullWindow(labelled=True, fields=("message",), required=("message",))
        with pytest.raises(MissingColumnsError) as caught:
            pull(path, window=window)
        assert "no column or record has 'message', 'label' in" in str(caught.value)
        assert str(caught.value).endswith(f"{path}; there are: id, body")
        with pytest.raises(MissingColumnsError, match="'event_id'"):
            pull(path, id="event_id")
        found, _ = pull(path, window=PullWindow(fields=("body",)))
        assert len(found) == 1

    def test_of_a_parquet_file_is_named(
        self,
        tmp_path: Path,
    ) -> None:
        path = tmp_path / "a.parquet"
        pq.write_table(pa.Table.from_pylist([{"http": {"body": "x"}}]), path)
        found, _ = pull(path, window=PullWindow(fields=("http.body",)))
        assert found[0].fields["http.body"] == "x"
        with pytest.raises(MissingColumnsError, match="there are: http"):
            pull(path, window=PullWindow(fields=("url.full",), required=("url.full",)))


class TestCsvRow:
    def test_that_is_short_or_misquoted_is_rejected(self, tmp_path: Path) -> None:
        rows = [
            b"id,message\n",
            b"1\n",
            b"2,a,b\n",
            b'3,"x"y\n',
            b"4,caf\xe9\n",
            b"\n",
            b"5,fine\n",
        ]
        found, rejected = pull(write(tmp_path / "a.csv", *rows))
        assert texts(found) == ["fine"]
        assert [one.where.rpartition(":")[2] for one in rejected] == ["2", "3", "4", "5"]

    def test_may_pass_the_csv_modules_limit(self, tmp_path: Path) -> None:
        found, rejected = pull(write(tmp_path / "a.csv", b"id,message\n1,", b"x" * 500_000, b"\n"))
        assert len(found[0].fields["message"]) == 500_000
        assert not rejected

    def test_with_an_open_quote_is_rejected(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", b'id,message\n1,fine\n2,"open\n', b"3,x\n" * 10)
        found, rejected = pull(path)
        assert texts(found) == ["fine", *["x"] * 10]
        assert [one.where.rpartition(":")[2] for one in rejected] == ["3"]


class TestLastLine:
    @pytest.mark.parametrize(
        ("name", "whole", "torn", "rest"),
        [
            ("a.jsonl", b'{"message": "one"}\n', b'{"message": "tw', b'o"}\n'),
            ("a.jsonl", b'{"message": "one"}\n', b'{"message": "\xc3', b'\xa4"}\n'),
            ("a.csv", b"message,label\none,a\n", b"tw", b"o,b\n"),
            ("a.csv", b"message,label\none,a\n", b'"tw', b'o",b\n'),
            ("a.csv", b"message,label\none,a\n", b"\xc3", b"\xa4,b\n"),
        ],
    )
    def test_without_its_end_is_read_later(
        self, name: str, whole: bytes, torn: bytes, rest: bytes, tmp_path: Path
    ) -> None:
        path = write(tmp_path / name, whole, torn)
        first = pages(path)
        assert [r.reason for page in first for r in page.rejected] == [UNENDED]
        path.write_bytes(whole + torn + rest)
        second = pages(path, cursor=first[-1].cursor)
        found = [one for page in (*first, *second) for one in page.incidents]
        assert texts(found)[0] == "one"
        assert texts(found)[1] in ("two", "\N{LATIN SMALL LETTER A WITH DIAERESIS}")
        assert not any(page.rejected for page in second)

    def test_that_is_no_json_says_so(self, tmp_path: Path) -> None:
        _, (one,) = pull(write(tmp_path / "a.jsonl", GOOD, b"no JSON"))
        assert one.reason.startswith("not JSON: ")


class TestRepeatedKey:
    @pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
    def test_with_equal_values_is_read(self, name: str, tmp_path: Path) -> None:
        rows = [
            b'{"id": "1", "message": "m", "label": "a", "label": "a"}',
            b'{"id": "2", "message": {"x": 1}, "message": {"x": 2}}',
        ]
        raw = b"\n".join(rows) if name == "a.jsonl" else b"[" + b",".join(rows) + b"]"
        found, (rejected,) = pull(
            write(tmp_path / name, raw), window=PullWindow(fields=("message",))
        )
        assert [one.uid for one in found] == ["1"]
        assert rejected.reason == "'message' is there twice in one object"

    @pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
    def test_of_one_object_is_refused(self, name: str, tmp_path: Path) -> None:
        rows = [
            b'{"id": "1", "message": "m", "label": "a", "label": "b"}',
            b'{"id": "2", "message": "m", "label": "a", "x": [{"label": 1}, {"label": 2}]}',
            b'{"id": "3", "message": "m", "message": "n"}',
        ]
        raw = b"\n".join(rows) if name == "a.jsonl" else b"[" + b",".join(rows) + b"]"
        window = PullWindow(labelled=True, fields=("message",))
        found, rejected = pull(write(tmp_path / name, raw), window=window)
        assert [one.uid for one in found] == ["2"]
        assert [one.reason for one in rejected] == [
            "'label' is there twice in one object",
            "'message' is there twice in one object",
        ]

    def test_of_an_outer_object_is_refused(self, tmp_path: Path) -> None:
        rows = [
            b'{"id": "1", "verdict": {"word": "a"}, "verdict": {"word": "b"}}\n',
            b'{"id": "2", "verdict": {"word": "a", "word": "b"}}\n',
            b'{"id": "3", "verdict": {"word": "a"}, "x": {"verdict": {"word": "b"}}}\n',
        ]
        found, rejected = pull(write(tmp_path / "a.jsonl", *rows), label="verdict.word")
        assert [one.uid for one in found] == ["3"]
        assert [one.reason.split()[0] for one in rejected] == ["'verdict'", "'word'"]

    def test_flat_and_nested_is_refused(self, tmp_path: Path) -> None:
        rows = [{"a.b": 1, "a": {"b": 2}}, {"a.b": 1, "a": {"c": 2}}]
        found, rejected = pull(write_lines(tmp_path / "a.jsonl", rows))
        assert dict(found[0].fields) == {"a.b": 1, "a.c": 2}
        assert [one.reason for one in rejected] == [
            "'a.b' is there twice, nested and under its dotted name"
        ]

    def test_of_parquet_columns_is_an_error(self, tmp_path: Path) -> None:
        path = tmp_path / "a.parquet"
        table = pa.Table.from_arrays([pa.array(["x"]), pa.array(["y"])], names=["label", "label"])
        pq.write_table(table, path)
        with pytest.raises(SourceError, match="two columns named 'label'"):
            pull(path)


class TestEncoding:
    @pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.json", "a.jsonl.gz"])
    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "utf-8-sig"])
    def test_of_the_mark_is_read(self, encoding: str, name: str, tmp_path: Path) -> None:
        raw = _encoded(name, encoding)
        path = write(tmp_path / name, gzip.compress(raw) if name.endswith("gz") else raw)
        every = pages(path, page_size=1)
        assert [texts(page.incidents) for page in every] == [["Grüße"], ["見積"], ["ende"]]
        rest = pages(path, page_size=1, cursor=every[0].cursor)
        assert [page.incidents for page in rest] == [page.incidents for page in every[1:]]

    @pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.json"])
    def test_that_is_set_is_read(self, name: str, tmp_path: Path) -> None:
        path = write(tmp_path / name, _encoded(name, "shift_jis", first="表"))
        found, rejected = pull(path, encoding="shift_jis")
        assert (texts(found), rejected) == (["表", "見積", "ende"], [])

    @pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.json"])
    def test_that_is_missing_is_named(self, name: str, tmp_path: Path) -> None:
        raw = _encoded(name, "cp1252", second="naïve")
        path = write(tmp_path / name, raw)
        _, rejected = pull(path)
        assert "not UTF-8" in rejected[0].reason
        assert "`encoding: cp1252`" in rejected[0].reason
        found, rejected = pull(path, encoding="cp1252")
        assert (texts(found), rejected) == (["Grüße", "naïve", "ende"], [])

    def test_undefined_byte_costs_one_line(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.jsonl", GOOD, b'{"message": "\x81"}\n', GOOD)
        found, rejected = pull(path, encoding="cp1252")
        assert len(found) == 2
        assert "not cp1252" in rejected[0].reason
        assert rejected[0].where.endswith(":2")

    def test_without_mark_is_suggested(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", "id,message\n1,x\n".encode("utf-16-le"))
        with pytest.raises(SourceError, match="set `encoding: utf-16-le`"):
            pull(path)
        assert texts(pull(path, encoding="utf-16-le")[0]) == ["x"]


def _encoded(name: str, encoding: str, first: str = "Grüße", second: str = "見積") -> bytes:
    rows = [{"id": str(n), "message": m} for n, m in enumerate([first, second, "ende"])]
    if name.startswith("a.jsonl"):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    elif name == "a.json":
        text = json.dumps({"Records": rows}, ensure_ascii=False)
    else:
        text = "id,message\n" + "".join(f"{row['id']},{row['message']}\n" for row in rows)
    mark = "\ufeff".encode(encoding) if encoding.endswith("-be") else b""
    return mark + text.encode(encoding)


class TestWorkbook:
    def test_is_refused_with_the_remedy(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.xlsx", b"PK")
        for given in (path, tmp_path):
            with pytest.raises(SourceError, match="save its sheet as `CSV UTF-8`"):
                pull(given)

    def test_beside_other_files_is_counted(self, tmp_path: Path) -> None:
        write(tmp_path / "b.XLS", b"PK")
        found, rejected = pull(write(tmp_path / "a.jsonl", GOOD).parent)
        assert len(found) == 1
        assert "CSV UTF-8" in rejected[0].reason


class TestEmptyFile:
    @pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet", "a.json"])
    def test_gives_nothing_and_no_error(self, name: str, tmp_path: Path) -> None:
        assert pull(write(tmp_path / name)) == ([], [])

    def test_may_be_a_gzip_too(self, tmp_path: Path) -> None:
        assert pull(write(tmp_path / "a.jsonl.gz", gzip.compress(b""))) == ([], [])


class TestParquet:
    def test_that_is_damaged_is_one_rejection(self, tmp_path: Path) -> None:
        found, rejected = pull(write(tmp_path / "a.parquet", b"PAR1 this is not one PAR1"))
        assert not found
        assert "not a Parquet file" in rejected[0].reason


class TestJsonLines:
    def test_may_have_what_json_has_not(self, tmp_path: Path) -> None:
        lines = [
            b'{"id": "1", "label": NaN, "score": -Infinity},\n',
            b'{"id": "2", "label": 1.0, "text": "NaN, really"},\n',
            b'{"id": "3", "label": "NaN"}\n',
        ]
        for name in ("a.jsonl", "b.json"):
            found, rejected = pull(write(tmp_path / name, *lines))
            assert rejected == []
            assert [[v.value for v in one.verdicts] for one in found] == [[], ["1"], []]
            assert dict(found[1].fields) == {"id": "2", "text": "NaN, really"}

    def test_may_have_blanks_and_a_mark(self, tmp_path: Path) -> None:
        found, rejected = pull(
            write(tmp_path / "a.jsonl", b"\xef\xbb\xbf", GOOD, b"\n  \r\n", GOOD)
        )
        assert len(found) == 2
        assert not rejected
        found, _ = pull(write(tmp_path / "b.csv", b"\xef\xbb\xbfid,message\r\n1,x\r\n"))
        assert found[0].uid == "1"
