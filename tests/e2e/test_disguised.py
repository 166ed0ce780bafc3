"""Disguise through the command line: a bound without its audit, and the audit without a bound."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import yaml

from tests.e2e.site import Site

TASK = "triage"
_GOOD = "lunch meeting agenda minutes thursday report budget holiday garden music".split()  # noqa: SIM905 - reads better
_BAD = "verify password urgent account locked prize claim click reward bonus".split()  # noqa: SIM905 - reads better


@pytest.fixture
def site(tmp_path: Path) -> Site:
    draw = random.Random(3)  # noqa: S311 - reproducible texts, no secret
    with (tmp_path / "incidents.jsonl").open("w", encoding="utf-8") as out:
        for number in range(200):
            label = ("benign", "malicious")[number % 2]
            words = draw.choices(_GOOD, k=7)
            if number % 2:
                words[2:4] = draw.choices(_BAD, k=2)
            row = {"id": f"i{number}", "message": " ".join(words) + f" {number}", "label": label}
            out.write(json.dumps(row) + "\n")
    task = {
        "connector": "incidents",
        "text": ["message"],
        "labels": {"benign": ["benign"], "malicious": ["malicious"]},
        "benign": "benign",
        "split": {"method": "stratified"},
        "train": {"recipe": "linear"},
        "gate": {"min_labels": 20, "on_few_labels": "warn"},
    }
    settings = {
        "version": 1,
        "plugins": ["core", "files", "pii", "robust"],
        "connectors": {"incidents": {"type": "files", "paths": ["incidents.jsonl"]}},
        "tasks": {TASK: task},
    }
    (tmp_path / "sftsec.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return Site(tmp_path)


class TestRetrain:
    def test_bound_without_the_audit_is_refused(self, site: Site) -> None:
        gate = {"min_labels": 20, "voters": {"max_robust_drop": {"drop": 0.2}}}
        site.change("tasks", TASK, gate=gate)
        said = json.loads(site._run("retrain", TASK, "--json").stdout)
        cast = {each["voter"]: each for each in said["votes"]}
        assert "add it to evaluation.audits" in cast["max_robust_drop"]["reason"]
        assert not said["promoted"]

    def test_loss_without_a_bound_warns(self, site: Site) -> None:
        site.change("tasks", TASK, evaluation={"audits": {"disguise": {"rows": 10, "queries": 20}}})
        said = json.loads(site.run("retrain", TASK, "--json"))
        cast = {each["voter"]: each for each in said["votes"]}
        assert cast["max_robust_drop"]["warning"], said["votes"]
        assert "no bound is set" in cast["max_robust_drop"]["reason"]
        assert said["promoted"]
