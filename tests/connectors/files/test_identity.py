"""How records are named: within their file or the source, by one field or by several."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import Incident, PullWindow
from sftsec_files.config import FilesConfig
from sftsec_files.connector import FilesConnector
from tests.connectors.files.helpers import pull, write_lines


def uids(*paths: Path, **options: Any) -> list[str]:
    return [incident.uid for incident in pull(*paths, **options)[0]]


def pulled(site: Path, *paths: str, **options: Any) -> list[Incident]:
    """Pull as from a configuration file in the folder `site`."""
    values = {"paths": list(paths), **options}
    config = FilesConfig.model_validate(values, context={"base": site})
    pages = FilesConnector(config).pull(PullWindow())
    return [incident for page in pages for incident in page.incidents]


def numbered(path: Path, *texts: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_lines(path, [{"id": n, "message": text} for n, text in enumerate(texts)])


class TestNoId:
    def test_names_records_by_their_content(self, tmp_path: Path) -> None:
        path = write_lines(tmp_path / "a.jsonl", [{"id": "x", "message": m} for m in "aba"])
        first, second, third = uids(path, id=())
        assert first.startswith("record:")
        assert first == third != second

    def test_takes_blanks_for_no_id(self, tmp_path: Path) -> None:
        path = write_lines(tmp_path / "a.jsonl", [{"id": " \t", "message": m} for m in "ab"])
        assert [uid.startswith("record:") for uid in uids(path)] == [True, True]
        assert len(set(uids(path))) == 2


class TestScope:
    def test_of_a_file_keeps_ids_apart(self, tmp_path: Path) -> None:
        numbered(tmp_path / "mon" / "a.jsonl", "one", "two")
        numbered(tmp_path / "tue" / "a.jsonl", "three", "four")
        found = [each.uid for each in pulled(tmp_path, "mon", "tue")]
        assert found == ["mon/a.jsonl#0", "mon/a.jsonl#1", "tue/a.jsonl#0", "tue/a.jsonl#1"]

    def test_of_the_source_ignores_the_file(self, tmp_path: Path) -> None:
        numbered(tmp_path / "a.jsonl", "one")
        numbered(tmp_path / "b.jsonl", "one")
        found = pulled(tmp_path, "*.jsonl", id_scope="source")
        assert [each.uid for each in found] == ["0", "0"]

    def test_stays_where_the_site_is_moved(self, tmp_path: Path) -> None:
        site = tmp_path / "before"
        numbered(site / "in" / "a.jsonl", "one")
        write_lines(site / "in" / "b.jsonl", [{"message": "no id"}])
        before = [each.uid for each in pulled(site, "in")]
        moved = site.rename(tmp_path / "after")
        assert [each.uid for each in pulled(moved, "in")] == before

    def test_outside_the_site_is_the_whole_path(self, tmp_path: Path) -> None:
        path = numbered(tmp_path / "out" / "a.jsonl", "one")
        site = tmp_path / "site"
        site.mkdir()
        assert [each.uid for each in pulled(site, str(path))] == [f"{path}#0"]
        assert [each.uid for each in pulled(site, "../out/a.jsonl")] == ["../out/a.jsonl#0"]

    def test_keeps_names_of_what_is_appended_to(self, tmp_path: Path) -> None:
        numbered(tmp_path / "a.jsonl", "one")
        before = [each.uid for each in pulled(tmp_path, "a.jsonl")]
        numbered(tmp_path / "a.jsonl", "one", "two")
        assert [each.uid for each in pulled(tmp_path, "a.jsonl")][:1] == before

    def test_hides_its_mark_in_names_of_files(self, tmp_path: Path) -> None:
        write_lines(tmp_path / "a.jsonl", [{"id": "b.jsonl#1", "message": "one"}])
        write_lines(tmp_path / "a.jsonl#b.jsonl", [{"id": "1", "message": "two"}])
        found = pulled(tmp_path, "a.jsonl", "a.jsonl#b.jsonl", format="jsonl")
        assert len({each.uid for each in found}) == 2


class TestId:
    def test_may_be_several_fields(self, tmp_path: Path) -> None:
        rows: list[dict[str, Any]] = [
            {"host": {"name": "h"}, "n": 1},
            {"host": {"name": "h"}, "n": 2},
            {"n": 2},
        ]
        path = write_lines(tmp_path / "a.jsonl", rows)
        assert uids(path, id=["host.name", "n"]) == ["h|1", "h|2", "|2"]

    def test_of_several_fields_hides_their_mark(self, tmp_path: Path) -> None:
        rows = [{"a": "x|y", "b": "z"}, {"a": "x", "b": "y|z"}, {"a": "x%7Cy", "b": "z"}]
        path = write_lines(tmp_path / "a.jsonl", rows)
        assert len(set(uids(path, id=["a", "b"]))) == 3

    @pytest.mark.parametrize("value", [7, "7", 7.0, ["7"]])
    def test_is_read_in_each_form(self, tmp_path: Path, value: object) -> None:
        path = write_lines(tmp_path / "a.jsonl", [{"id": value, "message": "x"}])
        assert uids(path) == ["7"]

    @pytest.mark.parametrize("value", [7.5, ["a", "b"]])
    def test_that_is_no_name_is_rejected(self, tmp_path: Path, value: object) -> None:
        path = write_lines(tmp_path / "a.jsonl", [{"id": value, "message": "x"}])
        found, (rejected,) = pull(path)
        assert found == []
        assert "not a name" in rejected.reason
