"""`auto`: tries recipes, cheapest first, as the labels and the budget allow; keeps the best.

    boosted                   where the task has numbers or categories
    linear                    where it has text, and so the next two
    hybrid                    when embedding all texts fits, judged by a sample's speed
    contrastive               with fewer labels than fine-tuning takes, of text alone
    full (lora when large)    with enough labels, in what is left of the budget
    their averages            free: they need no training

The first three are fitted with the settings given and then with those that `tune` finds. Dev
decides, with a guard against its noise (`select_model`). Without a usable dev nothing can be
judged: then the last text model is taken, with boosted where it is there; hybrid was nowhere worse
than linear when it was measured, contrastive nowhere worse than hybrid with 32 labels. What was
tried, what was not and why is in the model's notes.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from importlib.util import find_spec
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.domain import Batch, InputKind
from sftsec_core.api.errors import TrainingError
from sftsec_core.recipes.blend import BlendModel, average, inference_cost_of
from sftsec_core.recipes.embedding_speed import estimate_embedding
from sftsec_core.recipes.embeddings import Embedder, remembered_embeddings
from sftsec_core.recipes.goal import Goal, columns
from sftsec_core.recipes.logistic import usable
from sftsec_core.recipes.majority import require_learning
from sftsec_core.recipes.sampling import stratified_sample
from sftsec_core.recipes.selection import (
    MIN_EFFECT_SIZE,
    STRICT_MIN_EFFECT_SIZE,
    Candidate,
    select_model,
)
from sftsec_core.recipes.tuning import tune

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.contracts import RecipeSpec, TrainedModel, TrainJob
    from sftsec_core.api.domain import Example
    from sftsec_core.recipes.config import AutoConfig
    from sftsec_core.recipes.encoder.time_plan import TimePlan

MIN_DEV = 50  # rows to choose on; with fewer, one text is worth more than recipes differ by
MIN_FINE_TUNE = 500  # labels from which fine-tuning has been seen to help a blend
LARGE_ENCODER = 400_000_000  # bytes of weights from which adapters replace full fine-tuning
FINE_TUNED = frozenset({"full", "lora"})
STOPS_EARLY = FINE_TUNED | {"boosted"}  # these would stop early on dev
_SEARCHED = 0.1  # of what is left of the budget that the search of a recipe's settings may take
_SHARE = 0.9  # of what is left of the budget that a fit may fill: it is judged and saved, too


@dataclass(slots=True)
class Trial:
    """One recipe with its result.

    Attributes:
        seconds: of its search, its fitting and its evaluation.
        reason: why it was skipped or failed, or why fewer settings were tried.
        settings: those that the search chose, where they are not the ones given.
        tried: the settings that were tried, each with its seconds and its score out of fold.
    """

    recipe: str
    status: str = "fitted"
    seconds: float | None = None
    predicted_seconds: float | None = None
    dev_macro_f1: float | None = None
    reason: str | None = None
    settings: Mapping[str, Any] | None = None
    fit_seconds: float = 0.0
    tried: Sequence[Mapping[str, Any]] | None = None


@dataclass
class _Search:
    """The state of one search: its clock, what was fitted, what was noted."""

    job: TrainJob[AutoConfig]
    recipes: Mapping[str, RecipeSpec[Any]]
    started: float = field(default_factory=time.monotonic)
    models: dict[str, TrainedModel] = field(default_factory=dict)
    dev_proba: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    trials: list[Trial] = field(default_factory=list)

    @property
    def budget_s(self) -> float | None:
        bounds = [self.job.deadline_s]
        if self.job.settings.budget is not None:
            bounds.append(self.job.settings.budget.total_seconds())
        return min((bound for bound in bounds if bound is not None), default=None)

    def left_s(self) -> float:
        """Seconds left of the budget; infinite without one."""
        budget = self.budget_s
        return np.inf if budget is None else budget - (time.monotonic() - self.started)

    def skip(self, recipe: str, reason: str, predicted: float | None = None) -> None:
        self.trials.append(
            Trial(recipe, "skipped", predicted_seconds=_rounded(predicted), reason=reason)
        )

    def config(self, recipe: str) -> Any:  # noqa: ANN401 - the recipe's config_model
        """The settings of one of its recipes, with the encoder of all where one is given."""
        own, encoder = getattr(self.job.config, recipe), self.job.config.encoder
        reads = encoder is not None and "encoder" in type(own).model_fields
        return own.model_copy(update={"encoder": encoder}) if reads else own

    def batch(self, examples: Sequence[Example]) -> Batch:
        return Batch.of_examples(self.job.task.inputs, examples)

    def y(self) -> NDArray[np.int64]:
        return columns(self.dev, self.job.task)

    @cached_property
    def goal(self) -> Goal:
        """What its models are chosen by."""
        return Goal.of(self.job.task, self.y())

    @cached_property
    def dev(self) -> Sequence[Example]:
        """What is chosen on: all of dev, or a sample of a large one."""
        job = self.job
        return stratified_sample(job.dev, job.config.dev_rows, job.settings.seed)


def train_auto(job: TrainJob[AutoConfig], recipes: Mapping[str, RecipeSpec[Any]]) -> BlendModel:
    """Fit what fits and keep the best by dev macro-F1.

    Args:
        job: its deadline and `settings.budget` both bound the search; a fit that was begun
            keeps to what is left.
        recipes: by name: those of its settings, of which it makes use.

    Raises:
        DataError: when train has fewer than two labels.
        TrainingError: when the one recipe that reads the task is not installed.
    """
    usable(job.train, job.task.labels)
    search = _Search(job, recipes)
    judged = len(job.dev) >= MIN_DEV and len({example.label for example in search.dev}) > 1
    with remembered_embeddings():
        if InputKind.TEXT in job.task.kinds:
            _fit_searched(search, "linear")
        _try_boosted(search)
        if InputKind.TEXT in job.task.kinds:
            _try_hybrid(search)
            _try_contrastive(search)
            if judged:
                _try_fine_tuning(search)
    if not search.models:
        raise TrainingError(search.trials[0].reason)
    members = _choose(search) if judged else _default_members(search)
    kept = {name: search.models[name] for name in members}
    notes = _notes(search, members, judged=judged)
    return BlendModel(job.task.labels, kept, notes, inference_cost_of(list(members), recipes))


def _fit_searched(
    search: _Search, name: str, predicted: float | None = None, begun: float | None = None
) -> None:
    """Fit with the settings given, search for better ones, fit with those; dev may object."""
    trial = _fit(search, name, predicted, begun=begun)
    if name not in search.models:
        return
    if not _have_optuna():
        trial.reason = "no settings were searched: optuna is not installed (sftsec[train])"
        return
    started = time.monotonic()
    job = replace(_job(search, name), deadline_s=None)
    found = tune(
        search.recipes[name], job, search.job.config.settings_tried, _SEARCHED * search.left_s()
    )
    trial.tried, trial.reason = found.trials or None, found.reason
    if found.config != job.config and (trial.seconds or 0.0) < _SHARE * search.left_s():
        given = search.models[name], search.dev_proba.get(name)
        again = _fit(search, name, config=found.config)
        again.settings = found.config.model_dump(exclude_unset=True, exclude={"encoder"})
        if again.status == "failed" or _objects(search, name, given[1]):
            again.status, again.reason = "dropped", again.reason or "worse on dev"
            search.models[name] = given[0]
            if given[1] is not None:
                search.dev_proba[name] = given[1]
    trial.seconds = _rounded((trial.seconds or 0.0) + time.monotonic() - started)


def _objects(search: _Search, name: str, given: NDArray[np.float64] | None) -> bool:
    """Whether dev shows the settings that were given ahead: then what folds say is luck."""
    if given is None:
        return False
    y, goal = search.y(), search.goal
    before, after = Candidate((name,), given), Candidate((name,), search.dev_proba[name])
    return before.score(y, goal) > after.score(y, goal)


def _job(search: _Search, name: str) -> TrainJob[Any]:
    workdir = search.job.workdir / name
    workdir.mkdir(parents=True, exist_ok=True)
    left = search.left_s()
    # Dev judges in the end, so nothing may stop early on it: a fine-tuned model that picked its
    # best epoch there looks better than it is (by 4 points of macro-F1 on 333 rows).
    dev = () if name in STOPS_EARLY else search.dev
    deadline = None if np.isinf(left) else _SHARE * left
    return replace(
        search.job, config=search.config(name), workdir=workdir, dev=dev, deadline_s=deadline
    )


def _fit(
    search: _Search,
    name: str,
    predicted: float | None = None,
    config: Any = None,  # noqa: ANN401 - the recipe's config_model
    begun: float | None = None,
) -> Trial:
    started = time.monotonic() if begun is None else begun
    job = _job(search, name)
    job = job if config is None else replace(job, config=config)
    trial = Trial(name, predicted_seconds=_rounded(predicted))
    try:
        model = search.recipes[name].fit(job)
        require_learning(model, replace(job, dev=search.dev), name)
        if search.dev:
            proba = model.predict_proba(search.batch(search.dev))
            search.dev_proba[name] = proba
            trial.dev_macro_f1 = round(Candidate((name,), proba).macro_f1(search.y()), 4)
        search.models[name] = model
    except TrainingError as error:
        trial.status, trial.reason = "failed", str(error)
    trial.fit_seconds = round(time.monotonic() - started, 2)
    trial.seconds = trial.fit_seconds
    search.trials.append(trial)
    if trial.dev_macro_f1 is not None:
        search.job.log(len(search.trials), {"dev_macro_f1": trial.dev_macro_f1})
    return trial


def _try_boosted(search: _Search) -> None:
    boosted = search.recipes.get("boosted")
    if boosted is None or not boosted.reads(search.job.task.inputs):
        return
    if _installed(search, "boosted"):
        _fit_searched(search, "boosted")
    elif not search.models:
        raise TrainingError(boosted.missing() or "")


def _try_hybrid(search: _Search) -> None:
    if not _installed(search, "hybrid"):
        return
    started = time.monotonic()
    predicted = _predict_hybrid(search)
    if predicted > _SHARE * search.left_s():
        search.skip("hybrid", "does not fit the budget", predicted)
        return
    # What the prediction embedded is remembered, so its time is a part of the fitting's.
    _fit_searched(search, "hybrid", predicted, started)


def _predict_hybrid(search: _Search) -> float:
    """Predict hybrid's seconds: the embedding from a sample, and the linear fit once more."""
    texts = list(dict.fromkeys(search.batch((*search.job.train, *search.dev)).text()))
    embedder = Embedder(search.config("hybrid").encoder)
    embedding = estimate_embedding(embedder, texts)
    linear = next(trial for trial in search.trials if trial.recipe == "linear")
    return embedding + 3 * linear.fit_seconds


