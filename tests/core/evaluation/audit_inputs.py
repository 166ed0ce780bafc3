"""What audits look at: a candidate with others beside it, made of given answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sftsec_core.api.contracts import AuditInput, ComparedModel
from sftsec_core.api.domain import Split
from sftsec_core.api.predictions import Predictions
from sftsec_core.evaluation.comparison import differences_on
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
