"""What audits look at: a candidate with others beside it, made of given answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from sftsec_core.api.contracts import AuditInput, ComparedModel, TrainJob
from sftsec_core.api.domain import Example, Split
from sftsec_core.api.predictions import Predictions
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.evaluation.comparison import differences_on
from sftsec_core.evaluation.inference import FittedModel
from sftsec_core.evaluation.labelled import answer
from sftsec_core.evaluation.methods import ServingMethods
from sftsec_core.recipes.specs import LINEAR
from sftsec_core.testing import make_audit_input, make_task
from tests.core.evaluation.rote_models import BEGIN, BINARY, RoteModel, examples


def answered(y: Sequence[int], scores: Sequence[float], **more: Any) -> Predictions:
    """Binary predictions of these attack probabilities, an hour apart."""
    attack = np.array(scores, dtype=np.float64)
    at = np.datetime64(BEGIN.replace(tzinfo=None)) + np.arange(len(y)) * np.timedelta64(1, "h")
    return Predictions(
        np.array(y), np.stack([1 - attack, attack], axis=1), 0, at=at.astype("<M8[us]"), **more
    )


def beside(
    ours: Predictions, theirs: Predictions, recipe: str, unseen: Any = None
) -> ComparedModel:
    """Another model on the same rows."""
    rows = np.ones(len(ours), np.bool_) if unseen is None else np.array(unseen)
    return ComparedModel(recipe, theirs, rows, differences_on(ours, theirs, rows))


def audit_input(ours: Predictions, **more: Any) -> AuditInput:
    """An input whose test part has the answers' true classes."""
    split = Split((), (), examples("test", ours.y.tolist()))
    return AuditInput(BINARY, split, RoteModel(BINARY.labels, 1.0), ours, **more)


def without_benign(given: AuditInput) -> AuditInput:
    """The same in a task in which every class is an attack."""
    return replace(given, predictions=replace(given.predictions, benign=None))


SMALL = make_task()
WORDS = ("login", "denied", "host", "update", "service", "account", "port", "proxy", "agent")


def noisy_examples(count: int, *, seed: int = 3, hint: float = 0.7) -> list[Example]:
    """Texts of which a word hints at the label, in most cases; an hour apart, attacks a third."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        label = int(rng.random() < 1 / 3)
        told = label if rng.random() < hint else 1 - label
        words = [*rng.choice(WORDS, 8), f"{('fine', 'odd')[told]}{rng.integers(12)}"]
        at = BEGIN + timedelta(hours=number)
        text = " ".join(words) + f" {number}"
        found.append(Example.of_text(f"n{number}", text, SMALL.labels[label], at=at))
    return found


def refit_linear(recipes: Sequence[str], split: Split) -> dict[str, Predictions]:
    """Linear for each name, in this process: what a run's `Refit` does through its launcher."""
    job = TrainJob(
        task=SMALL,
        train=split.train,
        dev=split.dev,
        config=LINEAR.config_model(),
        settings=TrainSettings(),
        workdir=Path(),
    )
    fitted = FittedModel(LINEAR.fit(job), "linear")
    return dict.fromkeys(recipes, answer(fitted, split, SMALL, ServingMethods()))


def refit_input(split: Split, **more: Any) -> AuditInput:
    """A linear candidate of a split, for audits that fit again."""
    predictions = refit_linear(["linear"], split)["linear"]
    model = make_audit_input().model
    return AuditInput(SMALL, split, model, predictions, recipe="linear", refit=refit_linear, **more)
