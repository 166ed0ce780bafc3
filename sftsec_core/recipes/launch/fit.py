"""Carry out an order: fit its recipes one after another, each once."""

from __future__ import annotations

import json
import shutil
import time
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import RecipeSpec, TrainedModel, TrainJob, TrainOrder
from sftsec_core.api.domain import Event, Message, StageFinished, StageStarted, TrainingStep
from sftsec_core.api.errors import TrainingError, TrainingInterruptedError
from sftsec_core.api.settings.secrets import SecretRef
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.models.model_format import save_model
from sftsec_core.plugins import Plugins, get
from sftsec_core.recipes.chosen import chosen_recipes
from sftsec_core.recipes.encoder_files import encoders_relative_to
from sftsec_core.recipes.launch.adapt import carry_out_adaptation
from sftsec_core.recipes.launch.files import read_examples, task_from_json
from sftsec_core.recipes.launch.places import EXAMPLES, WORK, fitted_folder
from sftsec_core.recipes.majority import fit_recipe
from sftsec_core.sdk.atomic import sync_folder, write_atomically
from sftsec_core.store.vault import open_vault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from sftsec_core.api.domain import Example
    from sftsec_core.store.vault import Vault

_DONE = "fit.json"
_LEFT_OUT = "left_out.json"
Emit = "Callable[[Event], None]"


def is_fitted(folder: Path, recipe: str) -> bool:
    """Whether the run's folder holds a recipe's model, whole."""
    return (fitted_folder(folder, recipe) / _DONE).is_file()


def read_fit(folder: Path, recipe: str) -> dict[str, Any]:
    """What is known of a recipe's fitting: seconds and notes."""
    file = fitted_folder(folder, recipe) / _DONE
    known: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return known


def left_out(folder: Path, recipe: str) -> str | None:
    """Why a recipe of `train.compare` has no model in the run's folder; None where it may have."""
    file = fitted_folder(folder, recipe) / _LEFT_OUT
    if not file.is_file():
        return None
    return str(json.loads(file.read_text(encoding="utf-8"))["reason"])


def fit_order(order: TrainOrder, plugins: Plugins, emit: Callable[[Event], None]) -> None:
    """Fit what the order names and its folder does not hold fitted already.

    A recipe that is only compared with is left out where it cannot be fitted, or is no better than
    the majority class: the budget may hold no honest training of it.

    Raises:
        TrainingError: when the task's own recipe or the baseline cannot be fitted, or is no better
            than the majority class; those before it stay.
        IntegrityError: when the order's examples cannot be read.
        ConfigError: when the key of an encrypted state is missing here, or another one.
    """
    vault = _vault_of(order)
    if order.adaptation is not None:
        carry_out_adaptation(order, vault, emit)
        return
    parts = [read_examples(order.folder / EXAMPLES, part, vault) for part in ("train", "dev")]
    needed = {TrainSettings.model_validate(order.settings).recipe.name, order.baseline}
    for name in order.recipes:
        if is_fitted(order.folder, name) or left_out(order.folder, name):
            continue
        recipe = get("recipe", name, plugins.specs(RecipeSpec))
        emit(StageStarted(stage="train", detail=name))
        started = time.monotonic()
        try:
            with encoders_relative_to(order.base):
                model = fit_recipe(recipe, _job(order, recipe, parts, emit))
        except TrainingError as error:
            if name in needed or isinstance(error, TrainingInterruptedError):
                raise
            _leave_out(order, name, str(error), emit)
        else:
            _keep(order, recipe, model, time.monotonic() - started)
        emit(StageFinished(stage="train", seconds=time.monotonic() - started))


def _vault_of(order: TrainOrder) -> Vault | None:
    if order.state is None or order.state_key is None:
        return None
    return open_vault(order.state, SecretRef(order.state_key))


def _job(
    order: TrainOrder,
    recipe: RecipeSpec[Any],
    parts: Sequence[Sequence[Example]],
    emit: Callable[[Event], None],
) -> TrainJob[Any]:
    settings = TrainSettings.model_validate(order.settings)
    choice = chosen_recipes(settings, order.baseline).get(recipe.name)
    bounded = settings.budget is not None and recipe.name != order.baseline
    workdir = order.folder / WORK / recipe.name
    workdir.mkdir(parents=True, exist_ok=True)

    def log(step: int, values: Mapping[str, float]) -> None:
        emit(TrainingStep(recipe=recipe.name, step=step, values=dict(values)))

    return TrainJob(
        task=task_from_json(order.task),
        train=parts[0],
        dev=parts[1],
        config=recipe.configure(choice.options() if choice else {}, "train.recipe", order.base),
        settings=settings,
        workdir=workdir,
        log=log,
        deadline_s=settings.budget.total_seconds() if settings.budget and bounded else None,
        device=order.device,
    )


def _leave_out(order: TrainOrder, name: str, reason: str, emit: Callable[[Event], None]) -> None:
    folder = fitted_folder(order.folder, name)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / _LEFT_OUT, json.dumps({"reason": reason}).encode())
    emit(Message(text=f"left out of the comparison: {reason}", level="warning"))


def _keep(order: TrainOrder, recipe: RecipeSpec[Any], model: TrainedModel, seconds: float) -> None:
    kept = fitted_folder(order.folder, recipe.name)
    shutil.rmtree(kept, ignore_errors=True)
    (kept / "model").mkdir(parents=True)
    save_model(model, recipe.name, kept / "model")
    sync_folder(kept)
    known = {"seconds": seconds, "notes": getattr(model, "notes", {})}
    # Written last: its presence says that the model beside it is whole.
    write_atomically(kept / _DONE, json.dumps(known).encode())
    shutil.rmtree(order.folder / WORK / recipe.name, ignore_errors=True)
