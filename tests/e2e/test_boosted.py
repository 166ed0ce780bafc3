"""A task of numbers and categories, end to end: pull, snapshot, gate, promote, score, push."""

from __future__ import annotations

import gzip
import importlib.util
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.site import Site, with_encryption
from tests.needs import need

TASK = "fraud"
OPEN = 2000


def rows(data: Path, part: str, one_in: int) -> Iterator[dict[str, Any]]:
    """All fraud of a part, and one in so many of the other transactions."""
    with gzip.open(data / f"{part}.jsonl.gz", "rt", encoding="utf-8") as file:
        for number, line in enumerate(file):
            row = json.loads(line)
            if row["label"] == "fraud" or number % one_in == 0:
                yield row


def write(path: Path, records: Iterator[dict[str, Any]] | list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in records), encoding="utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, data_dir: Callable[[str], Path]) -> Site:
    need(importlib.util.find_spec("lightgbm"), "pip install 'sftsec[boosted]'")
    data, folder = data_dir("card_fraud"), tmp_path_factory.mktemp("site")
    for part in ("train", "dev", "test"):
        write(folder / f"{part}.jsonl", rows(data, part, 10))
    fresh = list(rows(data, "test", 7))[:OPEN]
    write(
        folder / "open.jsonl", [{**row, "id": f"open-{row['id']}", "label": None} for row in fresh]
    )
    task = {
        "connector": "cards",
        "numbers": ["transaction.amount"],
        "categories": ["terminal.id", "user.id"],
        "labels": {"legitimate": ["legitimate"], "fraud": ["fraud"]},
        "benign": "legitimate",
        "split": {"method": "given"},
        "train": {"recipe": {"name": "boosted", "rounds": 100, "threads": 1}},
    }
    paths = [f"{part}.jsonl" for part in ("train", "dev", "test", "open")]
    cards = {"type": "files", "paths": paths, "output": "detections.jsonl"}
    settings = {"version": 1, "connectors": {"cards": cards}, "tasks": {TASK: task}}
    (folder / "sftsec.yaml").write_text(yaml.safe_dump(with_encryption(settings)), encoding="utf-8")
    return Site(folder)


@pytest.fixture(scope="module")
def retrained(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = site.json("retrain", TASK)
    return found


class TestBoostedSite:
    def test_passes_the_check_without_a_warning(self, site: Site) -> None:
        assert site.json("config", "check")["warnings"] == []

    def test_promotes_a_model_through_the_gate(self, retrained: dict[str, Any]) -> None:
        assert retrained["promoted"], retrained["votes"]
        assert retrained["model"]["recipe"] == "boosted"
        assert retrained["metrics"]["candidate"]["average_precision"] > 0.3

    def test_keeps_numbers_as_numbers(self, site: Site, retrained: dict[str, Any]) -> None:
        snapshots = site.folder / ".sftsec" / "snapshots"
        snapshot = site.snapshot(snapshots / retrained["data"]["snapshot"])
        incident = next(snapshot.incidents())
        assert isinstance(incident.fields["transaction.amount"], float)
        assert isinstance(incident.fields["terminal.id"], str)

    def test_pushes_each_detection_once(self, site: Site, retrained: dict[str, Any]) -> None:
        scored = site.json("score", TASK)
        assert scored["model"] == retrained["model"]["digest"]
        assert scored["scored"] == OPEN
        assert 0 < scored["detections"] < OPEN / 2
        assert len(site.pushed()) == scored["delivered"]["written"] == scored["detections"]
        again = site.json("score", TASK, "--rescan")
        assert again["delivered"]["written"] == 0

    def test_refuses_a_text_recipe_by_name(self, site: Site, tmp_path: Path) -> None:
        settings = yaml.safe_load(site.config.read_text(encoding="utf-8"))
        settings["tasks"][TASK]["train"] = {"recipe": "linear"}
        (tmp_path / "sftsec.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        line = Site(tmp_path).run("config", "check", code=3)
        assert "recipe 'linear' reads `text`, and the task names none" in line

    def test_names_numbers_unread_by_text_recipe(self, site: Site, tmp_path: Path) -> None:
        settings = yaml.safe_load(site.config.read_text(encoding="utf-8"))
        task = settings["tasks"][TASK]
        task |= {"text": ["merchant.name"], "train": {"recipe": "linear"}}
        (tmp_path / "sftsec.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        (warning,) = Site(tmp_path).json("config", "check")["warnings"]
        assert warning == (
            "tasks.fraud.train: recipe 'linear' does not read transaction.amount, terminal.id, "
            "user.id"
        )
