"""A run is resumed only when everything that shaped it is the same."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.site import Site
from tests.e2e.test_killed_retraining import STEPS, dying


def killed_site(folder: Path) -> Site:
    """A site whose retraining was killed when only the promotion was left to do."""
    site = Site.make(folder)
    site.run("retrain", "triage", code=-9, program=dying(*STEPS["promote"]))
    return site


class TestResume:
    def test_a_corrected_path_is_pulled_again(self, tmp_path: Path) -> None:
        """The interrupted run had read the wrong files: their data must not be promoted."""
        site = killed_site(tmp_path / "site")
        right = site.folder / "right"
        right.mkdir()
        lines = (site.folder / "incidents" / "judged.jsonl").read_text(encoding="utf-8")
        kept = [line for line in lines.splitlines() if json.loads(line)["id"] > "inc-000100"]
        (right / "judged.jsonl").write_text("\n".join(kept) + "\n", encoding="utf-8")
        with site.store() as store:
            (left,) = store.runs.list("triage")
            (wrong,) = store.snapshots.list("triage")
        site.change("connectors", "incidents", paths=["right"])
        result = site.json("retrain", "triage")
        assert result["run"] != left.id
        with site.store() as store:
            closed = store.runs.get(left.id)
            pulled = {each.digest: each.run_id for each in store.snapshots.list("triage")}
        assert closed.status == "failed"
        assert "what shaped it has changed" in (closed.error or "")
        assert pulled.pop(wrong.digest) == left.id
        assert list(pulled.values()) == [result["run"]]
        assert result["data"]["snapshot"] in pulled

    def test_the_same_settings_resume_and_say_so(self, tmp_path: Path) -> None:
        site = killed_site(tmp_path / "site")
        events = tmp_path / "events.jsonl"
        site.run("retrain", "triage", "--events", str(events))
        lines = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
        with site.store() as store:
            (run,) = store.runs.list("triage")
        started = next(line for line in lines if line["event"] == "run_started")
        assert (started["run"], started["task"], started["resumed"]) == (run.id, "triage", True)
        assert [line["event"] for line in lines if line["run"]][-2:] == [
            "model_promoted",
            "run_finished",
        ]
        assert all(line["at"] for line in lines)
