"""Jobs for recipes, and a candidate whose recipe can be fitted again."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from sftsec_core.api import AuditInput, Batch, Example, RecipeSpec, Split, TrainJob
from sftsec_core.api.predictions import Predictions
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.testing import make_audit_input, make_task


def job_for(spec: RecipeSpec[Any], examples: Sequence[Example], **settings: Any) -> TrainJob[Any]:
    """A job of a recipe with these settings."""
    return TrainJob(
        task=make_task(),
        train=examples,
        dev=(),
        config=spec.configure(settings),
        settings=TrainSettings(),
        workdir=Path(tempfile.gettempdir()),
    )


def odd_examples(count: int, seed: int = 1) -> list[Example]:
    """Texts of random words, whose labels hang on one word in two of three; the rest is chance."""
    rng = Random(seed)  # noqa: S311 - reproducible texts, no secret
    found = []
    for number in range(count):
        label = rng.randrange(2)
        told = ("quiet", "alarm")[label] if rng.random() < 0.66 else "maybe"
        words = [f"{rng.choice('bcdfg')}{rng.choice('aeiou')}{rng.randrange(60)}" for _ in range(6)]
        text = " ".join([told, *words])
        found.append(Example.of_text(f"odd-{seed}-{number}", text, ("benign", "malicious")[label]))
    return found


def candidate(spec: RecipeSpec[Any], rows: int, **settings: Any) -> AuditInput:
    """A model of a recipe, fitted on half of the rows, that can be fitted again."""
    examples, task = odd_examples(rows), make_task()
    parts = Split(examples[: rows // 2], (), examples[rows // 2 :])
    model = spec.fit(job_for(spec, parts.train, **settings))

    def refit(recipes: Sequence[str], split: Split) -> Mapping[str, Predictions]:
        fitted = spec.fit(job_for(spec, split.train, **settings))
        y = np.array([task.labels.index(each.label) for each in split.test])
        proba = fitted.predict_proba(Batch.of_examples(task.inputs, split.test))
        return {name: Predictions(y, proba, 0) for name in recipes}

    given = make_audit_input()
    return replace(given, task=task, split=parts, model=model, refit=refit, recipe=spec.name)
