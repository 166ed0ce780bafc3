"""Fine-tuning learns, ends in time, and goes on after a kill as if there had been none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sftsec_core.api import TrainJob
from tests.plugins.vision.examples import page_job, recipe, unseen

OWN: dict[str, Any] = {"tune": "last", "epochs": 2, "batch": 8, "copies": 0}


class KilledError(Exception):
    """Stands for the end of the process."""


def dies_after(epoch: int) -> Any:
    def log(step: int, values: Any) -> None:
        if "loss" in values and step > epoch:
            raise KilledError

    return log


def fitted(job: TrainJob[Any]) -> np.ndarray:
    batch, _ = unseen(rows=8)
    return np.asarray(recipe("vision").fit(job).predict_proba(batch))


class TestFinetune:
    def test_resumes_to_the_same_model(self, tmp_path: Path) -> None:
        whole = fitted(page_job("vision", tmp_path / "whole", rows=24, **OWN))
        job = page_job("vision", tmp_path / "killed", rows=24, **OWN)
        with pytest.raises(KilledError):
            recipe("vision").fit(replace(job, log=dies_after(1)))
        np.testing.assert_allclose(fitted(job), whole, atol=1e-5)

    def test_ends_after_an_epoch_in_time(self, tmp_path: Path) -> None:
        job = page_job("vision", tmp_path, rows=24, **{**OWN, "tune": "all", "epochs": 50})
        model = recipe("vision").fit(replace(job, deadline_s=0.01))
        assert model.notes["epochs"] == 1  # type: ignore[attr-defined]
        batch, truth = unseen()
        assert np.mean(model.predict_proba(batch).argmax(axis=1) == truth) >= 0.6

    def test_lowers_the_loss(self, tmp_path: Path) -> None:
        losses: list[float] = []

        def log(_step: int, values: Any) -> None:
            losses.extend(value for name, value in values.items() if name == "loss")

        job = page_job("vision", tmp_path, rows=24, **{**OWN, "epochs": 3})
        recipe("vision").fit(replace(job, log=log))
        assert losses[-1] < losses[0]
