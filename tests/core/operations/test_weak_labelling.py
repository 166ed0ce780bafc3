"""Labels of labelling functions in the training part of a run: counted, marked, never elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import Incident
from sftsec_core.api.errors import ConfigError
from sftsec_core.dataset.sums import WEAK_LABELS, check_sums
from sftsec_core.operations.build_dataset import build_dataset
from sftsec_core.operations.context import Context
from sftsec_core.operations.retrain import RetrainResult, retrain
from sftsec_core.operations.weak_labelling import WEAK_LABELS_FILE
from sftsec_core.testing import MemoryConnector, MemorySource, make_incidents
from tests.core.operations.memory_site import MemoryPlugin, memory_context
from tests.core.operations.secret_task import Observer

TOOL = {"kind": "verdict_of", "field": "tool", "labels": {"benign": ["ok"], "malicious": ["bad"]}}
WORSE = {"kind": "verdict_of", "field": "tool", "labels": {"benign": ["bad"], "malicious": ["ok"]}}
TASK: dict[str, Any] = {
    "unlabelled": {"max": 200, "window": "all"},
    "labelling_functions": {"tool": TOOL, "copy": TOOL, "worse": WORSE},
    "train": {"recipe": "linear", "launcher": "here"},
    "gate": {"min_labels": 5, "beat_baseline": False, "on_few_labels": "warn"},
}


def incidents() -> list[Incident]:
    """400 with another tool's verdict, which is right on nine of ten; two fifths are judged."""
    truth = {each.uid: each.verdicts[0].value for each in make_incidents(400, labelled=1.0)}
    word = {"benign": "ok", "malicious": "bad"}
    other = {"benign": "bad", "malicious": "ok"}
    return [
        replace(
            each,
            fields={
                **each.fields,
                "tool": (other if number % 10 == 3 else word)[truth[each.uid]],
            },
        )
        for number, each in enumerate(make_incidents(400, labelled=0.4))
    ]


def opened(folder: Path, **task: Any) -> Context:
    plugin = MemoryPlugin(lambda: MemoryConnector(MemorySource([*incidents()])))
    return memory_context(folder, plugin, Observer(), **{**TASK, **task})


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    with opened(tmp_path_factory.mktemp("site")) as context:
        yield context


@pytest.fixture(scope="module")
def outcome(work: Context) -> RetrainResult:
    return retrain(work, "mail")


class TestWeakLabelsOfARun:
    def test_are_counted_in_report_and_card(self, work: Context, outcome: RetrainResult) -> None:
        told = outcome.report.data["labelling_functions"]
        check_sums("the labelling functions", told, [WEAK_LABELS])
        assert told["added"] == sum(told["labelled"].values()) > 50
        assert work.registry.card(outcome.model)["training_data"]["labelling_functions"] == told

    def test_come_from_functions_that_are_used(self, outcome: RetrainResult) -> None:
        told = outcome.report.data["labelling_functions"]
        given = {each["name"]: (each["used"], each["labels"]) for each in told["functions"]}
        assert given["tool"] == given["copy"] == (True, told["added"])
        assert given["worse"] == (False, 0)

    def test_weigh_less_than_an_analysts(self, outcome: RetrainResult) -> None:
        found = json.loads((outcome.run.folder / WEAK_LABELS_FILE).read_text("utf-8"))
        assert {0.7 <= weight < 1 for _, weight in found.values()} == {True}
        parts = outcome.report.data["parts"]
        assert sum(outcome.report.labels_train.values()) == parts["train"]

    def test_are_given_to_no_judged_incident(self, outcome: RetrainResult) -> None:
        found = json.loads((outcome.run.folder / WEAK_LABELS_FILE).read_text("utf-8"))
        judged = {each.uid for each in incidents() if each.verdicts}
        assert found
        assert not judged & found.keys()

    def test_changed_list_is_another_training(self, tmp_path: Path) -> None:
        file = tmp_path / "bad.txt"
        file.write_text("evil.example\n", encoding="utf-8")
        bad = {"kind": "indicators", "fields": ["message"], "file": "bad.txt", "label": "malicious"}
        with opened(tmp_path, labelling_functions={"tool": TOOL, "bad": bad}) as context:
            first, again = retrain(context, "mail"), retrain(context, "mail")
            file.write_text("evil.example\nodd.example\n", encoding="utf-8")
            changed = retrain(context, "mail")
        assert (first.unchanged, again.unchanged, changed.unchanged) == (False, True, False)

    def test_missing_list_stops_before_a_pull(self, tmp_path: Path) -> None:
        bad = {"kind": "indicators", "fields": ["message"], "file": "bad.txt", "label": "malicious"}
        with opened(tmp_path, labelling_functions={"bad": bad}) as context:
            with pytest.raises(ConfigError, match=r"labelling_functions\.bad\.file: "):
                build_dataset(context, "mail")
            assert not context.store.snapshots.list("mail")
