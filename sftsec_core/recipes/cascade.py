"""`cascade`: the linear model decides what it is sure of, a fine-tuned model the rest.

A cheap model that is right on most rows leaves few to the expensive one (cascades of classifiers:
Viola and Jones 2001). Which rows are passed on is a band of the linear model's attack scores (in
a task without a benign class: of how little its most probable class leads), the narrowest that
keeps the other model's figures on dev.

What the linear model is sure of, the other one never sees: an attack that is disguised from the
linear model is disguised from the cascade.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.contracts import Embeds
from sftsec_core.api.contracts.recipe import unread_spans
from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import IntegrityError, TrainingError
from sftsec_core.api.predictions import Predictions, attack_scores
from sftsec_core.evaluation.calibration import apply_temperature, fit_temperature
from sftsec_core.evaluation.ranking import Ranking
from sftsec_core.models.model_format import load_model, read_json, save_model, write_json
from sftsec_core.recipes.goal import columns, macro_f1
from sftsec_core.recipes.quantizing import quantized

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from sftsec_core.api.contracts import RecipeSpec, TrainedModel, TrainJob
    from sftsec_core.recipes.config import CascadeConfig
    from sftsec_core.recipes.reading import Span

SETTINGS = "cascade.json"
FIRST = "linear"
MIN_DEV = 100  # rows to choose a band on; with fewer all rows are passed on
# Shares of dev's rows below the band, and above it, that are tried.
_TAILS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)
_TAILS_TRIED = (*_TAILS, *(1 - each for each in reversed(_TAILS[:-1])))


@dataclass(frozen=True, slots=True)
class Band:
    """Which rows are passed on: those whose doubt is within its bounds.

    Attributes:
        low: the least doubt, see `doubt`.
        high: the most.
    """

    low: float
    high: float

    def holds(self, doubt: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which rows are within; shape (n,)."""
        within: NDArray[np.bool_] = (doubt >= self.low) & (doubt <= self.high)
        return within


EVERYTHING = Band(-np.inf, np.inf)


@dataclass(frozen=True, slots=True)
class CascadeModel:
    """Two models, of which the second is asked about a band of rows; a `TrainedModel`.

    Attributes:
        first: asked about every row.
        second: asked about the rows in the band.
        then: the second's recipe.
        temperatures: of the two, so that their probabilities rank in one order.
        band: of the first's doubt.
        benign: the benign column; None in a task without one.
        notes: how the band was chosen; not kept with the model.
        inference_cost: of a row, on dev's rows.
    """

    labels: tuple[str, ...]
    first: TrainedModel
    second: TrainedModel
    then: str
    temperatures: tuple[float, float]
    band: Band
    benign: int | None
    inference_cost: int
    notes: Mapping[str, Any] = field(default_factory=dict)

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        """Probabilities, shape (len(batch), len(labels))."""
        proba, asked = self._first(batch)
        if len(asked):
            second = self.second.predict_proba(batch.take(asked))
            proba[asked] = apply_temperature(second, self.temperatures[1])
        return proba

    def unread(self, batch: Batch) -> list[list[Span]]:
        """What the model that decides a row does not read of its text: spans of characters."""
        spans = unread_spans(self.first, batch)
        _, asked = self._first(batch)
        for row, found in zip(asked, unread_spans(self.second, batch.take(asked)), strict=True):
            spans[row] = found
        return spans

    def passed_on(self, batch: Batch) -> float:
        """Of the rows, the share that the second model is asked about; 0 to 1."""
        return len(self._first(batch)[1]) / max(1, len(batch))

    def _first(self, batch: Batch) -> tuple[NDArray[np.float64], list[int]]:
        proba = apply_temperature(self.first.predict_proba(batch), self.temperatures[0])
        asked = np.flatnonzero(self.band.holds(doubt(proba, self.benign)))
        return proba, [int(row) for row in asked]

    def embed(self, batch: Batch) -> Any:  # noqa: ANN401 - a sparse matrix of scipy
        """The n-grams of the linear model, which reads every row: rows of length 1."""
        if not isinstance(self.first, Embeds):
            raise TypeError("the first model of a cascade embeds nothing")
        return self.first.embed(batch)

    def quantized(self) -> CascadeModel:
        """The same with the second model's encoder in 8 bits, about twice as fast.

        Raises:
            TrainingError: when it has none that can be.
        """
        cost = 1 + (self.inference_cost - 1) // 2
        return replace(self, second=quantized(self.second, self.then), inference_cost=cost)

    def save(self, folder: Path) -> None:
        """Write each model into a subfolder of its recipe's name, and the band beside them."""
        save_model(self.first, FIRST, folder / FIRST)
        save_model(self.second, self.then, folder / self.then)
        settings = {
            "labels": list(self.labels),
            "then": self.then,
            "temperatures": list(self.temperatures),
            # JSON has no infinity: a bound that is none is null.
            "band": [None if np.isinf(each) else each for each in (self.band.low, self.band.high)],
            "benign": self.benign,
            "inference_cost": self.inference_cost,
        }
        write_json(folder / SETTINGS, settings)


