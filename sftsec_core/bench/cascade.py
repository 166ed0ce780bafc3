"""What a cascade of the linear model and an encoder wins in speed and loses in quality.

The encoder is fine-tuned once, behind the linear model; alone, it is what the cascade is compared
with, and in a transformers pipeline what others would use. The sides take turns over the texts of
test, so that other work on the machine slows all of them alike.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.contracts import RecipeSpec, TrainJob
from sftsec_core.api.domain import Batch
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.bench.quality_data import limit_train, read_dataset
from sftsec_core.bench.score import PAGE, PIPELINE, SideTimes, measure_side
from sftsec_core.bench.serve_site import MAX_LENGTH
from sftsec_core.models.model_format import save_model
from sftsec_core.plugins import Plugins, get
from sftsec_core.recipes.cascade import CascadeModel
from sftsec_core.recipes.goal import columns, macro_f1
from sftsec_core.recipes.sampling import stratified_sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.contracts import TrainedModel
    from sftsec_core.api.domain import Example
    from sftsec_core.bench.quality_data import BenchDataset

ENCODER, CASCADE = "encoder", "cascade"
ROUNDS = 3
_PIPED = 8  # the pipeline scores one text of so many


def run_cascade_bench(
    folders: Sequence[Path],
    *,
    seeds: Sequence[int] = (1,),
    limit: int = 3000,
    rows: int = 2000,
    options: Mapping[str, Any] | None = None,
    on_start: Callable[[str], None] = lambda _text: None,
) -> Iterator[dict[str, Any]]:
    """Train a cascade on each folder with each seed, and measure it on its texts of test.

    Args:
        folders: each holds `train|dev|test.jsonl.gz`; dev chooses the band.
        seeds: of the draws and of the training.
        limit: labelled rows that are trained on, at most.
        rows: of test that are scored, and of dev that the band is chosen on, at most.
        options: settings of the recipe.
        on_start: told of each set as it begins.

    Yields:
        dataset, seed, rows (of test), dev_rows, passed_on (0 to 1, of the rows of test), macro_f1
        (of each model: encoder, encoder_int8, cascade, cascade_int8; 0 to 1), lost (points of
        macro-F1 against the encoder alone, of the other three), rows_per_s (of these and of the
        pipeline, tokenizing included) and ratio (of these to the pipeline).

    Raises:
        DataError: when a folder holds no data, or train has one label.
        TrainingError: when a model cannot be fitted, or its packages are missing.
    """
    spec = get("recipe", CASCADE, Plugins(("core",)).specs(RecipeSpec))
    for folder in folders:
        dataset = read_dataset(folder)
        for seed in seeds:
            on_start(f"{dataset.name}, seed {seed}: training")
            drawn = replace(
                dataset,
                train=limit_train(dataset.train, limit, seed),
                dev=stratified_sample(dataset.dev, rows, seed),
                test=stratified_sample(dataset.test, rows, seed),
            )
            with tempfile.TemporaryDirectory(prefix="sftsec-bench-") as scratch:
                model = _fit(spec, drawn, options or {}, seed, Path(scratch))
                on_start(f"{dataset.name}, seed {seed}: scoring")
                figures = _measure(model, drawn, Path(scratch))
            yield {"dataset": dataset.name, "seed": seed, "dev_rows": len(drawn.dev), **figures}


def _fit(
    spec: RecipeSpec[Any],
    dataset: BenchDataset,
    options: Mapping[str, Any],
    seed: int,
    scratch: Path,
) -> CascadeModel:
    model = spec.fit(
        TrainJob(
            task=dataset.task,
            train=dataset.train,
            dev=dataset.dev,
            config=spec.configure(dict(options)),
            settings=TrainSettings(seed=seed),
            workdir=scratch,
        )
    )
    if not isinstance(model, CascadeModel):
        raise TypeError(f"{spec.name} made a {type(model).__name__}")
    return model


def _measure(model: CascadeModel, dataset: BenchDataset, scratch: Path) -> dict[str, Any]:
    models: dict[str, TrainedModel] = {
        ENCODER: model.second,
        f"{ENCODER}_int8": model.quantized().second,
        CASCADE: model,
        f"{CASCADE}_int8": model.quantized(),
    }
    measured, proba = _take_turns(models, _pipeline(model, scratch), dataset)
    y = columns(dataset.test, dataset.task)
    quality = {n: macro_f1(y, p.argmax(axis=1), p.shape[1]) for n, p in proba.items()}
    speeds = {name: each.rows / each.seconds for name, each in measured.items()}
    return {
        "rows": len(y),
        "passed_on": round(model.passed_on(_batch(dataset, dataset.test)), 4),
        "macro_f1": {name: round(value, 4) for name, value in quality.items()},
        "lost": {
            name: round(100 * (quality[ENCODER] - value), 2)
            for name, value in quality.items()
            if name != ENCODER
        },
        "rows_per_s": {name: round(value, 1) for name, value in speeds.items()},
        "ratio": {
            name: round(value / speeds[PIPELINE], 1)
            for name, value in speeds.items()
            if name != PIPELINE
        },
    }


def _take_turns(
    models: Mapping[str, TrainedModel],
    piped: Callable[[Sequence[str]], object],
    dataset: BenchDataset,
) -> tuple[dict[str, SideTimes], dict[str, NDArray[np.float64]]]:
    """The speed of each side, and what each model answers on test, shape (n, k)."""
    warm = _batch(dataset, dataset.dev[:16])
    for model in models.values():
        model.predict_proba(warm)  # one-off set-up is no part of the speed
    piped(warm.text())
    measured = {name: SideTimes() for name in (PIPELINE, *models)}
    found: dict[str, list[NDArray[np.float64]]] = {name: [] for name in models}
    test = list(dataset.test)
    step = max(1, min(PAGE, -(-len(test) // ROUNDS)))
    for start in range(0, len(test), step):
        page = _batch(dataset, test[start : start + step])
        measure_side(lambda part: piped(part.text()), _part(page), measured[PIPELINE])
        for name, model in models.items():
            found[name].append(measure_side(model.predict_proba, page, measured[name]))
    return measured, {name: np.concatenate(each) for name, each in found.items()}


def _batch(dataset: BenchDataset, examples: Sequence[Example]) -> Batch:
    return Batch.of_examples(dataset.task.inputs, examples)


def _part(page: Batch) -> Batch:
    return page.take(list(range(0, len(page), _PIPED)))


def _pipeline(model: CascadeModel, scratch: Path) -> Callable[[Sequence[str]], object]:
    from sftsec_core.bench.bare_service import load
    from sftsec_core.recipes.encoder.encoder import quiet_transformers

    folder = scratch / "piped"
    save_model(model.second, model.then, folder)
    with quiet_transformers():
        score = load(folder, MAX_LENGTH)
    return lambda texts: score(list(texts))
