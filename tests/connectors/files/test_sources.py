"""From configured paths to a sorted list of files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import PullWindow
from sftsec_core.api.errors import ConnectorError
from sftsec_files.errors import SourceError
from tests.connectors.files.helpers import GOOD, pages, pull, texts, write, write_lines


class TestPaths:
    def test_are_read_in_their_order(self, tmp_path: Path) -> None:
        (tmp_path / "deep").mkdir()
        for name in ("b.jsonl", "a.jsonl", "deep/c.ndjson", ".hidden.jsonl", "notes.txt"):
            write_lines(tmp_path / name, [{"message": name}])
        found, _ = pull(tmp_path)
        assert texts(found) == ["a.jsonl", "b.jsonl", "deep/c.ndjson"]
        found, _ = pull(tmp_path / "*.jsonl")
        assert texts(found) == ["a.jsonl", "b.jsonl"]


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
        with pytest.raises(SourceError, match="set `format`"):
            pull(write(tmp_path / "a.txt", GOOD))
        with pytest.raises(ConnectorError, match="gunzip it"):
            pull(write(tmp_path / "a.parquet.gz", b""))


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
