"""A later pull takes over what did not change, and says why where it takes nothing."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.e2e.site import Site

TASK = "triage"
UNCHANGED = "unchanged since the last pull"


def built(site: Site, *more: str) -> tuple[dict[str, Any], str]:
    """The data set, and what was said on the way."""
    ended = site._run("dataset", "build", TASK, "--json", *more)
    assert ended.returncode == 0, ended.stderr
    return orjson.loads(ended.stdout), ended.stderr


def parts(site: Site) -> set[str]:
    return {path.name for path in (site.state / "increments" / TASK).glob("*/*/")}


@pytest.fixture
def small(tmp_path: Path) -> Site:
    return Site.make(tmp_path, rows=200, open_rows=0)


class TestLaterPull:
    def test_makes_what_a_full_one_makes(self, small: Site) -> None:
        first, _ = built(small)
        before = parts(small)
        assert before
        source = small.folder / "incidents" / "judged.jsonl"
        lines = source.read_bytes().splitlines(keepends=True)
        source.write_bytes(b"".join(lines[5:]))
        grown, _ = built(small)
        assert grown["snapshot"] != first["snapshot"]
        assert built(small, "--full")[0]["snapshot"] == grown["snapshot"]
        assert parts(small).isdisjoint(before)

    def test_of_a_changed_task_says_so(self, small: Site) -> None:
        built(small)
        before = parts(small)
        small.change("tasks", TASK, dedupe={"threshold": 0.9})
        again = small.run("dataset", "build", TASK, "--full")
        assert "have changed" not in again
        small.change("tasks", TASK, dedupe={"threshold": 0.8})
        ended = small._run("dataset", "build", TASK)
        assert "have changed since the last pull: everything is pulled" in ended.stderr
        assert len(parts(small)) == len(before)

    def test_of_another_database_starts_again(self, small: Site) -> None:
        built(small)
        for file in small.state.glob("sftsec.db*"):
            file.unlink()
        ended = small._run("dataset", "build", TASK)
        assert "does not know the run that pulled last" in ended.stderr

    def test_goes_with_a_task_that_went(self, small: Site) -> None:
        built(small)
        shutil.move(small.state / "increments" / TASK, small.state / "increments" / "old")
        assert "no task has this name" in small.run("gc")
        small.run("gc", "--yes")
        assert not (small.state / "increments" / "old").exists()
