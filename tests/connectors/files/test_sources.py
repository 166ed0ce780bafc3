"""From configured paths to a sorted list of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.errors import ConnectorError
from sftsec_files.errors import SourceError
from tests.connectors.files.helpers import GOOD, pull, texts, write, write_lines


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
