"""An unfair model through the command line: refused, and let pass once its gap is narrowed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from sftsec_core.bench.fairness_site import FIELD, make_site
from sftsec_core.bench.quality_data import read_dataset
from tests.core.bench.offices import offices_folder
from tests.e2e.site import Site, with_encryption

TASK = "triage"
DECIDER = {"name": "group_threshold", "field": FIELD, "allow": True}
OPEN = {"north": "urgent password report", "south": "urgent password report", "west": "prize"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Two offices, of which one's attacks are rare in train; and incidents of a third to score."""
    folder = tmp_path_factory.mktemp("fair")
    dataset = read_dataset(offices_folder(folder / "mail"))
    make_site(folder / "site", dataset, kept=0.03, seed=1)
    made = Site(folder / "site")
    rows = [_open(office, text, n) for office, text in OPEN.items() for n in range(20)]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (made.folder / "open.jsonl").write_text(text, encoding="utf-8")
    made.config.write_text(yaml.safe_dump(with_encryption(_settings())), encoding="utf-8")
    return made


def _open(office: str, text: str, n: int) -> dict[str, Any]:
    name = f"{office}{n}"
    message = f"{office} office: {text} verify click confirm {name}"
    return {"id": name, "message": message, "organization": {"name": office}}


def _settings() -> dict[str, Any]:
    files = [f"{part}.jsonl" for part in ("train", "dev", "test", "open")]
    incidents = {"type": "files", "paths": files, "output": "detections.jsonl"}
    task = {
        "connector": "incidents",
        "text": ["message"],
        "labels": {name: [name] for name in ("benign", "malicious")},
        "benign": "benign",
        "keep": [FIELD],
        "train": {"recipe": "linear"},
        "evaluation": {"groups": [FIELD], "audits": ["fairness"]},
        "gate": {"on_few_labels": "warn", "voters": {"max_group_gap": {"recall": 0.05}}},
    }
    return {
        "version": 1,
        "plugins": ["core", "files", "pii", "fair"],
        "connectors": {"incidents": incidents},
        "tasks": {TASK: task},
    }


class TestUnfairModel:
    def test_goes_live_once_its_gap_is_narrowed(self, site: Site) -> None:
        refused = site.run("retrain", TASK, code=8)
        assert "max_group_gap: the recall of organization.name=south is 0." in refused
        assert "the bound is 0.05" in refused
        site.change("tasks", TASK, decider=DECIDER)
        done = site.json("retrain", TASK)
        assert done["promoted"]
        votes = {each["voter"]: each for each in done["votes"]}
        assert "no group is surely worse" in votes["max_group_gap"]["reason"]
        # Whatever the configuration says now, the model decides by the office.
        site.change("tasks", TASK, evaluation={"groups": []}, decider={"name": "threshold"})
        scored = site.json("score", TASK)
        assert scored["unknown_groups"] == 20
        lines = site.output.read_text(encoding="utf-8").splitlines()
        told = [json.loads(line) for line in lines]
        thresholds = {each[FIELD]: each["sftsec.threshold"] for each in told}
        assert thresholds["south"] < thresholds["north"]

    def test_needs_its_field_kept(self, tmp_path: Path) -> None:
        settings = _settings()
        settings["tasks"][TASK] |= {"evaluation": {}, "decider": DECIDER}
        bare = Site(tmp_path)
        bare.config.write_text(yaml.safe_dump(settings), encoding="utf-8")
        said = bare.run("config", "check", code=3)
        assert "write `evaluation: {groups: [organization.name]}`" in said
        assert "tasks.triage.decider" in said
