"""Labels of a model in the training part: counted, marked, compared with later verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import Verdict
from sftsec_core.api.errors import ConfigError
from sftsec_core.dataset.sums import SELF_TRAINING, check_sums
from sftsec_core.operations.build_dataset import build_dataset
from sftsec_core.operations.context import Context
from sftsec_core.operations.retrain import RetrainResult, retrain
from sftsec_core.operations.self_training import pseudo_labels_of
from sftsec_core.testing import MemoryConnector, MemorySource, make_incidents
from tests.core.operations.memory_site import MemoryPlugin, memory_context
from tests.core.operations.secret_task import Observer

TASK: dict[str, Any] = {
    "unlabelled": {"max": 150, "window": "all"},
    "train": {"recipe": "linear", "launcher": "here", "self_training": {"teacher": "linear"}},
    "gate": {"min_labels": 5, "beat_baseline": False, "on_few_labels": "warn"},
}


@pytest.fixture(scope="module")
def source() -> MemorySource:
    return MemorySource(list(make_incidents(400, labelled=0.4)))


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory, source: MemorySource) -> Iterator[Context]:
    plugin = MemoryPlugin(lambda: MemoryConnector(source))
    folder = tmp_path_factory.mktemp("site")
    with memory_context(folder, plugin, Observer(), **TASK) as context:
        yield context


@pytest.fixture(scope="module")
def outcome(work: Context) -> RetrainResult:
    return retrain(work, "mail")


class TestSelfTrainingOfARun:
    def test_is_counted_in_report_and_card(self, work: Context, outcome: RetrainResult) -> None:
        told = outcome.report.data["self_training"]
        check_sums("self-training", told, [SELF_TRAINING])
        assert told["source"] == "self_training"
        assert told["added"] == sum(told["labelled"].values()) > 40
        card = work.registry.card(outcome.model)["training_data"]
        assert card["self_training"] == told
        assert card["unlabelled"]["unlabelled"] == told["unlabelled"]

    def test_counts_no_label_as_an_analysts(self, outcome: RetrainResult) -> None:
        parts = outcome.report.data["parts"]
        assert sum(outcome.report.labels_train.values()) == parts["train"]

    def test_is_compared_with_later_verdicts(
        self, work: Context, outcome: RetrainResult, source: MemorySource
    ) -> None:
        """Ten are judged: nine as they were labelled, one otherwise. All leave the pool."""
        before = pseudo_labels_of(work, outcome.model)
        given = dict(list(before.items())[:10])
        first = next(iter(given))
        given[first] = "benign" if given[first] == "malicious" else "malicious"
        source.records = [
            replace(one, verdicts=(Verdict(given[one.uid]),)) if one.uid in given else one
            for one in make_incidents(400, labelled=0.4)
        ]
        data = build_dataset(work, "mail").data
        assert data["self_training"]["judged_since"] == {"judged": 10, "confirmed": 9}

    def test_is_refused_without_a_pool(self, tmp_path: Path) -> None:
        plugin = MemoryPlugin(lambda: MemoryConnector(MemorySource()))
        with pytest.raises(ConfigError, match="set `unlabelled`"):
            memory_context(tmp_path, plugin, train=TASK["train"])
