"""Blocks end where a record ends, and their names say what they hold."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

import sftsec_files.extents as extents_module
from sftsec_files.config import FilesConfig
from sftsec_files.extents import Extent, group_name, grouped
from sftsec_files.sources import find_sources
from tests.connectors.files.helpers import RECORDS, write_lines


def groups(folder: Path) -> list[list[Extent]]:
    return list(grouped(find_sources(FilesConfig(paths=(folder,)))))


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extents_module, "BLOCK", 200)


class TestBlocks:
    def test_cover_the_file_line_by_line(self, tmp_path: Path) -> None:
        raw = write_lines(tmp_path / "a.jsonl", RECORDS).read_bytes()
        found = [extent for group in groups(tmp_path) for extent in group]
        assert len(found) > 2
        ends = [extent.end or 0 for extent in found]
        assert [extent.start.at for extent in found] == [0, *ends[:-1]]
        assert ends[-1] == len(raw)
        assert all(raw[end - 1 : end] == b"\n" for end in ends)
        lines = [raw[: extent.start.at].count(b"\n") for extent in found]
        assert [extent.start.number for extent in found] == lines

    def test_keep_their_names_as_files_grow(self, tmp_path: Path) -> None:
        file = write_lines(tmp_path / "a.jsonl", RECORDS)
        before = [group_name(group) for group in groups(tmp_path)]
        file.write_bytes(file.read_bytes() + b'{"id": "new", "message": "x"}\n')
        after = [group_name(group) for group in groups(tmp_path)]
        assert after[: len(before) - 1] == before[:-1]
        assert after[-1] not in before

    def test_never_part_an_action_from_its_record(self, tmp_path: Path) -> None:
        lines = [
            line
            for n in range(30)
            for line in ({"index": {"_id": f"d{n}"}}, {"message": f"text {n}", "label": "a"})
        ]
        raw = write_lines(tmp_path / "a.jsonl", lines).read_bytes()
        ends = [extent.end for group in groups(tmp_path) for extent in group]
        assert len(ends) > 3
        for end in ends:
            last = raw[:end].splitlines()[-1]
            assert "index" not in orjson.loads(last)

    def test_take_a_long_line_whole(self, tmp_path: Path) -> None:
        write_lines(tmp_path / "a.jsonl", [{"id": "1", "message": "x" * 3000}, *RECORDS[:1]])
        first = groups(tmp_path)[0][0]
        assert first.end is not None
        assert first.end > 3000


class TestGroups:
    def test_change_where_a_file_changes(self, tmp_path: Path) -> None:
        for number in range(40):
            (tmp_path / f"{number:02d}.eml").write_bytes(b"Subject: %d\n\nhello\n" % number)
        before = {group_name(group) for group in groups(tmp_path)}
        (tmp_path / "20.eml").write_bytes(b"Subject: other\n\nhello\n")
        after = {group_name(group) for group in groups(tmp_path)}
        assert len(before) > 3
        assert 0 < len(after - before) <= 2

    def test_tell_a_touched_file(self, tmp_path: Path) -> None:
        file = write_lines(tmp_path / "a.jsonl", RECORDS)
        ((extent, *_), *_) = groups(tmp_path)
        assert extent.is_as_digested
        file.write_bytes(b"{}\n")
        assert not extent.is_as_digested
