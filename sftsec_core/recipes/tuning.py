"""The search of a recipe's settings: Optuna proposes, predictions out of fold decide.

Each setting is fitted on two thirds of train and answers for the rest, up to three times, so that
every row is answered by a model that never saw it; dev stays for the choice among recipes. Examples
of one group or cluster of near-duplicates share a fold. A fine-tuning answers one fold, first with
a third of the training rows and then with all of them. After each part Optuna's successive halving
(Jamieson and Talwalkar, "Non-stochastic best arm identification", 2016) ends a setting that is
behind others at the same part. The settings that were given are tried first and are kept unless
others lead by more than noise.
"""

from __future__ import annotations

import logging
import time
import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import DataError, TrainingError
from sftsec_core.recipes.goal import Goal, columns
from sftsec_core.recipes.sampling import judged, stratified_sample
from sftsec_core.recipes.selection import Candidate, leads
from sftsec_core.recipes.spaces import given_values, propose, searched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.contracts import RecipeSpec, TrainJob
    from sftsec_core.api.domain import Example

FOLDS = 3
ROWS = 3000  # of train that settings are compared on
MIN_ROWS = 60  # with fewer, settings differ by single rows
MIN_SECOND = 6  # of the second most frequent class: with fewer, noise alone tells settings apart
PRUNED_FROM = 600  # rows: with fewer, a fold of them says too little to end a setting by
# Standard errors by which settings must lead those given: they are the best of several looks.
MIN_EFFECT_SIZE = 1.0
_STARTUP = 4  # settings that Optuna draws at random before it learns from them
_HALVED = 2  # of so many settings at a part one goes on


class Part(NamedTuple):
    """A fit of a trial: rows that are trained on and rows that are answered."""

    train: NDArray[np.int64]
    rest: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Folds:
    """Rows of train, divided.

    Attributes:
        examples: the rows, n of them.
        y: their columns, shape (n,).
        rest: the rows of each fold.
    """

    examples: Sequence[Example]
    y: NDArray[np.int64]
    rest: tuple[NDArray[np.int64], ...]

    @classmethod
    def of(cls, job: TrainJob[Any], rows: int = ROWS) -> Folds | None:
        """Divide a sample of a job's train; None where there are too few to tell settings apart."""
        examples = stratified_sample(judged(job.train), rows, job.settings.seed)
        y = columns(examples, job.task)
        if len(y) < MIN_ROWS or _second_class(y) < MIN_SECOND:
            return None
        rest = divide(examples, y, job.settings.seed)
        return cls(examples, y, rest) if rest else None

    def parts(self) -> list[Part]:
        """A fit a fold: together they answer every row."""
        rows = np.arange(len(self.y))
        return [Part(np.setdiff1d(rows, rest), rest) for rest in self.rest]

    def growing(self) -> list[Part]:
        """Two fits that answer one fold: with a third of the other rows, and with all of them."""
        (train, rest), *_ = self.parts()
        return [Part(train[::3], rest), Part(train, rest)]


@dataclass(frozen=True, slots=True)
class TunedSettings:
    """What a search of settings found.

    Attributes:
        config: the recipe's settings, changed where a change leads.
        trials: each with `settings`, `seconds`, `score` out of fold with its `error`, and `pruned`
            where it was ended early; in the order tried.
        reason: why fewer were tried than asked for; None where all were.
        given: what the settings given answered on the rows of the folds, shape (n, k).
        chosen: what `config` answered.
    """

    config: Any
    trials: tuple[Mapping[str, Any], ...] = ()
    reason: str | None = None
    given: NDArray[np.float64] | None = None
    chosen: NDArray[np.float64] | None = None

    @property
    def values(self) -> Mapping[str, Any]:
        """The settings that were chosen, of those searched."""
        return next((each["settings"] for each in self.trials if each.get("chosen")), {})


