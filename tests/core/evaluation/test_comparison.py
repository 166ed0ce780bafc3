"""The live model is not compared on examples that it was trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sftsec_core.api.domain import Batch, EvalReport
from sftsec_core.api.settings.task import GateSettings
from sftsec_core.dataset.fingerprints import TrainingFingerprints
from sftsec_core.evaluation.evaluate import evaluate
from sftsec_core.evaluation.inference import FittedModel
from sftsec_core.registry.voters import not_worse_than_live
from tests.core.evaluation.rote_models import BINARY, RoteModel, split_of

SALT = b"s" * 32


def report(live_seen: int | None) -> EvalReport:
    """A candidate beside a worse live model that memorised some test rows."""
    split = split_of()
    trained_on = split.test[: live_seen or 0]
    seen = None if live_seen is None else TrainingFingerprints.of(trained_on, SALT)
    memorised = {str(example.inputs["text"]) for example in trained_on}

    class Memorising(RoteModel):
        def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
            texts = batch.text()
            proba = super().predict_proba(batch)
            for row, text in enumerate(texts):
                if text in memorised:
                    proba[row] = np.eye(2)[int(text.split("|")[1])]
            return proba

    candidate = FittedModel(RoteModel(BINARY.labels, 2.0), "hybrid", inference_cost=2)
    live = FittedModel(
        Memorising(BINARY.labels, 1.0, seed=1), "hybrid", inference_cost=2, seen=seen
    )
    linear = FittedModel(RoteModel(BINARY.labels, 1.0, seed=2), "linear", inference_cost=1)
    others = {"linear": linear, "live": live}
    return evaluate(candidate, others, split, BINARY)


class TestComparison:
    def test_leaves_out_rows_the_other_saw(self) -> None:
        total = len(split_of().test)
        trained_on = total * 2 // 3
        found = report(trained_on)
        assert found.data["seen_by"] == {
            "live": {"seen": trained_on, "compared": total - trained_on}
        }
        difference = found.differences["live"]
        assert difference.value is not None
        assert difference.value > 0, "on the rest the candidate is better"
        vote = not_worse_than_live(found, None, GateSettings())
        assert vote.approve
        assert (
            f"on {total - trained_on} test rows ({trained_on} are in its training data)"
            in vote.reason
        )

    def test_all_rows_would_favour_the_memorising_model(self) -> None:
        total = len(split_of().test)
        found = report(total * 2 // 3)
        live, ours = found.others["live"].metrics["macro_f1"], found.candidate.metrics["macro_f1"]
        assert live.value is not None
        assert ours.value is not None
        assert live.value > ours.value, "over all rows the one that memorised them looks better"

    def test_counts_all_rows_when_few_are_left(self) -> None:
        total = len(split_of().test)
        found = report(total - 10)
        assert found.data["seen_by"] == {"live": {"seen": total - 10, "compared": total}}
        assert found.differences["live"].value is not None
        assert found.differences["live"].value < 0

    def test_nothing_seen_changes_nothing(self) -> None:
        assert report(0).data["seen_by"] == {}
        assert report(0).differences == report(None).differences