def _try_contrastive(search: _Search) -> None:
    few = len(search.job.train) < MIN_FINE_TUNE and search.job.task.kinds == {InputKind.TEXT}
    if not few or "contrastive" not in search.recipes or not _installed(search, "contrastive"):
        return
    from sftsec_core.recipes.encoder.contrastive import estimate_seconds

    job: TrainJob[Any] = replace(search.job, config=search.config("contrastive"))
    predicted = estimate_seconds(job)
    if predicted > _SHARE * search.left_s():
        search.skip("contrastive", "does not fit the budget", predicted)
        return
    _fit(search, "contrastive", predicted)


def _try_fine_tuning(search: _Search) -> None:
    name = "lora" if _encoder_bytes(search) > LARGE_ENCODER else "full"
    if not _installed(search, name):
        return
    if len(search.job.train) < MIN_FINE_TUNE:
        search.skip(name, f"fewer than {MIN_FINE_TUNE} labels")
        return
    if max(trial.dev_macro_f1 or 0.0 for trial in search.trials) >= 1:
        search.skip(name, "dev is solved already")
        return
    try:
        predicted = _predict_fine_tuning(search, name)
    except TrainingError as error:
        search.trials.append(Trial(name, "failed", reason=str(error)))
        return
    wanted = predicted.seconds(search.config(name).epochs)
    if predicted.least_budget_s > _SHARE * search.left_s():
        least = f"{predicted.least_steps} steps, the least that teach anything"
        search.skip(name, f"{least}, do not fit the budget", wanted)
        return
    _fit(search, name, min(wanted, _SHARE * search.left_s()))