@dataclass(slots=True)
class _Study:
    """A search under way: what is compared, and what was tried; the first is what was given."""

    recipe: RecipeSpec[Any]
    job: TrainJob[Any]
    folds: Folds
    parts: Sequence[Part]
    goal: Goal
    candidates: list[Candidate | None] = field(default_factory=list)
    configs: list[Any] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)

    @property
    def answered(self) -> NDArray[np.int64]:
        """The rows that a whole trial answers."""
        return np.unique(np.concatenate([part.rest for part in self.parts]))


def tune(
    recipe: RecipeSpec[Any],
    job: TrainJob[Any],
    folds: Folds | None,
    count: int,
    seconds: float,
    *,
    growing: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> TunedSettings:
    """Search a recipe's settings on folds of the job's train part.

    Args:
        recipe: one that has a space of settings.
        job: its config is where the search starts.
        folds: of its train; None where it has too few rows.
        count: settings to try, at most, besides those given.
        seconds: that the search may take; no setting is begun that would take it longer.
        growing: answer one fold, with more and more of the other rows.
        clock: seconds, as `time.monotonic`.

    Returns:
        The job's own settings where nothing leads them, with the trials.
    """
    if not count or not searched(recipe.name, job.config):
        return TunedSettings(job.config)
    if folds is None:
        few = f"fewer than {MIN_ROWS} labels, {MIN_SECOND} of a second class or {FOLDS} groups"
        return TunedSettings(job.config, reason=f"{few} to compare on")
    parts = folds.growing() if growing else folds.parts()
    study = _Study(recipe, job, folds, parts, Goal.of(job.task, folds.y))
    reason = _search(study, count, (clock() + seconds, clock))
    if not study.candidates or study.candidates[0] is None:
        return TunedSettings(job.config, tuple(study.told), reason)
    best = _best(study)
    study.told[best]["chosen"] = True
    given, chosen = (study.candidates[each] for each in (0, best))
    if growing or given is None or chosen is None:
        return TunedSettings(study.configs[best], tuple(study.told), reason)
    return TunedSettings(study.configs[best], tuple(study.told), reason, given.proba, chosen.proba)


def out_of_fold(recipe: RecipeSpec[Any], job: TrainJob[Any], folds: Folds) -> NDArray[np.float64]:
    """What a recipe answers on each row by a model that never saw it, shape (n, k).

    Raises:
        TrainingError, DataError: when a fold cannot be fitted.
    """
    *_, (proba, _) = _answers(recipe, job, folds, folds.parts())
    return proba


def _search(study: _Study, count: int, until: tuple[float, Callable[[], float]]) -> str | None:
    optuna_study = _optuna_study(study)
    (end, clock), longest = until, 0.0
    for number in range(count + 1):
        # The first also embeds or encodes what the others find done.
        if number and clock() + longest > end:
            return f"{number - 1} of {count} settings fit their share of the budget"
        trial, started = optuna_study.ask(), clock()
        values, proposed = propose(study.recipe.name, study.job.config, trial)
        config = proposed if number else study.job.config
        try:
            candidate, rows, pruned = _answer(study, config, trial, prunes=number > 0)
        except (TrainingError, DataError) as error:
            return f"a fold could not be fitted: {error}"
        score, error_of_score = candidate.score_with_error(
            study.folds.y[rows], study.goal, study.job.settings.seed
        )
        _tell(optuna_study, trial, None if pruned else score)
        took = clock() - started
        longest = max(longest, took) if number else longest
        study.configs.append(config)
        study.candidates.append(None if pruned else candidate)
        study.told.append(
            {
                "settings": _rounded(values),
                "seconds": round(took, 2),
                "score": round(score, 4),
                "error": round(error_of_score, 4),
                **({"pruned": True} if pruned else {}),
            }
        )
    return None


def _answer(
    study: _Study,
    config: Any,  # noqa: ANN401 - the recipe's config_model
    trial: Any,  # noqa: ANN401 - optuna's
    *,
    prunes: bool,
) -> tuple[Candidate, NDArray[np.int64], bool]:
    """A setting's answers, the rows that they are of, and whether it was ended before the rest."""
    job, last = replace(study.job, config=config), len(study.parts)
    answers = _answers(study.recipe, job, study.folds, study.parts)
    for step, (proba, rows) in enumerate(answers, 1):
        candidate = Candidate((study.recipe.name,), proba[rows], MIN_EFFECT_SIZE)
        trial.report(candidate.score(study.folds.y[rows], study.goal), step)
        pruned = prunes and step < last and trial.should_prune()
        if pruned or step == last:
            return candidate, rows, pruned
    raise AssertionError("a search has a part")


def _answers(
    recipe: RecipeSpec[Any], job: TrainJob[Any], folds: Folds, parts: Sequence[Part]
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.int64]]]:
    """After each part: the probabilities so far, shape (n, k), and the rows that have some."""
    proba = np.zeros((len(folds.y), len(job.task.labels)))
    answered = np.zeros(len(folds.y), dtype=bool)
    for part in parts:
        train, rest = ([folds.examples[row] for row in rows] for rows in part)
        model = recipe.fit(replace(job, train=train))
        proba[part.rest] = model.predict_proba(Batch.of_examples(job.task.inputs, rest))
        answered[part.rest] = True
        yield proba, np.flatnonzero(answered)


