"""From configured paths to a sorted list of files."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import PullWindow
from sftsec_core.api.errors import ConnectorError
from sftsec_files.config import FilesConfig
from sftsec_files.errors import SourceError
from sftsec_files.sources import find_sources, problems
from tests.connectors.files.helpers import GOOD, connector, pages, pull, texts, write, write_lines
from tests.logs import told

_NOBODY = 65534


@contextmanager
def without_root() -> Iterator[None]:
    """Let permissions count, which root passes over."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


class TestPaths:
    def test_are_read_in_their_order(self, tmp_path: Path) -> None:
        (tmp_path / "deep").mkdir()
        for name in ("b.jsonl", "a.jsonl", "deep/c.ndjson", ".hidden.jsonl", "notes.md"):
            write_lines(tmp_path / name, [{"message": name}])
        found, _ = pull(tmp_path)
        assert texts(found) == ["a.jsonl", "b.jsonl", "deep/c.ndjson"]
        found, _ = pull(tmp_path / "*.jsonl")
        assert texts(found) == ["a.jsonl", "b.jsonl"]


class TestFolder:
    def test_that_cannot_be_listed_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("in/a.jsonl", "in/deep/b.jsonl", "in/.git/c.jsonl"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            write_lines(tmp_path / name, [{"message": name}])
        tmp_path.chmod(0o755)
        monkeypatch.chdir(tmp_path)  # the folders above are the user's own
        config = FilesConfig(paths=(Path("in"),))
        Path("in/.git").chmod(0)
        Path("in/deep").chmod(0)
        with without_root():
            with pytest.raises(SourceError, match="in/deep cannot be read: Permission denied"):
                find_sources(config)
            assert list(problems(config)) == ["in/deep cannot be read: Permission denied"]
        Path("in/deep").chmod(0o755)
        with without_root():
            assert [one.name for one in find_sources(config)] == ["a.jsonl", "deep/b.jsonl"]
        Path("in/.git").chmod(0o755)


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


class TestPath:
    def test_that_cannot_be_read_stops_at_once(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match="does not exist"):
            pull(tmp_path / "nowhere.jsonl")
        with pytest.raises(SourceError, match="does not exist"):
            pull(tmp_path / "*.jsonl")
        with pytest.raises(SourceError, match=r"none of the suffixes .*set `format`"):
            pull(write(tmp_path / "a.md", GOOD))
        with pytest.raises(SourceError, match="does not begin as JSON does; set `format`"):
            pull(write(tmp_path / "a.txt", b"id,message\n1,one\n"))
        with pytest.raises(ConnectorError, match="gunzip it"):
            pull(write(tmp_path / "a.parquet.gz", b""))


class TestSuffixThatSaysNothing:
    @pytest.mark.parametrize(
        "name", ["eve.log", "export.TXT", "eve.json.1", "a.jsonl-20260105", "a.log.2026-01-05"]
    )
    def test_is_read_when_it_holds_json(self, name: str, tmp_path: Path) -> None:
        write(tmp_path / name, GOOD)
        assert texts(pull(tmp_path)[0]) == texts(pull(tmp_path / name)[0]) == ["fine"]

    @pytest.mark.parametrize(
        "content",
        [
            b'{"value": [{"message": "one"}, {"message": "two"}]}',
            b'[{"message": "one"},\n {"message": "two"}]',
            b'\xef\xbb\xbf\n{\n  "message": "one"\n}\n{\n  "message": "two"\n}\n',
            '{"message": "one"}\n{"message": "two"}\n'.encode("utf-16"),
        ],
    )
    def test_may_hold_a_document(self, content: bytes, tmp_path: Path) -> None:
        write(tmp_path / "export.txt", content)
        write(tmp_path / "more.log.gz", gzip.compress(content))
        assert texts(pull(tmp_path)[0]) == ["one", "two"] * 2

    @pytest.mark.parametrize(
        "content", [b"[Mon Jan  5 08:00:00 2026] started\n", b"{key: value}\n", b"\x1f\x8b", b""]
    )
    def test_is_left_out_without_json(
        self, content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        write(tmp_path / "a.jsonl", GOOD)
        write(tmp_path / "b.log", content)
        write(tmp_path / "c.log.gz", content)
        found, rejected = pull(tmp_path)
        assert (texts(found), rejected) == (["fine"], [])
        left_out = ".log (1), .log.gz (1)"
        assert told(caplog, "sftsec_files") == [
            f"{tmp_path}: left out, of no known kind: {left_out}"
        ]

    def test_has_the_format_that_is_set(self, tmp_path: Path) -> None:
        write(tmp_path / "a.txt", b"id,message\n1,one\n")
        assert texts(pull(tmp_path, format="csv")[0]) == ["one"]

    def test_goes_on_where_it_was_appended(self, tmp_path: Path) -> None:
        file = write(tmp_path / "eve.log", GOOD)
        (first,) = pages(tmp_path)
        write(file, GOOD + b'{"id": "2", "message": "two"}\n')
        (second,) = pages(tmp_path, cursor=first.cursor)
        assert texts(second.incidents) == ["two"]


class TestFilesLeftOut:
    def test_are_counted_by_kind(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        write(tmp_path / "a.jsonl", GOOD)
        for name in ("b.xml", "c.xml", "README"):
            write(tmp_path / name, b"x")
        (page,) = pages(tmp_path)
        expected = [f"{tmp_path}: left out, of no known kind: .xml (2), README (1)"]
        assert told(caplog, "sftsec_files") == expected
        pages(tmp_path, cursor=page.cursor)
        assert told(caplog, "sftsec_files") == expected

    def test_are_not_said_by_the_check(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        write(tmp_path / "a.jsonl", GOOD)
        write(tmp_path / "b.xml", b"x")
        assert not connector(tmp_path).check()
        assert not told(caplog, "sftsec_files")  # the first page, which is read next, says it

    def test_are_not_spoken_of_when_none_are(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        write(tmp_path / "a.jsonl", GOOD)
        write(tmp_path / ".hidden", b"x")
        pages(tmp_path)
        assert not told(caplog, "sftsec_files")


class TestSources:
    def test_have_settings_of_their_own(self, tmp_path: Path) -> None:
        write_lines(tmp_path / "a.jsonl", [{"id": "1", "message": "one", "label": "bad"}])
        write(tmp_path / "b.csv", "Ref;Text;Verdict\n2;zwö;good\n".encode("cp1252"))
        (tmp_path / "ham").mkdir()
        write(tmp_path / "ham" / "3.eml", b"Subject: s\nMessage-ID: <3>\n\nthree")
        sources = [
            {
                "paths": [str(tmp_path / "b.csv")],
                "delimiter": ";",
                "encoding": "cp1252",
                "rename": {"id": "Ref", "message": "Text", "label": "Verdict"},
            },
            {"paths": [str(tmp_path / "ham")], "label_from": "folder", "id": "email.message_id"},
        ]
        window = PullWindow(labelled=True, fields=("message",), required=("message",))
        asked: dict[str, Any] = {"sources": sources, "window": window}
        found, rejected = pull(tmp_path / "a.jsonl", **asked)
        assert rejected == []
        assert [(i.uid, i.fields["message"], i.verdicts[0].value) for i in found] == [
            ("1", "one", "bad"),
            ("2", "zwö", "good"),
            ("<3>", "three", "ham"),
        ]
        cursor = pages(tmp_path / "a.jsonl", page_size=2, **asked)[0].cursor
        [rest] = pages(tmp_path / "a.jsonl", page_size=2, cursor=cursor, **asked)
        assert [one.uid for one in rest.incidents] == ["<3>"]
