"""How good, how fast and how large each recipe is, on folders of labelled incidents.

    python -m sftsec_core.bench.quality DIR... [--recipe R]... [--limit-train N] [--seed S]...
        [--unlabelled N] [--task FILE] [--output FILE]

Each dataset, recipe and seed runs in a process of its own, so that its peak memory is its own.
Recipes fit on train and choose on dev; every figure is of test. With a limit there are so many
labels in all: dev is left out, and recipes choose on what they have.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import TypeAdapter

from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import ConfigError, DataError, SftsecError, TrainingError
from sftsec_core.api.settings.task import TaskSettings, TrainSettings
from sftsec_core.api.settings.unlabelled import SelfTrainingSettings
from sftsec_core.api.settings.values import Duration
from sftsec_core.bench.measured_rows import MeasuredRows
from sftsec_core.bench.memory import peak_rss_mb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from multiprocessing.connection import Connection

    import numpy as np
    from numpy.typing import NDArray

    from sftsec_core.api.contracts import RecipeSpec, TrainedModel
    from sftsec_core.api.domain import Example
    from sftsec_core.bench.quality_data import BenchDataset

KEYS = (
    "dataset",
    "recipe",
    "n_train",
    "n_dev",
    "n_unlabelled",
    "n_test",
    "macro_f1",
    "f1",
    "average_precision",
    "tpr_at_fpr_0.001",
    "tpr_at_fpr_0.01",
    "fit_s",
    "fit_cpu_s",
    "score_per_s",
    "peak_rss_mb",
)


@dataclass(frozen=True, slots=True)
class BenchRun:
    """One line of the benchmark: what is to be measured."""

    folder: Path
    recipe: RecipeSpec[Any]
    limit_train: int | None
    seed: int
    budget: timedelta | None
    task: TaskSettings | None = None
    unlabelled: int = 0

    @property
    def key(self) -> dict[str, Any]:
        """What a row says of the run that it is of; two of one key are the same run."""
        task = self.task and hashlib.sha256(self.task.model_dump_json().encode()).hexdigest()[:12]
        return {
            "dataset": self.folder.name,
            "recipe": self.recipe.name,
            "seed": self.seed,
            "limit_train": self.limit_train,
            "unlabelled": self.unlabelled,
            "budget_s": self.budget.total_seconds() if self.budget else None,
            "task": task,
        }


def plan_runs(
    folders: Sequence[Path],
    recipes: Sequence[RecipeSpec[Any]],
    *,
    limit_train: int | None = None,
    unlabelled: int = 0,
    seeds: Sequence[int] = (13,),
    budget: timedelta | None = timedelta(minutes=10),
    task: TaskSettings | None = None,
) -> list[BenchRun]:
    """Every recipe on every dataset with every seed.

    Args:
        folders: each holds `train|dev|test.jsonl.gz`.
        recipes: importable from a fresh process, as those of a plugin are.
        limit_train: labelled rows to draw of train, two a class at least, and no dev; None for all.
        unlabelled: rows of the rest of train, at most, that self-training reads without their
            labels; each run is then done without them too.
        seeds: of the draws and of the training; a row each.
        budget: for the training of one model.
        task: what a model reads, figures of earlier events, transforms of train and settings of
            the recipes; default: all fields and nothing else.
    """
    pools = dict.fromkeys((0, unlabelled))
    return [
        BenchRun(folder, recipe, limit_train, seed, budget, task, pool)
        for folder, recipe, seed, pool in product(folders, recipes, seeds, pools)
    ]


def run_quality_bench(
    runs: Iterable[BenchRun],
    measured: MeasuredRows | None = None,
    on_start: Callable[[BenchRun], None] = lambda _run: None,
) -> Iterator[dict[str, Any]]:
    """Measure runs, each in a process of its own.

    Args:
        runs: in the order of the rows.
        measured: rows of before, which are not measured again, and where new ones are added.
        on_start: told of each run that is measured, just before it begins.

    Yields:
        The keys of `KEYS` (fractions 0 to 1, None where undefined), those of `BenchRun.key`, and
        `notes` where the model has some.

    Raises:
        DataError: when a folder holds no data, or none that a recipe reads.
        SftsecError: when a recipe fails.
    """
    known = measured or MeasuredRows(None)
    for run in runs:
        row = known.find(run.key)
        if row is None:
            on_start(run)
            row = _in_a_process(run)
            known.add(row)
        yield row


def measure(run: BenchRun) -> dict[str, Any]:
    """Fit and score once, in this process."""
    from sftsec_core.api.contracts import TrainJob
    from sftsec_core.bench import quality_data as data
    from sftsec_core.recipes.majority import require_learning

    dataset = data.read_dataset(run.folder, run.task)
    if not run.recipe.reads(dataset.task.inputs):
        raise DataError(f"{run.folder}: recipe {run.recipe.name!r} reads none of its fields")
    dataset, pool = data.with_labels(dataset, run.limit_train, run.unlabelled, run.seed)
    settings = TrainSettings(seed=run.seed, budget=run.budget)
    for requirement in run.recipe.requires:
        import_module(requirement.module)  # before the clock starts, as for SetFit
    with tempfile.TemporaryDirectory() as workdir:
        started, cpu = time.perf_counter(), time.process_time()
        job = TrainJob(
            task=dataset.task,
            train=_learned_from(dataset, pool, run),
            dev=dataset.dev,
            config=run.recipe.configure(_options(run)),
            settings=settings,
            workdir=Path(workdir),
            deadline_s=run.budget.total_seconds() if run.budget else None,
        )
        model = run.recipe.fit(job)
        fit_s, fit_cpu_s = time.perf_counter() - started, time.process_time() - cpu
        require_learning(model, job, run.recipe.name)
    proba, score_s = _score(model, Batch.of_examples(dataset.task.inputs, dataset.test))
    return {
        **run.key,
        "n_train": len(dataset.train),
        "n_dev": len(dataset.dev),
        "n_unlabelled": len(pool),
        "n_test": len(dataset.test),
        **judge(dataset.test, proba, dataset.task.labels, dataset.task.benign),
        "fit_s": round(fit_s, 3),
        "fit_cpu_s": round(fit_cpu_s, 3),
        "score_per_s": round(len(dataset.test) / max(score_s, 1e-9), 1),
        "peak_rss_mb": round(peak_rss_mb(), 1),
        **_notes(model),
    }


def _learned_from(
    dataset: BenchDataset, pool: Sequence[Example], run: BenchRun
) -> Sequence[Example]:
    """Train after the task's transforms, and the rows of the pool that self-training adds."""
    from sftsec_core.bench import quality_data as data
    from sftsec_core.recipes.self_training import self_train

    train, settings = (
        data.transform_train(dataset, run.task, run.seed),
        TrainSettings(seed=run.seed),
    )
    if not pool:
        return train
    config = (run.task and run.task.train.self_training) or SelfTrainingSettings()
    found = self_train(config, train, dataset.dev, pool, dataset.task, settings)
    return [*train, *found.added]


