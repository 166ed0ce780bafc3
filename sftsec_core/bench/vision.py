"""Pages that ask for a password told from ordinary ones: by text, by hash, by pictures, by both.

The step and the recipes are those of the plugin `vision`, by name; the text alone is the recipe
`linear`. Every model learns from the same rows of train and chooses on dev; figures are of test.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.contracts import RecipeSpec, StepContext, StepSpec, TrainJob
from sftsec_core.api.domain import (
    TEXT_INPUT,
    Batch,
    Blob,
    Example,
    Incident,
    InputField,
    InputKind,
    TaskSpec,
)
from sftsec_core.api.errors import DataError
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.bench.page_rendering import find_browser
from sftsec_core.bench.page_set import LABELS, VARIANTS, make_page_set
from sftsec_core.bench.quality import judge
from sftsec_core.plugins import Plugins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.bench.page_set import PageRecord

PLUGINS = ("core", "files", "vision")
_SHOT = "screenshot"
_TEXT = InputField(TEXT_INPUT, InputKind.TEXT, (TEXT_INPUT,))
_IMAGE = InputField(_SHOT, InputKind.IMAGE, (_SHOT,))
_FPR = 0.01


@dataclass(frozen=True, slots=True)
class BenchedModel:
    """One of the models that are compared.

    Attributes:
        name: in the table.
        recipe: by name.
        inputs: what it is given.
    """

    name: str
    recipe: str
    inputs: tuple[InputField, ...]


MODELS = (
    BenchedModel("text alone (linear)", "linear", (_TEXT,)),
    BenchedModel("perceptual hash (phash)", "phash", (_IMAGE,)),
    BenchedModel("pictures alone (vision)", "vision", (_IMAGE,)),
    BenchedModel("pictures and text (vision)", "vision", (_TEXT, _IMAGE)),
)


def run_vision_bench(
    seeds: Sequence[int],
    families: int,
    pages: int,
    settings: Mapping[str, Any] | None = None,
    on_stage: Callable[[str], None] = lambda _text: None,
) -> Iterator[dict[str, Any]]:
    """Render a set for each seed, and compare the models on it.

    Args:
        seeds: of the templates, the pages, the split and the training.
        families: templates of each label.
        pages: of each log-in family; an ordinary one has twice as many.
        settings: of the recipe `vision`.
        on_stage: told of what begins.

    Yields:
        model, seed, n_train, n_test, average_precision, tpr_at_fpr_0.01, a recall at the same
        threshold by variant, fit_cpu_s; fractions 0 to 1.

    Raises:
        ConfigError: when there is no browser, or it fails.
        DataError: when test has fewer than 100 ordinary pages: no rate of 1% shows on fewer.
    """
    browser, plugins = find_browser(), Plugins(PLUGINS)
    for seed in seeds:
        on_stage(f"seed {seed}: rendering {3 * families * pages:,} pages")
        records = make_page_set(families, pages, seed, browser)
        ordinary = sum(each.part == "test" and each.label == LABELS[0] for each in records)
        if ordinary < 1 / _FPR:
            raise DataError(f"test has {ordinary} ordinary pages, 100 are needed: raise --pages")
        examples = _examples(records, plugins)
        for model in MODELS:
            on_stage(f"seed {seed}: {model.name}")
            own = settings if model.recipe == "vision" else None
            found = _measure(model, examples, plugins, seed, own)
            yield {"model": model.name, "seed": seed, **found}


def _examples(records: Sequence[PageRecord], plugins: Plugins) -> list[tuple[PageRecord, Example]]:
    """The pages as the step leaves them."""
    spec = plugins.specs(StepSpec)["pictures"]
    step = spec.create(spec.configure({}), StepContext((), bytes(32), image_fields=(_SHOT,)))
    cleaned = step([Incident(each.uid, {_SHOT: Blob.of(each.picture)}) for each in records])
    return [
        (
            record,
            Example(
                record.uid, {_SHOT: incident.fields[_SHOT], TEXT_INPUT: record.text}, record.label
            ),
        )
        for record, incident in zip(records, cleaned, strict=True)
    ]


def _measure(
    model: BenchedModel,
    given: Sequence[tuple[PageRecord, Example]],
    plugins: Plugins,
    seed: int,
    own: Mapping[str, Any] | None,
) -> dict[str, Any]:
    parts = {
        part: [example for record, example in given if record.part == part]
        for part in ("train", "dev", "test")
    }
    spec = plugins.specs(RecipeSpec)[model.recipe]
    with tempfile.TemporaryDirectory() as workdir:
        job = TrainJob(
            task=TaskSpec("pages", model.inputs, LABELS, LABELS[0]),
            train=parts["train"],
            dev=parts["dev"],
            config=spec.configure(own or {}),
            settings=TrainSettings(seed=seed, budget=None),
            workdir=Path(workdir),
        )
        started = time.process_time()
        fitted = spec.fit(job)
        fit_cpu_s = time.process_time() - started
    proba = fitted.predict_proba(Batch.of_examples(model.inputs, parts["test"]))
    figures = judge(parts["test"], proba, LABELS, LABELS[0])
    names = [record.variant for record, _ in given if record.part == "test"]
    return {
        "n_train": len(parts["train"]),
        "n_test": len(parts["test"]),
        "average_precision": figures["average_precision"],
        "tpr_at_fpr_0.01": figures["tpr_at_fpr_0.01"],
        "by_variant": _by_variant(proba[:, 1], parts["test"], names),
        "fit_cpu_s": round(fit_cpu_s, 1),
    }


def _by_variant(
    scores: NDArray[np.float64], test: Sequence[Example], variants: Sequence[str]
) -> dict[str, float]:
    """The recall of each variant at the threshold that 1% of all ordinary pages exceed."""
    attack = np.array([each.label == LABELS[1] for each in test])
    benign = np.sort(scores[~attack])[::-1]
    threshold = benign[int(_FPR * len(benign))]
    named = np.array(variants)
    return {
        name: round(float((scores[attack & (named == name)] > threshold).mean()), 4)
        for name in VARIANTS
    }