def _predict_fine_tuning(search: _Search, name: str) -> TimePlan:
    from sftsec_core.recipes.encoder import lora as torch_lora
    from sftsec_core.recipes.encoder import trainer as torch_trainer

    how = torch_lora.LORA if name == "lora" else torch_trainer.FULL
    job: TrainJob[Any] = replace(search.job, config=search.config(name))
    return torch_trainer.estimate(replace(job, dev=()), how)


def _encoder_bytes(search: _Search) -> int:
    if search.recipes["full"].missing() is not None:
        return 0
    from sftsec_core.recipes.encoder_files import WEIGHTS, resolve_encoder

    return (resolve_encoder(search.config("full").encoder).folder / WEIGHTS).stat().st_size


def _installed(search: _Search, name: str) -> bool:
    if search.recipes[name].missing() is None:
        return True
    search.skip(name, f"its packages are not installed ({_hint(search.recipes[name])})")
    return False


def _hint(recipe: RecipeSpec[Any]) -> str:
    return recipe.requires[0].install_hint if recipe.requires else ""


def _have_optuna() -> bool:
    return find_spec("optuna") is not None


def _default_members(search: _Search) -> tuple[str, ...]:
    """Without a usable dev: the last text model, and the trees beside it."""
    text = [name for name in search.models if name != "boosted"]
    return (*text[-1:], *(name for name in search.models if name == "boosted"))


