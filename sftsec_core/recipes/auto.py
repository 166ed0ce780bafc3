"""`auto`: tries recipes, cheapest first, as the labels and the budget allow; keeps the best.

    boosted                   where the task has numbers or categories
    linear                    where it has text, and so the next two
    hybrid                    when embedding all texts fits, judged by a sample's speed
    contrastive               with fewer labels than fine-tuning takes, of text alone
    bytes                     with enough labels, where texts are strings without words
    full (lora when large)    with enough labels, in what is left of the budget
    their averages and stack  free: they need no training

The first three are fitted with the settings given and then with those that `tune` finds; bytes,
full and lora are searched first, where the budget holds it, and fitted once. `choosing` decides.
Without rows to judge by, hybrid and contrastive are averaged, else the last text model is taken,
with boosted where it is there: with 32 labels the average was ahead of both (ADR 61). What was
tried, what was not and why is in the model's notes.
"""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import InputKind
from sftsec_core.api.errors import TrainingError
from sftsec_core.recipes.blend import BlendModel, inference_cost_of
from sftsec_core.recipes.choosing import choose, dev_is_usable
from sftsec_core.recipes.embedding_speed import estimate_embedding
from sftsec_core.recipes.embeddings import Embedder, remembered_embeddings
from sftsec_core.recipes.logistic import usable
from sftsec_core.recipes.sampling import judged
from sftsec_core.recipes.search import (
    FINE_TUNING_SEARCHED,
    AutoSearch,
    Trial,
    have_optuna,
    rounded,
)
from sftsec_core.recipes.tuning import FOLDS, ROWS, Folds, TunedSettings, tune
from sftsec_core.recipes.wordless import are_wordless

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.api.contracts import RecipeSpec, TrainJob
    from sftsec_core.recipes.choosing import Chosen
    from sftsec_core.recipes.config import AutoConfig, EncoderSettings
    from sftsec_core.recipes.encoder.time_plan import TimePlan

MIN_FINE_TUNE = 500  # labels from which fine-tuning has been seen to help a blend
LARGE_ENCODER = 400_000_000  # bytes of weights from which adapters replace full fine-tuning
MIN_SEARCH_ROWS = 300  # that settings of a fine-tuning are compared on
MIN_SEARCH_TRIALS = 4  # settings, those given among them, that a search must hold to be begun
_SCORING = 1.2  # what answering the rows left out adds to the training of a trial


def train_auto(job: TrainJob[AutoConfig], recipes: Mapping[str, RecipeSpec[Any]]) -> BlendModel:
    """Fit what fits and keep the best by the task's metric.

    Args:
        job: its deadline and `settings.budget` both bound the search; a fit that was begun
            keeps to what is left.
        recipes: by name: those of its settings, of which it makes use.

    Raises:
        DataError: when train has fewer than two labels.
        TrainingError: when the one recipe that reads the task is not installed.
    """
    usable(job.train, job.task.labels)
    search = AutoSearch(job, recipes)
    with remembered_embeddings():
        if InputKind.TEXT in job.task.kinds:
            search.fit_searched("linear")
        _try_boosted(search)
        if InputKind.TEXT in job.task.kinds:
            _try_hybrid(search)
            _try_contrastive(search)
            if dev_is_usable(search):
                _try_bytes(search)
                _try_fine_tuning(search, _fine_tuned(search))
    if not search.models:
        raise TrainingError(search.trials[0].reason)
    chosen = choose(search)
    kept = {name: search.models[name] for name in chosen.members}
    cost = inference_cost_of(kept, recipes)
    return BlendModel(job.task.labels, kept, _notes(search, chosen), cost, chosen.pool)


def _try_boosted(search: AutoSearch) -> None:
    boosted = search.recipes.get("boosted")
    if boosted is None or not boosted.reads(search.job.task.inputs):
        return
    if _installed(search, "boosted"):
        search.fit_searched("boosted")
    elif not search.models:
        raise TrainingError(boosted.missing() or "")


