"""Through a whole retraining: the voter refuses what remembers, and lets a private model pass."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.site import Site
from tests.plugins.privacy.inputs import odd_examples

TASK = "triage"
RECIPES = {
    "linear": ("linear", 8),
    "private_linear": ({"name": "private_linear", "epsilon": 3.0, "features": 512}, 0),
}


def make(folder: Path, recipe: object) -> Site:
    site = Site.make(
        folder,
        rows=20,
        open_rows=5,
        train={"recipe": recipe},
        split={"method": "stratified"},
        evaluation={"audits": {"privacy": {"shadows": 4, "canaries": 4, "rows": 500}}},
        # Privacy costs quality: a site that asks for it cannot ask it to beat the baseline too.
        gate={
            "min_labels": 20,
            "beat_baseline": False,
            "voters": {"max_membership_auc": {"max_auc": 0.57}},
        },
    )
    with (folder / "incidents" / "judged.jsonl").open("w", encoding="utf-8") as out:
        for each in odd_examples(400):
            text = each.inputs["text"]
            out.write(json.dumps({"id": each.uid, "message": text, "label": each.label}) + "\n")
    settings = site.config.read_text("utf-8")
    site.config.write_text(f"plugins: [core, files, pii, privacy]\n{settings}", encoding="utf-8")
    return site


class TestMembershipVote:
    @pytest.mark.parametrize("name", RECIPES)
    def test_decides_over_the_recipe(self, tmp_path: Path, name: str) -> None:
        recipe, code = RECIPES[name]
        site = make(tmp_path / "site", recipe)
        site.run("retrain", TASK, code=code)
        card = site.json("model", "show", f"{TASK}@candidate")["card"]
        votes = {each["voter"]: each for each in card["gate"]["votes"]}
        vote = votes["max_membership_auc"]
        assert vote["approve"] is (code == 0)
        assert "membership is told with AUC" in vote["reason"]
        if name == "private_linear":
            notes = card["model_details"]["fit_notes"]
            assert notes["differential_privacy"]["epsilon"] == 3.0
