"""The search of a recipe's settings: Optuna proposes, predictions out of fold decide.

Each setting is fitted on two thirds of train and answers for the rest, three times, so that every
row is answered by a model that never saw it; dev stays for the choice among recipes. Examples of
one group or cluster of near-duplicates share a fold. The settings that were given are tried first
and are kept unless others lead by more than noise.
"""

from __future__ import annotations

import logging
import time
import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import DataError, TrainingError
from sftsec_core.recipes.goal import Goal, columns
from sftsec_core.recipes.sampling import stratified_sample
from sftsec_core.recipes.selection import Candidate, leads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray
    from pydantic import BaseModel

    from sftsec_core.api.contracts import RecipeSpec, TrainJob
    from sftsec_core.api.domain import Example

FOLDS = 3
ROWS = 3000  # of train that settings are compared on
MIN_ROWS = 60  # with fewer, settings differ by single rows
# Standard errors by which settings must lead those given: they are the best of several looks.
MIN_EFFECT_SIZE = 1.0
_STARTUP = 4  # settings that Optuna draws at random before it learns from them


@dataclass(frozen=True, slots=True)
class TunedSettings:
    """What a search of settings found.

    Attributes:
        config: the recipe's settings, changed where a change leads.
        trials: each with `settings`, `seconds` and `score` out of fold, in the order tried.
        reason: why fewer were tried than asked for; None where all were.
    """

    config: Any
    trials: tuple[Mapping[str, Any], ...] = ()
    reason: str | None = None


@dataclass(slots=True)
class _Trials:
    """The candidates so far; the first has the settings that were given."""

    y: NDArray[np.int64]
    goal: Goal
    candidates: list[Candidate] = field(default_factory=list)
    configs: list[Any] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)


def searched(name: str, config: BaseModel) -> tuple[str, ...]:
    """The settings of a recipe that are searched: those that the task does not set itself."""
    return tuple(key for key in _SPACES.get(name, {}) if key not in config.model_fields_set)


def tune(
    recipe: RecipeSpec[Any],
    job: TrainJob[Any],
    count: int,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> TunedSettings:
    """Search a recipe's settings on folds of the job's train part.

    Args:
        recipe: linear, hybrid or boosted.
        job: its config is where the search starts.
        count: settings to try, at most, besides those given.
        seconds: that the search may take; no setting is begun that would take it longer.
        clock: seconds, as `time.monotonic`.

    Returns:
        The job's own settings where nothing leads them, with the trials.
    """
    names = searched(recipe.name, job.config)
    if not count or not names:
        return TunedSettings(job.config)
    examples = stratified_sample(
        [each for each in job.train if each.weight > 0 and each.judged], ROWS, job.settings.seed
    )
    folds = _folds(examples, job)
    if folds is None:
        return TunedSettings(job.config, reason=f"fewer than {MIN_ROWS} labels to compare on")
    y = columns(examples, job.task)
    trials = _Trials(y, Goal.of(job.task, y))
    reason = _search(recipe, job, examples, folds, trials, count, (clock() + seconds, clock))
    config = job.config
    if trials.candidates:
        best = _best(trials, job.settings.seed)
        config = trials.configs[best]
        trials.told[best]["chosen"] = True
    return TunedSettings(config, tuple(trials.told), reason)


def _search(
    recipe: RecipeSpec[Any],
    job: TrainJob[Any],
    examples: Sequence[Example],
    folds: Sequence[NDArray[np.int64]],
    trials: _Trials,
    count: int,
    until: tuple[float, Callable[[], float]],
) -> str | None:
    study, names = _study(job.settings.seed), searched(recipe.name, job.config)
    study.enqueue_trial({name: getattr(job.config, name) for name in names})
    (end, clock), longest = until, 0.0
    for number in range(count + 1):
        # The first also embeds or encodes what the others find done.
        if number and clock() + longest > end:
            return f"{number - 1} of {count} settings fit their share of the budget"
        trial = study.ask()
        values = {name: _SPACES[recipe.name][name](trial, name) for name in names}
        config = job.config.model_copy(update=values) if number else job.config
        started = clock()
        try:
            proba = _out_of_fold(recipe, replace(job, config=config), examples, folds)
        except (TrainingError, DataError) as error:
            return f"a fold could not be fitted: {error}"
        candidate = Candidate((recipe.name,), proba, MIN_EFFECT_SIZE)
        score = candidate.score(trials.y, trials.goal)
        study.tell(trial, score)
        took = clock() - started
        longest = max(longest, took) if number else longest
        trials.candidates.append(candidate)
        trials.configs.append(config)
        trials.told.append(
            {"settings": _rounded(values), "seconds": round(took, 2), "score": round(score, 4)}
        )
    return None


def _best(trials: _Trials, seed: int) -> int:
    """The highest score, if it leads the given settings by more than noise; else those."""
    scores = [each["score"] for each in trials.told]
    best = int(np.argmax(scores))
    given = trials.candidates[0]
    found = trials.candidates[best]
    return best if best and leads(given, found, trials.y, seed, trials.goal) else 0


def _study(seed: int) -> Any:  # noqa: ANN401 - optuna's, which is imported when it is used
    import optuna

    optuna.logging.set_verbosity(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=_STARTUP)
        return optuna.create_study(direction="maximize", sampler=sampler)


def _folds(examples: Sequence[Example], job: TrainJob[Any]) -> list[NDArray[np.int64]] | None:
    """The rows of each fold; None where there are too few to tell settings apart."""
    from sklearn.model_selection import StratifiedGroupKFold

    y = columns(examples, job.task)
    if len(y) < MIN_ROWS or np.unique(y, return_counts=True)[1].max() < FOLDS:
        return None
    groups = np.unique([_group(each, i) for i, each in enumerate(examples)], return_inverse=True)[1]
    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=job.settings.seed)
    with warnings.catch_warnings():
        # A class of fewer rows than folds is missing from one: that is what some tasks have.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        return [rest for _, rest in splitter.split(np.zeros(len(y)), y, groups)]


def _group(example: Example, row: int) -> str:
    if example.groups:
        return f"group {example.groups[0]}"
    return f"row {row}" if example.cluster < 0 else f"cluster {example.cluster}"


def _out_of_fold(
    recipe: RecipeSpec[Any],
    job: TrainJob[Any],
    examples: Sequence[Example],
    folds: Sequence[NDArray[np.int64]],
) -> NDArray[np.float64]:
    out = np.zeros((len(examples), len(job.task.labels)))
    for rest in folds:
        left_out = set(rest.tolist())
        train = [each for row, each in enumerate(examples) if row not in left_out]
        model = recipe.fit(replace(job, train=train))
        out[rest] = model.predict_proba(
            Batch.of_examples(job.task.inputs, [examples[row] for row in rest])
        )
    return out


def _rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: float(f"{value:.4g}") if isinstance(value, float) else value
        for name, value in values.items()
    }


_HEAD: dict[str, Any] = {
    "regularization": lambda trial, name: trial.suggest_float(name, 0.3, 1000.0, log=True),
    "class_weights": lambda trial, name: trial.suggest_categorical(name, ["balanced", "none"]),
}
_SPACES: dict[str, dict[str, Any]] = {
    "linear": _HEAD,
    "hybrid": _HEAD,
    "boosted": {
        "learning_rate": lambda trial, name: trial.suggest_float(name, 0.02, 0.2, log=True),
        "leaves": lambda trial, name: trial.suggest_int(name, 7, 127, log=True),
        "min_rows": lambda trial, name: trial.suggest_int(name, 5, 100, log=True),
    },
}