def _options(run: BenchRun) -> dict[str, Any]:
    """The settings that the task has for the recipe."""
    if run.task is None:
        return {}
    chosen = (run.task.train.recipe, *run.task.train.compare)
    return next((each.options() for each in chosen if each.name == run.recipe.name), {})


def judge(
    examples: Sequence[Example],
    proba: NDArray[np.float64],
    labels: Sequence[str],
    benign: str | None,
) -> dict[str, float | None]:
    """The figures of quality when the most probable class is the answer.

    Args:
        examples: n of them, with their true labels.
        proba: shape (n, len(labels)).
        labels: the columns.
        benign: the label against which all others are attacks, or None.
    """
    import numpy as np
    from sklearn.metrics import f1_score

    from sftsec_core.api.predictions import Predictions
    from sftsec_core.evaluation.metrics import compute_metrics

    column = {label: i for i, label in enumerate(labels)}
    y = np.array([column[example.label] for example in examples], dtype=np.int64)
    predicted = proba.argmax(axis=1)
    quiet = None if benign is None else column[benign]
    ranking = compute_metrics(Predictions(y, proba, quiet))
    macro = f1_score(y, predicted, average="macro", zero_division=0)
    f1 = None if quiet is None else f1_score(y != quiet, predicted != quiet, zero_division=0)
    return {
        "macro_f1": _rounded(macro),
        "f1": _rounded(f1),
        "average_precision": _rounded(ranking["average_precision"]),
        "tpr_at_fpr_0.001": _rounded(ranking["tpr_at_fpr_0.001"]),
        "tpr_at_fpr_0.01": _rounded(ranking["tpr_at_fpr_0.01"]),
    }