def _best(study: _Study) -> int:
    """The highest score, if it leads the given settings by more than noise; else those."""
    scores = [
        -np.inf if candidate is None else each["score"]
        for each, candidate in zip(study.told, study.candidates, strict=True)
    ]
    best = int(np.argmax(scores))
    given, found = study.candidates[0], study.candidates[best]
    if not best or given is None or found is None:
        return 0
    y = study.folds.y[study.answered]
    return best if leads(given, found, y, study.job.settings.seed, study.goal) else 0


def _optuna_study(study: _Study) -> Any:  # noqa: ANN401 - optuna's, which is imported when used
    import optuna

    optuna.logging.set_verbosity(logging.ERROR)
    seed = study.job.settings.seed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=_STARTUP)
        pruner: optuna.pruners.BasePruner = optuna.pruners.NopPruner()
        if len(study.folds.y) >= PRUNED_FROM:
            pruner = optuna.pruners.SuccessiveHalvingPruner(1, _HALVED, 0)
        made = optuna.create_study(direction="maximize", sampler=sampler, pruner=pruner)
    made.enqueue_trial(given_values(study.recipe.name, study.job.config))
    return made


def _tell(optuna_study: Any, trial: Any, score: float | None) -> None:  # noqa: ANN401 - optuna's
    from optuna.trial import TrialState

    if score is None:
        optuna_study.tell(trial, state=TrialState.PRUNED)
    else:
        optuna_study.tell(trial, score)


def divide(
    examples: Sequence[Example], y: NDArray[np.int64], seed: int
) -> tuple[NDArray[np.int64], ...]:
    """Rows of each of `FOLDS` folds, of like classes; near-duplicates and groups share one.

    Empty where there are fewer groups than folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    groups = np.unique([_group(each, i) for i, each in enumerate(examples)], return_inverse=True)[1]
    if groups.max(initial=0) + 1 < FOLDS:
        return ()
    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A class of fewer rows than folds is missing from one: that is what some tasks have.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        return tuple(rest for _, rest in splitter.split(np.zeros(len(y)), y, groups))


def _second_class(y: NDArray[np.int64]) -> int:
    """Rows of the second most frequent class; 0 where there is one class."""
    counts = np.sort(np.unique(y, return_counts=True)[1])
    return int(counts[-2]) if len(counts) > 1 else 0


def _group(example: Example, row: int) -> str:
    if example.groups:
        return f"group {example.groups[0]}"
    return f"row {row}" if example.cluster < 0 else f"cluster {example.cluster}"


def _rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: float(f"{value:.4g}") if isinstance(value, float) else value
        for name, value in values.items()
    }
