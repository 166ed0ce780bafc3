"""The state of `auto`'s search: its clock, what was fitted, how it was judged, what was noted."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import TrainingError
from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.goal import Goal, columns
from sftsec_core.recipes.majority import require_learning
from sftsec_core.recipes.sampling import stratified_sample
from sftsec_core.recipes.selection import Candidate, leads
from sftsec_core.recipes.tuning import Folds, TunedSettings, out_of_fold, tune

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.contracts import RecipeSpec, TrainedModel, TrainJob
    from sftsec_core.api.domain import Example
    from sftsec_core.recipes.config import AutoConfig

MIN_DEV = 50  # rows to choose on; with fewer, one text is worth more than recipes differ by
FINE_TUNED = frozenset({"full", "lora", "bytes"})
STOPS_EARLY = FINE_TUNED | {"boosted"}  # these would stop early on dev
SHARE = 0.9  # of what is left of the budget that a fit may fill: it is judged and saved, too
BYTES_PART = 0.4  # of what is left, for bytes: an encoder that knows more is fine-tuned after it
SEARCHED = 0.1  # of what is left of the budget that the search of a recipe's settings may take
FINE_TUNING_SEARCHED = 0.3  # the same of full and lora, whose settings matter more


Fitted = tuple["TrainedModel", "NDArray[np.float64] | None"]  # and what it answers on dev


@dataclass(slots=True)
class Trial:
    """One recipe, or one blend, with its result.

    Attributes:
        seconds: of its search, its fitting and its evaluation.
        predicted_seconds: what its fitting was estimated at.
        judged: the figures that it is chosen by, on the rows that recipes are chosen on, each with
            its standard error by bootstrap.
        reason: why it was skipped or failed, or why fewer settings were tried.
        settings: those that the search chose, where they are not the ones given.
        fit_seconds: of the fitting and the evaluation alone.
        tried: the settings that were tried, each with its seconds and its score out of fold.
    """

    recipe: str
    status: str = "fitted"
    seconds: float | None = None
    predicted_seconds: float | None = None
    dev_macro_f1: float | None = None
    judged: Mapping[str, tuple[float, float]] | None = None
    reason: str | None = None
    settings: Mapping[str, Any] | None = None
    fit_seconds: float = 0.0
    tried: Sequence[Mapping[str, Any]] | None = None


@dataclass
class AutoSearch:
    """One search of `auto`.

    Attributes:
        models: those fitted, by recipe, cheapest first.
        dev_proba: what each answers on `dev`, shape (n, k).
        held_out: what each recipe answers on the rows of `folds`, out of fold, where that is known.
        trials: in the order made.
        changed: settings that stand for those of `job` now, by recipe.
    """

    job: TrainJob[AutoConfig]
    recipes: Mapping[str, RecipeSpec[Any]]
    started: float = field(default_factory=time.monotonic)
    models: dict[str, TrainedModel] = field(default_factory=dict)
    dev_proba: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    held_out: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    trials: list[Trial] = field(default_factory=list)
    changed: dict[str, Any] = field(default_factory=dict)

    @property
    def budget_s(self) -> float | None:
        """The time that it may take; None without a bound."""
        bounds = [self.job.deadline_s]
        if self.job.settings.budget is not None:
            bounds.append(self.job.settings.budget.total_seconds())
        return min((bound for bound in bounds if bound is not None), default=None)

    def left_s(self) -> float:
        """Seconds left of the budget; infinite without one."""
        budget = self.budget_s
        return np.inf if budget is None else budget - (time.monotonic() - self.started)

    def part(self, name: str) -> float:
        """Of what is left of the budget, the fraction that is a recipe's."""
        return BYTES_PART if name == "bytes" else 1.0

    def share(self, name: str) -> float:
        """Of what is left of the budget, the fraction that a fit of a recipe may fill."""
        return SHARE * self.part(name)

    def fits(self, seconds: float, name: str = "") -> bool:
        """Whether something of so many seconds may begin; a fit of a recipe, where one is named."""
        return seconds <= self.share(name) * self.left_s()

    @cached_property
    def dev(self) -> Sequence[Example]:
        """What is chosen on: all of dev, or a sample of a large one."""
        job = self.job
        return stratified_sample(job.dev, job.config.dev_rows, job.settings.seed)

    @cached_property
    def y(self) -> NDArray[np.int64]:
        """The true columns of `dev`."""
        return columns(self.dev, self.job.task)

    @cached_property
    def goal(self) -> Goal:
        """What its models are chosen by."""
        return Goal.of(self.job.task, self.y)

    @cached_property
    def folds(self) -> Folds | None:
        """Rows of train, divided so that each can be answered by a model that never saw it."""
        return Folds.of(self.job)

    def batch(self, examples: Sequence[Example]) -> Batch:
        """Examples as a recipe's model reads them."""
        return Batch.of_examples(self.job.task.inputs, examples)

    def config(self, recipe: str) -> Any:  # noqa: ANN401 - the recipe's config_model
        """The settings of one of its recipes, with the encoder of all where one is given."""
        if recipe in self.changed:
            return self.changed[recipe]
        own, encoder = getattr(self.job.config, recipe), self.job.config.encoder
        reads = encoder is not None and isinstance(getattr(own, "encoder", None), EncoderSettings)
        return own.model_copy(update={"encoder": encoder}) if reads else own

    def job_of(self, name: str) -> TrainJob[Any]:
        """The job of one of its recipes, in what is left of the time."""
        workdir = self.job.workdir / name
        workdir.mkdir(parents=True, exist_ok=True)
        left = self.left_s()
        # Dev judges in the end, so nothing may stop early on it: a fine-tuned model that picked its
        # best epoch there looks better than it is (by 4 points of macro-F1 on 333 rows).
        dev = () if name in STOPS_EARLY else self.dev
        deadline = None if np.isinf(left) else self.share(name) * left
        return replace(
            self.job, config=self.config(name), workdir=workdir, dev=dev, deadline_s=deadline
        )

    def skip(self, recipe: str, reason: str, predicted: float | None = None) -> None:
        """Note a recipe that is not fitted."""
        self.trials.append(
            Trial(recipe, "skipped", predicted_seconds=rounded(predicted), reason=reason)
        )

    def fit(
        self,
        name: str,
        predicted: float | None = None,
        config: Any = None,  # noqa: ANN401 - the recipe's config_model
        begun: float | None = None,
    ) -> Trial:
        """Fit a recipe and judge it on dev; one that fails is noted only.

        Args:
            name: of the recipe.
            predicted: the seconds that it was estimated at.
            config: its settings; default: those given.
            begun: when it began, by `time.monotonic`, where a part was done before.
        """
        started = time.monotonic() if begun is None else begun
        job = self.job_of(name)
        job = job if config is None else replace(job, config=config)
        trial = Trial(name, predicted_seconds=rounded(predicted))
        try:
            model = self.recipes[name].fit(job)
            require_learning(model, replace(job, dev=self.dev), name)
            if self.dev:
                proba = model.predict_proba(self.batch(self.dev))
                self.dev_proba[name] = proba
                trial.dev_macro_f1 = round(Candidate((name,), proba).macro_f1(self.y), 4)
            self.models[name] = model
        except TrainingError as error:
            trial.status, trial.reason = "failed", str(error)
        trial.fit_seconds = round(time.monotonic() - started, 2)
        trial.seconds = trial.fit_seconds
        self.trials.append(trial)
        if trial.dev_macro_f1 is not None:
            self.job.log(len(self.trials), {"dev_macro_f1": trial.dev_macro_f1})
        return trial

    def fit_searched(
        self, name: str, predicted: float | None = None, begun: float | None = None
    ) -> None:
        """Fit with the settings given, search for better ones, fit with those; dev may object."""
        trial = self.fit(name, predicted, begun=begun)
        if name not in self.models:
            return
        if not have_optuna():
            trial.reason = "no settings were searched: optuna is not installed (sftsec[train])"
            return
        started = time.monotonic()
        job = replace(self.job_of(name), deadline_s=None)
        found = tune(
            self.recipes[name],
            job,
            self.folds,
            self.job.config.settings_tried,
            SEARCHED * self.left_s(),
        )
        trial.tried, trial.reason = found.trials or None, found.reason
        if found.given is not None:
            self.held_out[name] = found.given
        if found.config != job.config and self.fits(trial.seconds or 0.0):
            self._fit_again(name, found)
        trial.seconds = rounded((trial.seconds or 0.0) + time.monotonic() - started)

    def fitted(self, name: str) -> Fitted | None:
        """What of a recipe was fitted last; None where nothing was."""
        return (self.models[name], self.dev_proba.get(name)) if name in self.models else None

    def put_back(self, name: str, before: Fitted | None) -> None:
        """Take what was fitted before instead of what was fitted last."""
        if before is None:
            return
        self.models[name] = before[0]
        if before[1] is not None:
            self.dev_proba[name] = before[1]

    def helps(self, name: str, before: Fitted | None) -> bool:
        """Whether dev, where it is of use, shows what was fitted last ahead of what was before."""
        if before is None or before[1] is None or len(self.dev) < MIN_DEV:
            return True
        one, other = (Candidate((name,), each) for each in (before[1], self.dev_proba[name]))
        return leads(one, other, self.y, self.job.settings.seed, self.goal)

    def _fit_again(self, name: str, found: TunedSettings) -> None:
        given = self.models[name], self.dev_proba.get(name)
        again = self.fit(name, config=found.config)
        again.settings = found.values
        if again.status != "failed" and not self._objects(name, given[1]):
            self.changed[name] = found.config
            if found.chosen is not None:
                self.held_out[name] = found.chosen
            return
        again.status, again.reason = "dropped", again.reason or "worse on dev"
        self.put_back(name, given)

    def _objects(self, name: str, given: NDArray[np.float64] | None) -> bool:
        """Whether dev shows the settings that were given ahead: then what folds say is luck."""
        if given is None or len(self.dev) < MIN_DEV:
            return False
        before, after = Candidate((name,), given), Candidate((name,), self.dev_proba[name])
        return before.score(self.y, self.goal) > after.score(self.y, self.goal)

    def answer_out_of_fold(self, name: str, seconds: float) -> None:
        """Have a recipe answer the rows of the folds, where the time allows so many seconds."""
        if self.folds is None or name not in self.models or not self.fits(seconds):
            return
        started = time.monotonic()
        job = replace(self.job_of(name), dev=())
        try:
            self.held_out[name] = out_of_fold(self.recipes[name], job, self.folds)
        except TrainingError as error:
            self.trials[-1].reason = f"a fold could not be fitted: {error}"
        took = time.monotonic() - started
        self.trials[-1].seconds = rounded((self.trials[-1].seconds or 0.0) + took)


def have_optuna() -> bool:
    """Whether settings can be searched."""
    return find_spec("optuna") is not None


def rounded(seconds: float | None) -> float | None:
    """Seconds as they are noted."""
    return None if seconds is None else round(seconds, 2)
