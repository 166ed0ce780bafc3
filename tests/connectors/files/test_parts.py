"""Parts bring what a pull brings, and hold again exactly when a pull would bring the same."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

import sftsec_files.extents as extents_module
from sftsec_core.api.domain import PullWindow, Verdict
from sftsec_files.config import FilesConfig
from sftsec_files.connector import FilesConnector
from sftsec_files.errors import MissingColumnsError
from tests.connectors.files.helpers import RECORDS, write_lines

LABELLED = PullWindow(labelled=True)


def connector(folder: Path) -> FilesConnector:
    config = FilesConfig(
        paths=(folder / "in",), verdicts=folder / "v.jsonl", id_scope="source", page_size=2
    )
    return FilesConnector(config)


def since(day: int) -> PullWindow:
    return PullWindow(since=datetime(2026, 1, day, tzinfo=UTC), labelled=True)


def proofs(folder: Path, window: PullWindow) -> dict[str, str]:
    found = {}
    for part in connector(folder).parts(window):
        list(part.pages(None))
        found[part.name] = part.proof()
    return found


def held(folder: Path, before: dict[str, str], window: PullWindow) -> list[bool]:
    """Whether each part of files holds still."""
    parts = [part for part in connector(folder).parts(window) if part.name != "verdict-log"]
    return [part.holds(before.get(part.name, "")) for part in parts]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(extents_module, "BLOCK", 200)
    (tmp_path / "in").mkdir()
    write_lines(tmp_path / "in" / "a.jsonl", RECORDS)
    return tmp_path


class TestPages:
    def test_are_those_of_the_pull(self, folder: Path) -> None:
        (folder / "in" / "b.jsonl").write_bytes(b'{"id": "b", "label": "a"}\n{broken}\n')
        pull = [*connector(folder).pull(LABELLED)]
        parts = [page for part in connector(folder).parts(LABELLED) for page in part.pages(None)]
        assert [i for page in parts for i in page.incidents] == [
            i for page in pull for i in page.incidents
        ]
        assert [r for page in parts for r in page.rejected] == [
            r for page in pull for r in page.rejected
        ]
        assert sum(len(page.incidents) for page in parts) == 10

    def test_resume_after_a_cursor(self, folder: Path) -> None:
        part = max(connector(folder).parts(LABELLED), key=lambda one: len(list(one.pages(None))))
        first, *rest = part.pages(None)
        assert rest
        assert [*part.pages(first.cursor)] == rest
        assert part.proof() == ""

    def test_of_a_misspelt_field_are_refused(self, folder: Path) -> None:
        window = PullWindow(labelled=True, fields=("mesage", "id"), required=("mesage", "id"))
        with pytest.raises(MissingColumnsError, match="did you mean 'message'"):
            proofs(folder, window)


class TestHolds:
    def test_while_nothing_changes(self, folder: Path) -> None:
        before = proofs(folder, LABELLED)
        found = held(folder, before, LABELLED)
        assert len(found) > 2
        assert all(found)

    def test_not_where_a_verdict_is_new(self, folder: Path) -> None:
        before = proofs(folder, LABELLED)
        given = [("r0", Verdict("b", "ann", datetime(2026, 2, 1, tzinfo=UTC)))]
        connector(folder).add_verdicts(given)
        assert held(folder, before, LABELLED)[0] is False
        assert all(held(folder, before, LABELLED)[1:])
        connector(folder).retract_verdicts(given)
        assert all(held(folder, before, LABELLED))

    def test_where_the_window_takes_the_same(self, folder: Path) -> None:
        before = proofs(folder, since(5))
        assert not all(held(folder, before, since(6)))
        assert any(held(folder, before, since(6)))
        assert not any(held(folder, before, LABELLED))
        late = PullWindow(since=datetime(2026, 1, 5, tzinfo=UTC), until=datetime.now(UTC))
        assert not any(held(folder, before, late))

    def test_not_where_the_file_was_touched(self, folder: Path) -> None:
        part = next(connector(folder).parts(LABELLED))
        list(part.pages(None))
        write_lines(folder / "in" / "a.jsonl", [*RECORDS, *RECORDS])
        assert part.proof() == ""
