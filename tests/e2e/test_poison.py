"""Through a whole retraining: a poisoned model is refused, a defended one passes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.site import Site, with_encryption
from tests.plugins.poison.made import honest_rows, poisoned_rows

TASK = "triage"
AUDITS = {"poisoning": {"analysts": 1}}
BOUND = {"voters": {"poisoning": {"max_success": 0.05}}}


def site_of(folder: Path, **task: Any) -> Site:
    """A site whose analyst `mallory` poisons the verdicts."""
    lines = [
        {
            "id": row.uid,
            "message": row.inputs["text"],
            "label": row.label,
            "analyst": {"name": row.analysts[0]},
        }
        for row in poisoned_rows(honest_rows(400), 20)
    ]
    folder.mkdir(exist_ok=True)
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "incidents.jsonl").write_text(text, encoding="utf-8")
    gate = {"min_labels": 20, "on_few_labels": "warn", **task.pop("gate", {})}
    settings = {
        "version": 1,
        "plugins": ["core", "pii", "files", "poison"],
        "connectors": {
            "incidents": {"type": "files", "paths": ["incidents.jsonl"], "analyst": "analyst.name"}
        },
        "tasks": {
            TASK: {
                "connector": "incidents",
                "text": ["message"],
                "labels": {"benign": ["benign"], "malicious": ["malicious"]},
                "benign": "benign",
                "split": {"method": "stratified"},
                "train": {"recipe": "linear"},
                "gate": gate,
                **task,
            }
        },
    }
    site = Site(folder)
    site.config.write_text(yaml.safe_dump(with_encryption(settings)), encoding="utf-8")
    return site


def vote_of(result: Mapping[str, Any], voter: str) -> Mapping[str, Any]:
    [vote] = [each for each in result["votes"] if each["voter"] == voter]
    found: Mapping[str, Any] = vote
    return found


class TestPoisonedSite:
    def test_poisoned_model_is_refused_until_defended(self, tmp_path: Path) -> None:
        site = site_of(tmp_path / "site", evaluation={"audits": AUDITS}, gate=BOUND)
        assert "the worst trigger turns" in site.run("retrain", TASK, code=8)
        site.change("tasks", TASK, train={"recipe": "linear", "transforms": ["poison"]})
        passed = site.json("retrain", TASK)
        assert passed["promoted"], passed["votes"]
        assert vote_of(passed, "poisoning")["approve"]
        [told] = passed["data"]["transforms"]
        assert told["notes"]["with a trigger"] == told["reweighted"] > 0
        review = site.json("labels", "review", TASK)
        assert all("mallory" in each["reason"] for each in review["incidents"])
        assert review["total"] == told["reweighted"]


class TestCanaries:
    def test_model_that_misses_one_is_refused(self, tmp_path: Path) -> None:
        site = site_of(tmp_path / "site")
        right = [{"message": "beacon to evil host bravo", "label": "malicious"}]
        wrong = [{"message": "backup finished golf hotel", "label": "malicious"}]
        known = honest_rows(400)[1]
        copied = [{"message": known.inputs["text"], "label": known.label}]
        digest = write_canaries(site, right + copied)
        site.change("tasks", TASK, gate={**canaries(digest), "min_labels": 20})
        passed = site.json("retrain", TASK)
        assert vote_of(passed, "canaries")["approve"]
        assert passed["data"]["canaries"] == {"canaries": 2, "left_out": 1, "sha256": digest}
        digest = write_canaries(site, right + wrong)
        assert "is not the file whose sha256 is given" in site.run("retrain", TASK, code=3)
        site.change("tasks", TASK, gate={**canaries(digest), "min_labels": 20})
        refused = site.run("retrain", TASK, code=8)
        assert "1 of 2 canaries are judged rightly" in refused
        assert "number 2" in refused

    def test_broken_canary_is_named(self, tmp_path: Path) -> None:
        site = site_of(tmp_path / "site")
        digest = write_canaries(site, [{"message": "x", "label": "malicous"}])
        site.change("tasks", TASK, gate=canaries(digest))
        told = site.run("config", "check", code=3)
        assert "canaries.jsonl:1: unknown label 'malicous', did you mean 'malicious'?" in told


def write_canaries(site: Site, records: list[dict[str, Any]]) -> str:
    data = "".join(json.dumps(each) + "\n" for each in records).encode()
    (site.folder / "canaries.jsonl").write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def canaries(digest: str) -> dict[str, Any]:
    return {"canaries": {"path": "canaries.jsonl", "sha256": digest}, "on_few_labels": "warn"}
