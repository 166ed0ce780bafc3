"""How near macro-F1 is estimated without verdicts, on labelled streams in the order of their times.

A stream is cut into periods of equally many events. For each of the later half a model is made of
all before it (70% to train, 10% dev, the last 20% the test part), and its macro-F1 on the period is
estimated from its decisions and from the verdicts until then, and then counted.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.contracts import TrainJob
from sftsec_core.api.domain import TEXT_INPUT, Batch
from sftsec_core.api.errors import DataError
from sftsec_core.api.predictions import Predictions
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.bench.quality_data import PARTS, read_records, read_stream
from sftsec_core.dataset.fingerprints import fingerprints
from sftsec_core.drift.ageing import ScoredBlocks
from sftsec_core.drift.judged import InputVerdicts
from sftsec_core.drift.labels import estimate_labels
from sftsec_core.evaluation.methods import ServingMethods

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.domain import Example, TaskSpec

_TRAIN, _DEV = 0.7, 0.8  # of what came before a period
NEAR = 0.03  # of macro-F1: an estimate that is worth having
_BUDGET_S = 600.0
_SALT = b"bench"


@dataclass(frozen=True, slots=True)
class _Scored:
    """Consecutive events with their true and their decided columns, shape (n,) each."""

    examples: Sequence[Example]
    y: NDArray[np.int64]
    decided: NDArray[np.int64]

    def take(self, part: slice) -> _Scored:
        return _Scored(self.examples[part], self.y[part], self.decided[part])


def estimate_bench(folder: Path, periods: int, seed: int) -> Iterator[dict[str, Any]]:
    """Estimate macro-F1 in the later half of a stream's periods.

    Args:
        folder: `train|dev|test.jsonl.gz`, whose records have `@timestamp`.
        periods: how many the stream is cut into; 2 or more.
        seed: of the training.

    Yields:
        stream, period, events, attacks (of no benign label), held_out_attacks (those of the dev and
        the test part), estimated, low, high, true (macro-F1, 0 to 1; the first three are None where
        these parts lack a label), near (within 3 points), covered (in the interval).

    Raises:
        DataError: when the folder cannot be read, or its records have no times or are too few.
    """
    task, examples = _read(folder)
    cuts = np.linspace(0, len(examples), periods + 1).astype(int).tolist()
    for number in range(periods // 2, periods):
        past, end = cuts[number], cuts[number + 1]
        scored = _scored(task, examples[:end], past, seed)
        yield {
            "stream": folder.name,
            "period": number + 1,
            **_compare(examples[:past], scored, task),
        }


def _read(folder: Path) -> tuple[TaskSpec, list[Example]]:
    records = [each for part in PARTS for each in read_records(folder / f"{part}.jsonl.gz")]
    try:
        timed = [(datetime.fromisoformat(each["@timestamp"]), each) for each in records]
        timed.sort(key=lambda pair: pair[0])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{folder}: a record has no time in @timestamp: {error!r}") from error
    task, examples = read_stream(folder, [each for _, each in timed])
    return task, [replace(example, at=at) for example, (at, _) in zip(examples, timed, strict=True)]


def _scored(task: TaskSpec, examples: Sequence[Example], past: int, seed: int) -> _Scored:
    """Make a model of what came before `past`; the events after its training part as it decides."""
    from sftsec_core.recipes.specs import RECIPES

    first, second = int(past * _TRAIN), int(past * _DEV)
    if not first or first == second:
        raise DataError(f"task {task.name}: {len(examples)} records are too few for its periods")
    written = any(c.isalpha() for c in str(examples[0].inputs.get(TEXT_INPUT)))
    recipe = next(each for each in RECIPES if each.name == ("linear" if written else "boosted"))
    with tempfile.TemporaryDirectory() as folder:
        job = TrainJob(
            task=task,
            train=examples[:first],
            dev=examples[first:second],
            config=recipe.configure({}),
            settings=TrainSettings(seed=seed),
            workdir=Path(folder),
            deadline_s=_BUDGET_S,
        )
        model = recipe.fit(job)
    proba = model.predict_proba(Batch.of_examples(task.inputs, examples[first:]))
    benign = None if task.benign is None else task.labels.index(task.benign)
    y = np.array([task.labels.index(each.label) for each in examples[first:]], dtype=np.int64)
    dev = slice(0, second - first)
    parts = ServingMethods().fit(Predictions(y[dev], proba[dev], benign), None)
    decided = parts.decider.decide(parts.calibrator.calibrate(proba)).alerted(benign)
    return _Scored(examples[first:], y, decided)


def _compare(past: Sequence[Example], scored: _Scored, task: TaskSpec) -> dict[str, Any]:
    """The estimate and the truth; the scored events begin with the dev part of the past."""
    from sklearn.metrics import f1_score

    k, first = len(task.labels), int(len(past) * _TRAIN)
    held = len(past) - first
    test, period = scored.take(slice(0, held)), scored.take(slice(held, None))
    inputs = [each.inputs for each in test.examples]
    new, times = _judged(past[:first], task).fresh(inputs), [each.at for each in test.examples]
    keys = fingerprints(inputs, _SALT).astype(np.int64)
    blocks = ScoredBlocks.of_new(test.y, test.decided, keys, times, new, k)
    counts = np.bincount(period.decided, minlength=k)
    shares = _judged(past, task).shares(each.inputs for each in period.examples)
    known = shares.T @ np.eye(k)[period.decided]
    found = estimate_labels(counts, known, blocks, period.examples[len(period.examples) // 2].at)
    true = float(f1_score(period.y, period.decided, average="macro", zero_division=0))
    benign = -1 if task.benign is None else task.labels.index(task.benign)
    f1 = None if found is None else found.macro_f1
    return {
        "events": len(period.y),
        "attacks": int((period.y != benign).sum()),
        "held_out_attacks": int((test.y != benign).sum()),
        "estimated": f1.value if f1 else None,
        "low": f1.low if f1 else None,
        "high": f1.high if f1 else None,
        "true": true,
        "near": f1 is not None and abs(f1.value - true) <= NEAR,
        "covered": f1 is not None and f1.low <= true <= f1.high,
    }


def _judged(examples: Sequence[Example], task: TaskSpec) -> InputVerdicts:
    y = np.array([task.labels.index(each.label) for each in examples], dtype=np.int64)
    return InputVerdicts.of((each.inputs for each in examples), y, len(task.labels), _SALT)
