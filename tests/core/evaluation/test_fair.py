"""A model in service is not judged on what it learnt by heart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sftsec_core.api.domain import EvalReport, Example
from sftsec_core.api.settings.task import GateSettings
from sftsec_core.dataset.fingerprints import TrainingFingerprints
from sftsec_core.evaluation.evaluate import evaluate
from sftsec_core.evaluation.inference import FittedModel
from sftsec_core.registry.voters import not_worse_than_live
from tests.core.evaluation.rote_models import BINARY, RoteModel, split_of

SALT = b"s" * 32


def report(live_seen: int | None) -> EvalReport:
    """A candidate beside a worse model in service that knows some test rows by heart."""
    split = split_of()
    learnt = split.test[: live_seen or 0]
    seen = None if live_seen is None else TrainingFingerprints.of(learnt, SALT)
    by_heart = {example.text for example in learnt}

    class ByHeart(RoteModel):
        def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
            proba = super().predict_proba(texts)
            for row, text in enumerate(texts):
                if text in by_heart:
                    proba[row] = np.eye(2)[int(text.split("|")[1])]
            return proba

    candidate = FittedModel(RoteModel(BINARY.labels, 2.0), "hybrid", inference_cost=2)
    live = FittedModel(ByHeart(BINARY.labels, 1.0, seed=1), "hybrid", inference_cost=2, seen=seen)
    linear = FittedModel(RoteModel(BINARY.labels, 1.0, seed=2), "linear", inference_cost=1)
    others = {"linear": linear, "live": live}
    return evaluate(candidate, others, split, BINARY)


def test_rows_that_the_other_model_was_trained_on_do_not_count() -> None:
    total = len(split_of().test)
    learnt = total * 2 // 3
    found = report(learnt)
    assert found.data["seen_by"] == {"live": {"seen": learnt, "compared": total - learnt}}
    difference = found.differences["live"]
    assert difference.value is not None
    assert difference.value > 0, "on the rest the candidate is better"
    vote = not_worse_than_live(found, None, GateSettings())
    assert vote.approve
    assert f"on {total - learnt} test rows ({learnt} are in its training data)" in vote.reason


def test_without_that_knowledge_it_would_have_been_refused() -> None:
    total = len(split_of().test)
    found = report(total * 2 // 3)
    live, ours = found.others["live"].metrics["macro_f1"], found.candidate.metrics["macro_f1"]
    assert live.value is not None
    assert ours.value is not None
    assert live.value > ours.value, "over all rows the one that knows them by heart looks better"


def test_with_too_little_left_all_rows_count_which_favours_what_is_in_service() -> None:
    total = len(split_of().test)
    found = report(total - 10)
    assert found.data["seen_by"] == {"live": {"seen": total - 10, "compared": total}}
    assert found.differences["live"].value is not None
    assert found.differences["live"].value < 0


def test_nothing_seen_changes_nothing() -> None:
    assert report(0).data["seen_by"] == {}
    assert report(0).differences == report(None).differences


def test_a_near_duplicate_of_a_seen_text_is_seen(tmp_path: Path) -> None:
    made = [Example(str(n), f"text {n}", "benign", cluster=c) for n, c in enumerate((-1, 7, 7, -1))]
    seen = TrainingFingerprints.of([made[0], made[1]], SALT)
    assert seen(made).tolist() == [True, True, True, False]
    seen.save(tmp_path / "seen.npy")
    loaded = TrainingFingerprints.load(tmp_path / "seen.npy", SALT)
    assert loaded is not None
    assert loaded(made).tolist() == [True, True, True, False]


def test_another_sites_salt_or_a_damaged_file_knows_nothing(tmp_path: Path) -> None:
    file = tmp_path / "seen.npy"
    made = [Example("1", "text", "benign")]
    TrainingFingerprints.of(made, SALT).save(file)
    other = TrainingFingerprints.load(file, b"t" * 32)
    assert other is not None
    assert not other(made).any()
    assert TrainingFingerprints.load(tmp_path / "nothing", SALT) is None
    file.write_bytes(b"\x80\x04.")
    assert TrainingFingerprints.load(file, SALT) is None


def test_an_example_stands_for_its_text_only() -> None:
    made = Example("1", "text", "benign")
    assert TrainingFingerprints.of([made], SALT)([replace(made, uid="2", label="malicious")]).all()