def load_cascade(folder: Path, recipes: Mapping[str, RecipeSpec[Any]]) -> CascadeModel:
    """Read what `CascadeModel.save` wrote.

    Args:
        folder: holds a subfolder a model.
        recipes: of which they may be.

    Raises:
        IntegrityError: when a model or a setting is missing or not what it should be.
    """
    settings = read_json(folder / SETTINGS)
    try:
        labels, then = tuple(settings["labels"]), str(settings["then"])
        low, high = settings["band"]
        first, second = (float(each) for each in settings["temperatures"])
        benign, cost = settings["benign"], int(settings["inference_cost"])
        band = Band(-np.inf if low is None else float(low), np.inf if high is None else float(high))
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError(f"{folder / SETTINGS} holds no whole cascade: {error!r}") from error
    if then not in recipes:
        raise IntegrityError(f"{folder / SETTINGS}: {then!r} is not a recipe")
    one, other = (load_model(folder / name, recipes) for name in (FIRST, then))
    if any(model.labels != labels for model in (one, other)):
        raise IntegrityError(f"{folder}: its models do not answer the same question")
    return CascadeModel(labels, one, other, then, (first, second), band, benign, cost)


def train_cascade(
    job: TrainJob[CascadeConfig], recipes: Mapping[str, RecipeSpec[Any]]
) -> CascadeModel:
    """Fit both models, and choose the band on dev.

    Args:
        job: its deadline bounds both fits together.
        recipes: by name: `linear`, and those that may stand behind it.

    Raises:
        DataError: when train has fewer than two labels.
        TrainingError: when a model cannot be fitted in the time, or its packages are missing.
    """
    config, started = job.config, time.monotonic()
    spec = recipes[config.then]
    if missing := spec.missing():
        raise TrainingError(missing)
    first = recipes[FIRST].fit(_job(job, FIRST, config.linear, started))
    own = getattr(config, config.then)
    if config.encoder is not None:
        own = own.model_copy(update={"encoder": config.encoder})
    second = spec.fit(_job(job, config.then, own, started))
    proba = [model.predict_proba(_batch(job)) for model in (first, second)]
    benign = None if job.task.benign is None else job.task.labels.index(job.task.benign)
    y = columns(job.dev, job.task)
    temperatures = [fit_temperature(Predictions(y, each, benign)) for each in proba]
    proba = [apply_temperature(*each) for each in zip(proba, temperatures, strict=True)]
    band, notes = choose_band(proba[0], proba[1], y, benign, config.max_loss)
    cost = recipes[FIRST].inference_cost + round(notes["passed_on"] * spec.inference_cost)
    return CascadeModel(
        job.task.labels,
        first,
        second,
        config.then,
        (temperatures[0], temperatures[1]),
        band,
        benign,
        cost,
        notes,
    )


