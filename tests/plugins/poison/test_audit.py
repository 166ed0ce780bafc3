"""What a trigger does to a model is measured on that model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sftsec_core.api import (
    AuditInput,
    Batch,
    Example,
    GateSettings,
    Predictions,
    Split,
    TrainJob,
    TrainSettings,
)
from sftsec_core.testing import make_report
from sftsec_poison.audit import audit_poisoning, vote_on_poisoning
from sftsec_poison.config import PartitionedSettings, PoisoningSettings, PoisoningVoterSettings
from sftsec_poison.partitioned import PartitionedModel, train_partitioned
from tests.plugins.poison.made import TASK, honest_rows, poisoned_rows


def model_of(rows: Sequence[Example], folder: Path) -> PartitionedModel:
    config = PartitionedSettings(parts=3, dimensions=64)
    settings = TrainSettings()
    return train_partitioned(
        TrainJob(task=TASK, train=rows, dev=(), config=config, settings=settings, workdir=folder)
    )


def predictions(model: PartitionedModel, rows: Sequence[Example]) -> Predictions:
    proba = model.predict_proba(Batch.of_examples(TASK.inputs, rows))
    return Predictions(np.array([TASK.labels.index(row.label) for row in rows]), proba, 0)


def audited(train: Sequence[Example], learned: Sequence[Example], folder: Path) -> Any:
    test = honest_rows(60, seed=8)
    model = model_of(learned, folder)

    def refit(recipes: Sequence[str], split: Split) -> Mapping[str, Predictions]:
        fitted = model_of(split.train, folder)
        return {name: predictions(fitted, split.test) for name in recipes}

    split = Split(train, (), [replace(row, uid=f"test-{row.uid}") for row in test])
    given = AuditInput(TASK, split, model, predictions(model, test), refit=refit)
    return audit_poisoning(PoisoningSettings(analysts=1), given)


class TestAuditPoisoning:
    def test_trigger_turns_a_model_that_learned_it(self, tmp_path: Path) -> None:
        rows = poisoned_rows(honest_rows(), 60)
        section = audited(rows, rows, tmp_path)
        assert section["outcome"] == "failed"
        assert section["figures"]["success"] > 0.5
        assert section["figures"]["triggers"] == 60
        assert section["tables"][0]["rows"][0][:2] == ["mallory", "benign"]
        assert section["tables"][1]["rows"][0][0].startswith("analyst-")

    def test_trigger_does_nothing_where_not_learned(self, tmp_path: Path) -> None:
        section = audited(poisoned_rows(honest_rows(), 60), honest_rows(), tmp_path)
        assert section["outcome"] == "warning"
        assert section["figures"]["success"] <= 0.05
        assert "labels review" in section["advice"]

    def test_honest_rows_hold_and_are_certified(self, tmp_path: Path) -> None:
        section = audited(honest_rows(), honest_rows(), tmp_path)
        assert (section["outcome"], section["advice"]) == ("held", "")
        assert section["figures"]["median_certificate"] == 2.0

    def test_no_names_are_not_measured(self, tmp_path: Path) -> None:
        rows = [replace(row, analysts=()) for row in honest_rows(40)]
        test = [replace(row, analysts=()) for row in honest_rows(40, seed=3)]
        model = model_of(rows, tmp_path)
        given = AuditInput(TASK, Split(rows, (), test), model, predictions(model, test))
        assert audit_poisoning(PoisoningSettings(), given)["outcome"] == "not_measured"


class TestVoteOnPoisoning:
    @pytest.mark.parametrize(
        ("most", "success", "approve", "warning"),
        [(0.05, 0.2, False, False), (0.05, 0.01, True, False), (None, 0.2, True, True)],
    )
    def test_holds_the_bound(
        self, most: float | None, success: float, approve: bool, warning: bool
    ) -> None:
        section = {"risk": "x", "outcome": "failed", "figures": {"success": success}}
        report = replace(make_report(), sections={"poisoning": section})
        settings = PoisoningVoterSettings(max_success=most)
        vote = vote_on_poisoning(settings, report, None, GateSettings())
        assert vote is not None
        assert (vote.approve, vote.warning) == (approve, warning)

    def test_bound_without_the_audit_refuses(self) -> None:
        settings = PoisoningVoterSettings(max_success=0.05)
        vote = vote_on_poisoning(settings, make_report(), None, GateSettings())
        assert vote is not None
        assert not vote.approve
        assert "evaluation.audits" in vote.reason
        assert (
            vote_on_poisoning(PoisoningVoterSettings(), make_report(), None, GateSettings()) is None
        )