def _choose(search: _Search) -> tuple[str, ...]:
    """The members of the best candidate: models by themselves first, then their averages."""
    names = list(search.models)
    candidates = [
        Candidate(
            members,
            average([search.dev_proba[name] for name in members]),
            min_effect_size=MIN_EFFECT_SIZE
            if members[0] not in FINE_TUNED and size == 1
            else STRICT_MIN_EFFECT_SIZE,
        )
        for size in range(1, len(names) + 1)
        for members in combinations(names, size)
    ]
    y = search.y()
    for candidate in candidates[len(names) :]:
        score = round(candidate.macro_f1(y), 4)
        search.trials.append(Trial(candidate.name, "blended", dev_macro_f1=score))
    return select_model(candidates, y, search.job.settings.seed, search.goal).members


def _notes(search: _Search, members: tuple[str, ...], *, judged: bool) -> dict[str, Any]:
    trials = [
        {key: value for key, value in asdict(trial).items() if value is not None}
        for trial in search.trials
    ]
    return {
        "chosen": list(members),
        "chosen_by": list(search.goal.figures),
        **({"not_chosen_by": search.goal.lacking} if search.goal.lacking else {}),
        "chosen_on": _chosen_on(search) if judged else "no usable dev: by default",
        "budget_seconds": search.budget_s,
        "seconds": _rounded(time.monotonic() - search.started),
        "trials": trials,
    }


def _chosen_on(search: _Search) -> str:
    rows, drawn = len(search.job.dev), len(search.dev)
    return f"dev, {rows} rows" if rows == drawn else f"dev, {drawn} of {rows} rows"


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)
