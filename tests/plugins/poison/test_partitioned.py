"""A vote of parts, and how many verdicts it takes to overturn one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sftsec_core.api import (
    Batch,
    DataError,
    Example,
    IntegrityError,
    RecipeSpec,
    TrainJob,
    TrainSettings,
)
from sftsec_core.testing import RecipeContract
from sftsec_poison.config import PartitionedSettings
from sftsec_poison.hooks import sftsec_register_recipes
from sftsec_poison.partitioned import PartitionedModel, load_partitioned, train_partitioned
from tests.plugins.poison.made import TASK, honest_rows


class TestPartitioned(RecipeContract):
    train_size = 200

    def spec(self) -> RecipeSpec[Any]:
        return sftsec_register_recipes()[0]

    def settings(self) -> dict[str, Any]:
        return {"parts": 5, "dimensions": 32}


def fitted(rows: Sequence[Example], folder: Path, **settings: Any) -> PartitionedModel:
    config = PartitionedSettings(parts=5, dimensions=16, **settings)
    job = TrainJob(
        task=TASK, train=rows, dev=(), config=config, settings=TrainSettings(), workdir=folder
    )
    return train_partitioned(job)


class TestCertificates:
    def test_fewer_changed_verdicts_overturn_nothing(self, tmp_path: Path) -> None:
        """The n - 1 parts that are easiest to turn are turned whole."""
        rows = honest_rows(200)
        model = fitted(rows, tmp_path)
        batch = Batch.of_examples(TASK.inputs, honest_rows(30, seed=9))
        verdicts, before = model.certificates(batch), model.predict_proba(batch).argmax(axis=1)
        assert verdicts.max() == 3
        for parts in ([0, 1], [2, 4], [1, 3]):
            turned = replace(
                model,
                weights=np.where(np.isin(np.arange(5), parts)[:, None, None], -1, 1)
                * model.weights,
                bias=np.where(np.isin(np.arange(5), parts)[:, None], -1, 1) * model.bias,
            )
            after = turned.predict_proba(batch).argmax(axis=1)
            assert (after == before)[verdicts > 2].all()

    def test_one_verdict_changes_one_part(self, tmp_path: Path) -> None:
        rows = honest_rows(200)
        other = {"benign": "malicious", "malicious": "benign"}[rows[7].label]
        before, after = (
            fitted(each, tmp_path)
            for each in (rows, [*rows[:7], replace(rows[7], label=other), *rows[8:]])
        )
        changed = [not np.array_equal(before.weights[n], after.weights[n]) for n in range(5)]
        assert sum(changed) == 1

    def test_one_analyst_is_in_one_part(self, tmp_path: Path) -> None:
        rows = honest_rows(200, analysts=30)
        both = [replace(rows[0], analysts=("analyst-1", "analyst-2", "analyst-3", "analyst-4"))]
        whole = fitted(rows, tmp_path, by="analyst")
        left = [row for row in rows if row.analysts != ("analyst-3",)]
        less = fitted([*left, *both], tmp_path, by="analyst")
        assert (whole.notes["left_out"], less.notes["left_out"]) == (0, 1)

    def test_names_of_nobody_leave_nothing(self, tmp_path: Path) -> None:
        rows = [replace(row, analysts=()) for row in honest_rows(20)]
        with pytest.raises(DataError, match="by: verdict"):
            fitted(rows, tmp_path, by="analyst")


class TestLoadPartitioned:
    def test_damaged_folder_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(IntegrityError, match=str(tmp_path)):
            load_partitioned(tmp_path)