def _score(model: TrainedModel, batch: Batch) -> tuple[NDArray[np.float64], float]:
    model.predict_proba(batch.slice(0, 8))  # one-off set-up is not part of the speed
    started = time.perf_counter()
    proba = model.predict_proba(batch)
    return proba, time.perf_counter() - started


def _notes(model: TrainedModel) -> dict[str, Mapping[str, Any]]:
    notes = getattr(model, "notes", None)
    return {"notes": notes} if notes else {}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 6)


def _in_a_process(run: BenchRun) -> dict[str, Any]:
    # Threads that spin while they wait for each other lose the cores to their neighbours: ten
    # times slower where cores are shared, no slower where they are not. Read when torch loads.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_report, args=(run, sender))
    process.start()
    sender.close()
    try:
        result = receiver.recv()
    except EOFError:
        result = TrainingError(f"{run.recipe.name} on {run.folder.name}: the process died")
    finally:
        process.join()
    if isinstance(result, SftsecError):
        raise result
    return dict(result)


def _report(run: BenchRun, sender: Connection) -> None:
    try:
        sender.send(measure(run))
    except DataError as error:
        sender.send(DataError(str(error)))
    except SftsecError as error:
        sender.send(TrainingError(f"{run.recipe.name} on {run.folder.name}: {error}"))


def _duration(text: str) -> timedelta:
    return TypeAdapter(Duration).validate_python(text)


def read_task(path: Path) -> TaskSettings:
    """Read text, numbers, categories, context and `train` of a task from a YAML file.

    Raises:
        ConfigError: when the file cannot be read, or is no task's.
    """
    given = {"connector": "bench", "labels": {"benign": ["benign"], "attack": ["attack"]}}
    try:
        body = yaml.safe_load(path.read_text(encoding="utf-8"))
        return TaskSettings.model_validate({**given, "benign": "benign", **body})
    except (OSError, TypeError, yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{path} is no task: {error}") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a JSON object a line; `--output` keeps them, and what it has is not run again."""
    from sftsec_core.recipes.specs import RECIPES

    known = {recipe.name: recipe for recipe in RECIPES}
    parser = argparse.ArgumentParser(description="Measure recipes on labelled folders.")
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--recipe", action="append", choices=sorted(known))
    parser.add_argument("--limit-train", type=int, metavar="N")
    parser.add_argument("--seed", action="append", type=int)
    parser.add_argument("--budget", type=_duration, default="10m", help="such as 90s, 10m or 1h")
    parser.add_argument(
        "--task",
        type=Path,
        metavar="FILE",
        help="YAML: what a model reads, context and train",
    )
    parser.add_argument("--unlabelled", type=int, default=0, metavar="N")
    parser.add_argument("--output", type=Path, help="JSON lines that are read and added to")
    given = parser.parse_args(arguments)
    runs = plan_runs(
        given.folders,
        [known[name] for name in given.recipe or ("linear", "hybrid", "auto")],
        limit_train=given.limit_train,
        unlabelled=given.unlabelled,
        seeds=given.seed or (13,),
        budget=given.budget,
        task=given.task and read_task(given.task),
    )
    for row in run_quality_bench(runs, MeasuredRows.read(given.output)):
        print(json.dumps(row), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