def _batch(job: TrainJob[Any]) -> Batch:
    return Batch.of_examples(job.task.inputs, job.dev)


def _job(job: TrainJob[Any], name: str, config: Any, started: float) -> TrainJob[Any]:  # noqa: ANN401 - the recipe's config_model
    workdir = job.workdir / name
    workdir.mkdir(parents=True, exist_ok=True)
    left = job.deadline_s
    if left is not None:
        left = max(0.0, left - (time.monotonic() - started))
    return replace(job, config=config, workdir=workdir, deadline_s=left)


def doubt(proba: NDArray[np.float64], benign: int | None) -> NDArray[np.float64]:
    """What the band is of: the attack score; without a benign class 1 - the largest probability.

    Args:
        proba: shape (n, k).
        benign: the benign column.

    Returns:
        Shape (n,), 0 to 1.
    """
    if benign is not None:
        return attack_scores(proba, benign)
    unsure: NDArray[np.float64] = 1 - proba.max(axis=1)
    return unsure


def choose_band(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    y: NDArray[np.int64],
    benign: int | None,
    max_loss: float,
) -> tuple[Band, dict[str, Any]]:
    """The band that passes fewest rows on and costs no figure of the second model too much.

    The figures are macro-F1 and, where there is a benign class, average precision and the TPR at
    1% false positives. Many bands are looked at on one dev set, and the best of them is ahead by
    luck: half of `max_loss` may be lost there.

    Args:
        first: the cheap model's probabilities on dev, shape (n, k).
        second: the other's, shape (n, k).
        y: true columns, shape (n,).
        benign: the benign column; None in a task without one.
        max_loss: of each figure, 0 to 1.

    Returns:
        The band, and what it does: the share of rows that it passes on, the figures of the second
        model alone and of the cascade.
    """
    if len(y) < MIN_DEV:
        reason = f"dev has {len(y)} rows, fewer than {MIN_DEV}: all rows are passed on"
        return EVERYTHING, {"passed_on": 1.0, "reason": reason}
    unsure, alone = doubt(first, benign), _figures(second, y, benign)
    best, kept = 1.0, EVERYTHING
    for band in _bands(unsure, two_sided=benign is not None):
        inside = band.holds(unsure)
        if inside.mean() >= best:
            continue
        figures = _figures(np.where(inside[:, None], second, first), y, benign)
        if all(figures[name] >= alone[name] - max_loss / 2 for name in alone):
            best, kept = float(inside.mean()), band
    joined = np.where(kept.holds(unsure)[:, None], second, first)
    return kept, {
        "passed_on": round(best, 4),
        "band": [round(float(np.clip(each, 0, 1)), 4) for each in (kept.low, kept.high)],
        "dev": {name: round(value, 4) for name, value in _figures(joined, y, benign).items()},
        "dev_of_second": {name: round(value, 4) for name, value in alone.items()},
        "dev_of_linear": {
            name: round(value, 4) for name, value in _figures(first, y, benign).items()
        },
    }


def _bands(unsure: NDArray[np.float64], *, two_sided: bool) -> Iterator[Band]:
    tails = _TAILS_TRIED if two_sided else (0.0,)
    for below, above in product(_TAILS_TRIED, tails):
        if below + above <= 1:
            low = np.quantile(unsure, below) if below else -np.inf
            high = np.quantile(unsure, 1 - above) if above else np.inf
            yield Band(float(low), float(high))


def _figures(
    proba: NDArray[np.float64], y: NDArray[np.int64], benign: int | None
) -> dict[str, float]:
    found = {"macro_f1": float(macro_f1(y, proba.argmax(axis=1), proba.shape[1]))}
    ranking = None
    if benign is not None:
        ranking = Ranking.of(attack_scores(proba, benign), y != benign)
    if ranking is not None:
        once = ranking.figures(np.ones((1, len(y)), dtype=np.uint16))
        names = ("average_precision", "tpr_at_fpr_0.01")
        found |= {name: float(once[name][0]) for name in names if np.isfinite(once[name][0])}
    return found