def _try_hybrid(search: AutoSearch) -> None:
    if not _installed(search, "hybrid"):
        return
    started = time.monotonic()
    predicted = _predict_hybrid(search)
    if not search.fits(predicted):
        search.skip("hybrid", "does not fit the budget", predicted)
        return
    # What the prediction embedded is remembered, so its time is a part of the fitting's.
    asked = search.config("hybrid")
    search.changed["hybrid"] = asked.model_copy(update={"second_encoder": None})
    search.fit_searched("hybrid", predicted, started)
    if asked.second_encoder is not None:
        _try_second_encoder(search, asked.second_encoder)


def _try_second_encoder(search: AutoSearch, second: EncoderSettings) -> None:
    """Fit hybrid with a second encoder beside the first; dev says whether it stays."""
    started = time.monotonic()
    alone = search.fitted("hybrid")
    predicted = _predict_embedding(search, second) + 2 * (search.trials[-1].fit_seconds or 0.0)
    if not search.fits(predicted):
        search.skip("hybrid", "a second encoder does not fit the budget", predicted)
        return
    both = search.config("hybrid").model_copy(update={"second_encoder": second})
    trial = search.fit("hybrid", predicted, both, started)
    trial.settings = {"second_encoder": second.path}
    if trial.status == "fitted" and search.helps("hybrid", alone):
        search.changed["hybrid"] = both
        if search.held_out.pop("hybrid", None) is not None:
            search.answer_out_of_fold("hybrid", FOLDS * trial.fit_seconds)
        return
    if trial.status == "fitted":
        trial.status, trial.reason = "dropped", "no better on dev"
    search.put_back("hybrid", alone)


def _predict_hybrid(search: AutoSearch) -> float:
    """Predict hybrid's seconds: the embedding from a sample, and the linear fit once more."""
    embedding = _predict_embedding(search, search.config("hybrid").encoder)
    linear = next(trial for trial in search.trials if trial.recipe == "linear")
    return embedding + 2 * linear.fit_seconds


def _predict_embedding(search: AutoSearch, encoder: EncoderSettings) -> float:
    texts = list(dict.fromkeys(search.batch((*search.job.train, *search.dev)).text()))
    return estimate_embedding(Embedder(encoder), texts)


def _try_contrastive(search: AutoSearch) -> None:
    few = len(judged(search.job.train)) < MIN_FINE_TUNE and search.job.task.kinds == {
        InputKind.TEXT
    }
    if not few or "contrastive" not in search.recipes or not _installed(search, "contrastive"):
        return
    from sftsec_core.recipes.encoder.contrastive import estimate_seconds

    job: TrainJob[Any] = replace(search.job, config=search.config("contrastive"))
    predicted = estimate_seconds(job)
    if not search.fits(predicted):
        search.skip("contrastive", "does not fit the budget", predicted)
        return
    trial = search.fit("contrastive", predicted)
    if search.job.config.settings_tried:
        # The others are answered out of fold by their search.
        search.answer_out_of_fold("contrastive", FOLDS * trial.fit_seconds)


def _try_bytes(search: AutoSearch) -> None:
    texts = search.batch(search.job.train).text()
    if "bytes" in search.recipes and are_wordless(texts):
        _try_fine_tuning(search, "bytes")


def _fine_tuned(search: AutoSearch) -> str:
    return "lora" if _encoder_bytes(search) > LARGE_ENCODER else "full"


def _try_fine_tuning(search: AutoSearch, name: str) -> None:
    if not _installed(search, name):
        return
    if len(judged(search.job.train)) < MIN_FINE_TUNE:
        search.skip(name, f"fewer than {MIN_FINE_TUNE} labels")
        return
    if max(trial.dev_macro_f1 or 0.0 for trial in search.trials) >= 1:
        search.skip(name, "dev is solved already")
        return
    try:
        plan = _predict_fine_tuning(search, name)
    except TrainingError as error:
        search.trials.append(Trial(name, "failed", reason=str(error)))
        return
    wanted = plan.seconds(search.config(name).epochs)
    if not search.fits(plan.least_budget_s, name):
        least = f"{plan.least_steps} steps, the least that teach anything"
        search.skip(name, f"{least}, do not fit the budget", wanted)
        return
    started = time.monotonic()
    found = _tune_fine_tuning(search, name, plan)
    searched_s = time.monotonic() - started
    wanted = plan.seconds(found.config.epochs)
    expected = min(wanted, search.share(name) * search.left_s())
    trial = search.fit(name, expected, config=found.config)
    trial.tried, trial.settings = found.trials or None, found.values or None
    trial.reason = trial.reason or found.reason
    trial.seconds = rounded(trial.fit_seconds + searched_s)


