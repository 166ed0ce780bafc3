"""A cursor knows each file by its content: what was read of it, and what is new."""

from __future__ import annotations

import base64
import gzip
import hashlib
import shutil
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sftsec_core.sdk.errors import CursorError
from tests.connectors.files.helpers import RECORDS, pages, write, write_lines


def named(*names: str) -> list[dict[str, Any]]:
    """Records with these ids."""
    return [{"id": name, "message": f"text of {name}", "label": "a"} for name in names]


class Site:
    """A folder, and how far it was read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(exist_ok=True)
        self.cursor: str | None = None

    def write(self, name: str, *ids: str) -> Path:
        return write_lines(self.folder / name, named(*ids))

    def new(self, **options: Any) -> list[str]:
        """Pull on; return the ids that came."""
        found = pages(self.folder, cursor=self.cursor, **options)
        if found:
            self.cursor = found[-1].cursor
        assert not any(page.rejected for page in found)
        return [one.uid for page in found for one in page.incidents]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(tmp_path / "site")
    made.write("b.jsonl", "b1", "b2")
    made.write("d.jsonl", "d1", "d2")
    assert made.new() == ["b1", "b2", "d1", "d2"]
    return made


class TestLateFile:
    @pytest.mark.parametrize("name", ["a.jsonl", "c.jsonl", "e.jsonl", "b/x.jsonl"])
    def test_is_read_wherever_it_sorts(self, name: str, site: Site) -> None:
        (site.folder / "b").mkdir()
        site.write(name, "late")
        assert site.new() == ["late"]
        assert site.new() == []

    def test_may_be_a_copy_of_another(self, site: Site) -> None:
        shutil.copy(site.folder / "b.jsonl", site.folder / "a.jsonl")
        assert site.new() == ["b1", "b2"]


class TestChangedFile:
    def test_that_was_appended_is_read_on(self, site: Site) -> None:
        site.write("b.jsonl", "b1", "b2", "b3")
        assert site.new() == ["b3"]
        assert site.new() == []

    @pytest.mark.parametrize("ids", [("n1",), ("n1", "n2"), ("n1", "n2", "n3", "n4")])
    def test_that_was_replaced_is_read_again(self, ids: tuple[str, ...], site: Site) -> None:
        site.write("b.jsonl", *ids)
        assert site.new() == list(ids)
        assert site.new() == []

    def test_with_the_same_start_is_told_apart(self, tmp_path: Path) -> None:
        site = Site(tmp_path / "site")
        before = [f"{n:04}" for n in range(500)]
        path = site.write("a.jsonl", *before)
        site.new()
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(lines[:400]) + b"".join(reversed(lines[400:])) + lines[0])
        assert len(site.new()) == 501

    def test_half_a_line_is_read_when_whole(self, site: Site) -> None:
        line = orjson.dumps(named("late")[0])
        path = site.folder / "b.jsonl"
        with path.open("ab") as stream:
            stream.write(line[:20])
        for _ in range(2):
            [page] = pages(site.folder, cursor=site.cursor)
            assert [one.where.rpartition(":")[2] for one in page.rejected] == ["3"]
            site.cursor = page.cursor
        with path.open("ab") as stream:
            stream.write(line[20:] + b"\n")
        assert site.new() == ["late"]

    def test_that_is_gone_is_no_error(self, site: Site) -> None:
        (site.folder / "b.jsonl").unlink()
        assert site.new() == []

    def test_amid_a_pull_is_read_again(self, site: Site) -> None:
        site.write("e.jsonl", *(f"e{n}" for n in range(9)))
        site.cursor = pages(site.folder, cursor=site.cursor, page_size=3)[0].cursor
        site.write("e.jsonl", "x", "y")
        assert site.new() == ["x", "y"]

    @pytest.mark.parametrize("kind", ["json", "parquet", "csv.gz"])
    def test_of_another_kind_is_read_again(self, kind: str, tmp_path: Path) -> None:
        site = Site(tmp_path / "site")
        for ids in (("a", "b"), ("b", "c"), ("a", "b", "c")):
            _write_as(site.folder / f"x.{kind}", named(*ids))
            assert site.new() == list(ids)
            assert site.new() == []


def _write_as(path: Path, rows: list[dict[str, Any]]) -> None:
    if path.suffix == ".json":
        path.write_bytes(orjson.dumps({"Records": rows}))
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        text = "".join(",".join(row.values()) + "\n" for row in rows)
        path.write_bytes(gzip.compress(b"id,message,label\n" + text.encode()))


class TestRenamedFile:
    def test_of_a_rotation_is_read_on(self, site: Site) -> None:
        with (site.folder / "d.jsonl").open("ab") as stream:
            stream.write(orjson.dumps(named("d3")[0]) + b"\n")
        (site.folder / "d.jsonl").rename(site.folder / "d.1.jsonl")
        site.write("d.jsonl", "d4")
        assert site.new() == ["d3", "d4"]
        assert site.new() == []

    def test_site_that_moved_goes_on(self, site: Site, tmp_path: Path) -> None:
        site.write("e.jsonl", *(f"e{n}" for n in range(4)))
        site.cursor = pages(site.folder, cursor=site.cursor, page_size=2)[0].cursor
        site.folder = site.folder.rename(tmp_path / "elsewhere")
        assert site.new() == ["e2", "e3"]

    def test_glob_that_moved_goes_on(self, site: Site, tmp_path: Path) -> None:
        cursor = pages(site.folder / "*.jsonl")[-1].cursor
        site.folder.rename(tmp_path / "new")
        assert pages(tmp_path / "new" / "*.jsonl", cursor=cursor) == []


class TestPage:
    def test_goes_over_several_files(self, tmp_path: Path) -> None:
        for number in range(10):
            write_lines(tmp_path / f"{number}.jsonl", named(f"a{number}"))
        every = pages(tmp_path, page_size=4)
        assert [len(page.incidents) for page in every] == [4, 4, 2]
        for number, page in enumerate(every):
            rest = pages(tmp_path, page_size=4, cursor=page.cursor)
            assert [each.incidents for each in rest] == [p.incidents for p in every[number + 1 :]]


class TestEncoded:
    def test_length_is_bounded_by_the_files(self, tmp_path: Path) -> None:
        site = Site(tmp_path / "site")
        for number in range(100):
            site.write(f"{'long' * 40}-{number}.jsonl", f"a{number}")
        assert len(site.new()) == 100
        assert len(str(site.cursor)) < 45 * 100
        for file in site.folder.iterdir():
            file.unlink()
        site.write("a.jsonl", "new")
        assert site.new() == ["new"]
        assert len(str(site.cursor)) < 100

    @pytest.mark.parametrize("cursor", ["12345", "", "Ag==", "AgAAAAlb", "W10="])
    def test_of_another_kind_is_refused(self, cursor: str, site: Site) -> None:
        with pytest.raises(CursorError, match="not one of this connector's"):
            pages(site.folder, cursor=cursor or "\u2603")

    def test_of_an_older_version_resumes(self, site: Site) -> None:
        file = site.write("c.jsonl", "c1", "c2", "c3")
        at = len(orjson.dumps(named("c1")[0])) + 1
        head = hashlib.sha256(file.read_bytes()[:at]).hexdigest()[:16]
        parts = [str(file), at, 1, head, at, False]
        site.cursor = base64.urlsafe_b64encode(orjson.dumps(parts)).decode()
        assert site.new() == ["c2", "c3", "d1", "d2"]
        site.write("a.jsonl", "late")
        assert site.new() == ["late"]


class TestKinds:
    def test_all_resume_amid_a_file(self, tmp_path: Path) -> None:
        write(
            tmp_path / "u.jsonl", "".join(f'{{"id":"u{n}"}}\n' for n in range(5)).encode("utf-16")
        )
        write(tmp_path / "m.mbox", *(b"From x\nSubject: %d\n\nbody\n\n" % n for n in range(5)))
        _write_as(tmp_path / "p.parquet", RECORDS)
        every = pages(tmp_path, page_size=2)
        assert sum(len(page.incidents) for page in every) == 5 + 5 + len(RECORDS)
        for number, page in enumerate(every):
            rest = pages(tmp_path, page_size=2, cursor=page.cursor)
            assert [each.incidents for each in rest] == [p.incidents for p in every[number + 1 :]]
