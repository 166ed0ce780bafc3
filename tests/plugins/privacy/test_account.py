"""What the trainings of a task spend together: shown, kept when a run fails, and bounded."""

from __future__ import annotations

import json
from pathlib import Path

from tests.plugins.privacy.test_through_retrain import TASK, make

PRIVATE = {"name": "private_linear", "epsilon": 3.0, "features": 512, "steps": 20}
NO_VOTE = {"gate": {"min_labels": 20, "beat_baseline": False, "on_few_labels": "warn"}}


def judge_another(folder: Path, uid: str) -> None:
    record = {"id": uid, "message": f"alarm {uid} again", "label": "malicious"}
    with (folder / "incidents" / "judged.jsonl").open("a", encoding="utf-8") as out:
        out.write(json.dumps(record) + "\n")


class TestPrivacyAccount:
    def test_adds_trainings_up_to_the_budget(self, tmp_path: Path) -> None:
        site = make(tmp_path / "site", PRIVATE)
        budget = {"recipe": PRIVATE, "privacy_budget": {"epsilon": 5.0, "delta": 1e-4}}
        site.change("tasks", TASK, train=budget, evaluation={}, **NO_VOTE)
        assert "nothing bounds the loss" in site.run("privacy", "account", TASK)
        site.run("retrain", TASK)
        first = site.json("privacy", "account", TASK)
        assert 0 < first["epsilon"] < first["budget"] == 5.0
        judge_another(site.folder, "one")
        told = site.run("retrain", TASK, code=7)
        assert "the privacy budget of triage does not allow this training" in told
        assert "is left for one of as many steps" in told
        assert site.json("privacy", "account", TASK) == first
        budget["privacy_budget"] = {"epsilon": 9.0, "delta": 1e-4}
        site.change("tasks", TASK, train=budget)
        site.run("retrain", TASK)
        both = site.json("privacy", "account", TASK)
        alone = [each["epsilon"] for each in both["trainings"]]
        assert first["epsilon"] < both["epsilon"] < sum(alone)
        shown = site.run("privacy", "account", TASK)
        assert f"spent: epsilon {both['epsilon']:.2f} of 9" in shown

    def test_refuses_a_recipe_without_bound(self, tmp_path: Path) -> None:
        site = make(tmp_path / "site", "linear")
        train = {"recipe": "linear", "privacy_budget": {"epsilon": 5.0}}
        site.change("tasks", TASK, train=train, evaluation={}, **NO_VOTE)
        told = site.run("retrain", TASK, code=7)
        assert "the recipe 'linear' does not bound what its models give away" in told
        assert site.json("privacy", "account", TASK)["trainings"] == []