def _tune_fine_tuning(search: AutoSearch, name: str, plan: TimePlan) -> TunedSettings:
    """Search settings on so many rows as a share of the time holds, and not where it holds few."""
    config, count = search.config(name), search.job.config.settings_tried
    if not count:
        return TunedSettings(config)
    if not have_optuna():
        reason = "no settings were searched: optuna is not installed (sftsec[train])"
        return TunedSettings(config, reason=reason)
    seconds = FINE_TUNING_SEARCHED * search.part(name) * search.left_s()
    rows = _search_rows(plan, config.epochs, len(search.job.train), seconds)
    if rows < MIN_SEARCH_ROWS:
        reason = (
            f"no settings were searched: {seconds:.0f} s, their share of the budget, hold "
            f"{MIN_SEARCH_TRIALS} trainings on {max(rows, 0)} rows, and {MIN_SEARCH_ROWS} are the "
            "least"
        )
        return TunedSettings(config, reason=reason)
    job = search.job_of(name)
    job = replace(job, deadline_s=None, workdir=job.workdir / "search")
    folds = Folds.of(job, rows)
    return tune(search.recipes[name], job, folds, count, seconds, growing=True)


def _search_rows(plan: TimePlan, epochs: float, train: int, seconds: float) -> int:
    """Rows on which so many seconds hold `MIN_SEARCH_TRIALS` settings; at most `ROWS`.

    A trial trains on a third, then on all of the rows that its fold leaves.
    """
    trained = (1 + 1 / 3) * (FOLDS - 1) / FOLDS
    a_row = _SCORING * trained * epochs * plan.epoch_s / train
    left = seconds / MIN_SEARCH_TRIALS - 2 * plan.prepare_s
    return min(ROWS, train) if left >= ROWS * a_row else int(left / a_row)


def _predict_fine_tuning(search: AutoSearch, name: str) -> TimePlan:
    from sftsec_core.recipes.encoder import bytes as torch_bytes
    from sftsec_core.recipes.encoder import lora as torch_lora
    from sftsec_core.recipes.encoder import trainer as torch_trainer

    hows = {"lora": torch_lora.LORA, "full": torch_trainer.FULL, "bytes": torch_bytes.BYTES}
    how = hows[name]
    job: TrainJob[Any] = replace(search.job, config=search.config(name))
    return torch_trainer.estimate(replace(job, dev=()), how)


def _encoder_bytes(search: AutoSearch) -> int:
    if search.recipes["full"].missing() is not None:
        return 0
    from sftsec_core.recipes.encoder_files import WEIGHTS, resolve_encoder

    return (resolve_encoder(search.config("full").encoder).folder / WEIGHTS).stat().st_size


def _installed(search: AutoSearch, name: str) -> bool:
    recipe = search.recipes[name]
    if recipe.missing() is None:
        return True
    hint = recipe.requires[0].install_hint if recipe.requires else ""
    search.skip(name, f"its packages are not installed ({hint})")
    return False


def _notes(search: AutoSearch, chosen: Chosen) -> dict[str, Any]:
    trials = [
        {key: value for key, value in asdict(trial).items() if value is not None}
        for trial in search.trials
    ]
    goal = chosen.goal or search.goal
    return {
        "chosen": list(chosen.members),
        **({"stacked": chosen.pool.to_json()} if chosen.pool else {}),
        "chosen_by": list(goal.figures),
        **({"not_chosen_by": goal.lacking} if goal.lacking else {}),
        "chosen_on": chosen.judged_on,
        "budget_seconds": search.budget_s,
        "seconds": rounded(time.monotonic() - search.started),
        "trials": trials,
    }
