"""`sftsec gc`: lists what is unused, and removes it with --yes."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.cli.gc import _rows, size
from sftsec_core.operations.unused import Item
from tests.core.cli.invoke import invoke, json_of, printed
from tests.e2e.site import Site

NOW = ("--older-than", "0s", "--keep", "0")


class TestGc:
    def test_only_lists_without_yes(self, site: Site) -> None:
        printed(site, "score", "triage")
        printed(site, "score", "triage")
        found = json_of(site, "gc", *NOW)
        assert (found["removed"], found["counts"]) == (False, {"run": 1, "work files": 1})
        shown = invoke(site, "gc", *NOW)
        assert "it is candidate and live" in shown.stdout
        assert "would be removed" in shown.stdout
        assert shown.stderr == "next: sftsec gc --yes\n"
        assert json_of(site, "gc", *NOW) == found

    def test_removes_with_yes_and_leaves_the_rest(self, site: Site) -> None:
        printed(site, "score", "triage")
        printed(site, "score", "triage")
        planned = json_of(site, "gc", *NOW)
        done = json_of(site, "gc", *NOW, "--yes")
        assert (done["removed"], done["counts"]) == (True, planned["counts"])
        assert done["bytes"] == planned["bytes"] > 0
        assert json_of(site, "gc", *NOW)["counts"] == {}
        assert len(json_of(site, "run", "list")) == 2
        run = Path(json_of(site, "report")["report"]).parent
        assert {path.name for path in run.iterdir()} == {
            "drift.json",
            "judged.npy",
            "proposed.json",
            "report.html",
            "report.json",
            "seen.npy",
            "snapshot",
        }
        assert json_of(site, "report")["evaluation"]["candidate"]["recipe"] == "linear"
        assert "nothing was trained" in printed(site, "retrain", "triage")
        printed(site, "model", "verify")

    def test_keeps_what_is_young_by_default(self, site: Site) -> None:
        assert json_of(site, "gc", "--yes")["counts"] == {}
        assert invoke(site, "gc", "--older-than", "soon").exit_code == 2


class TestRows:
    def test_sum_up_what_is_too_many(self) -> None:
        items = [Item("run", f"r-{n}", "t", (), 10, False, "old") for n in range(53)]
        rows = _rows([*items, Item("model", "m" * 64, "t", (), 5, False, "live")])
        assert len(rows) == 52
        assert rows[50:] == [
            ("run", "3 more", None, "30 B", "--json names all"),
            ("model", "m" * 19, "t", "5 B", "live"),
        ]


class TestSize:
    @pytest.mark.parametrize(
        ("count", "text"),
        [(999, "999 B"), (1000, "1.0 kB"), (999_960, "1.0 MB"), (5 * 10**15, "5000.0 TB")],
    )
    def test_is_in_powers_of_a_thousand(self, count: int, text: str) -> None:
        assert size(count) == text
