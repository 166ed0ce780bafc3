"""Transforms change what recipes are fitted on, and neither dev, test nor the count of labels."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.contracts import TransformResult, TransformSpec
from sftsec_core.api.domain import Event, Example, StageFinished, TaskSpec
from sftsec_core.api.hookspecs import hookimpl
from sftsec_core.api.settings.values import Strict
from sftsec_core.operations.build_dataset import build_dataset
from sftsec_core.operations.context import Context
from sftsec_core.operations.retrain import RetrainResult, retrain
from sftsec_core.operations.running import run_order
from sftsec_core.testing import MemoryConnector, MemorySource, make_incidents
from tests.core.operations.memory_site import MemoryPlugin, memory_context
from tests.core.operations.secret_task import Observer


class CopyConfig(Strict):
    weight: float = 0.5


@dataclass
class Copies:
    """Adds a copy of each malicious row; writes down what it was given."""

    given: list[Sequence[Example]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    @hookimpl
    def sftsec_register_transforms(self) -> Sequence[TransformSpec[Any]]:
        return [TransformSpec(name="copy", summary="x", config_model=CopyConfig, run=self.run)]

    def run(
        self, config: CopyConfig, examples: Sequence[Example], task: TaskSpec, seed: int
    ) -> TransformResult:
        self.given.append(examples)
        copies = [
            replace(
                each,
                uid=f"{each.uid}~{seed}",
                inputs={"text": f"{each.inputs['text']} {number * 7919} copied over"},
                weight=config.weight,
            )
            for number, each in enumerate(examples)
            if each.label == "malicious"
        ]
        return TransformResult([*examples, *copies], {"copies": len(copies)})


def site(folder: Path, copies: Copies, transforms: Sequence[Any]) -> Context:
    source = MemorySource(list(make_incidents(240, labelled=1.0)))
    plugin = MemoryPlugin(lambda: MemoryConnector(source))
    train = {"recipe": "linear", "launcher": "here", "transforms": transforms}
    sinks = [copies.events.append]
    return memory_context(folder, plugin, copies, Observer(), sinks=sinks, train=train)


def augmented_site(folder: Path, fields: Mapping[str, Sequence[str]]) -> Context:
    """A site whose incidents have an address in a field of their own behind the message."""
    incidents: list[Any] = [
        replace(each, fields={**each.fields, "host.ip": f"10.{n % 7}.{n % 50}.{n % 200 + 2}"})
        for n, each in enumerate(make_incidents(240, labelled=1.0))
    ]
    plugin = MemoryPlugin(lambda: MemoryConnector(MemorySource(incidents)))
    transforms = [{"name": "augment", "fields": fields}]
    train = {"recipe": "linear", "launcher": "here", "transforms": transforms}
    return memory_context(folder, plugin, Observer(), train=train, text=["message", "host.ip"])


@pytest.fixture(scope="module")
def copies() -> Copies:
    return Copies()


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory, copies: Copies) -> Iterator[RetrainResult]:
    folder = tmp_path_factory.mktemp("site")
    with site(folder, copies, [{"name": "copy", "weight": 0.25}]) as work:
        yield retrain(work, "mail", promote=False)


class TestTransforms:
    def test_see_train_alone(self, outcome: RetrainResult, copies: Copies) -> None:
        [given] = copies.given
        assert len(given) == outcome.report.data["parts"]["train"]
        assert len(given) < outcome.report.data["row_counts"]["labelled"]

    def test_are_counted_in_report_and_card(self, outcome: RetrainResult) -> None:
        [told] = outcome.report.data["transforms"]
        labels = outcome.report.labels_train
        assert told["name"] == "copy"
        assert told["before"] == sum(labels.values())
        assert told["added"] + told["held_out"] == told["notes"]["copies"] == labels["malicious"]
        assert told["added"] > 0
        report = json.loads((outcome.report_file.parent / "report.json").read_text("utf-8"))
        assert report["data"]["transforms"] == [told]
        [card] = (outcome.model.folder / "cards").glob("*/card.json")
        assert json.loads(card.read_text("utf-8"))["training_data"]["transforms"] == [told]

    def test_emit_a_stage_with_counts(self, outcome: RetrainResult, copies: Copies) -> None:
        [told] = outcome.report.data["transforms"]
        [stage] = (
            e for e in copies.events if isinstance(e, StageFinished) and e.stage == "transform"
        )
        assert (stage.counts["rows"], stage.counts["added"]) == (told["after"], told["added"])

    def test_shape_the_run(self, tmp_path: Path) -> None:
        orders = []
        for weight in (0.25, 0.5):
            with site(tmp_path, Copies(), [{"name": "copy", "weight": weight}]) as work:
                orders.append(run_order(work, "retrain", "mail"))
        assert orders[0] != orders[1]

    def test_augment_fields_of_a_text(self, tmp_path: Path) -> None:
        fields = {"host.ip": ["addresses"]}
        with augmented_site(tmp_path, fields) as work:
            result = retrain(work, "mail", promote=False)
        [told] = result.report.data["transforms"]
        train = result.report.data["parts"]["train"]
        assert told["before"] == told["notes"]["originals"] == train
        assert told["notes"]["copies"] == told["added"] + told["held_out"] > train / 2
        assert told["rewritten"] == told["removed"] == told["relabelled"] == 0
        assert sum(result.report.labels_train.values()) == train

    def test_show_in_a_dataset_build(self, tmp_path: Path) -> None:
        with site(tmp_path, Copies(), ["copy"]) as work:
            built = build_dataset(work, "mail").to_json()
        assert [each["name"] for each in built["transforms"]] == ["copy"]
