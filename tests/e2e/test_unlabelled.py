"""Incidents that no one judged, end to end: a pool, and what a model of the others labels of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.dataset.sums import POOL, SELF_TRAINING, check_sums
from tests.e2e.site import Site

TASK = "triage"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site.make(
        tmp_path_factory.mktemp("site"),
        rows=300,
        open_rows=200,
        unlabelled={"max": 150, "window": "all"},
        train={"recipe": "linear", "self_training": {}},
    )


@pytest.fixture(scope="module")
def retrained(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = site.json("retrain", TASK)
    return found


@pytest.fixture(scope="module")
def pseudo_labels(site: Site, retrained: dict[str, Any]) -> dict[str, str]:
    file: Path = site.state / "runs" / retrained["run"] / "pseudo_labels.json"
    found: dict[str, str] = json.loads(file.read_text("utf-8"))
    return found


class TestUnlabelledIncidents:
    def test_add_up_from_pull_to_training(
        self, retrained: dict[str, Any], pseudo_labels: dict[str, str]
    ) -> None:
        data = retrained["data"]
        check_sums("the pool", data["unlabelled"], [POOL])
        check_sums("self-training", data["self_training"], [SELF_TRAINING])
        assert data["unlabelled"]["unlabelled"] == data["self_training"]["unlabelled"] > 50
        assert data["self_training"]["added"] == len(pseudo_labels)
        assert sum(data["self_training"]["labelled"].values()) > 20

    def test_are_in_no_part_of_the_split(
        self, site: Site, retrained: dict[str, Any], pseudo_labels: dict[str, str]
    ) -> None:
        data = retrained["data"]
        labelled, pool = (
            {row.uid for row in site.snapshot(site.state / "snapshots" / digest).incidents()}
            for digest in (data["snapshot"], data["unlabelled"]["snapshot"])
        )
        assert pseudo_labels.keys() <= pool
        assert not labelled & pool
        assert sum(data["parts"].values()) + data["row_counts"]["unlabelled"] == len(labelled)

    def test_are_listed_apart_from_labelled_ones(
        self, site: Site, retrained: dict[str, Any]
    ) -> None:
        kinds = {
            each["digest"]: "unlabelled" in each["manifest"]
            for each in site.json("dataset", "show", TASK)
        }
        data = retrained["data"]
        assert kinds == {data["snapshot"]: False, data["unlabelled"]["snapshot"]: True}
