"""Fit recipes, each once: what an interrupted run has fitted is not fitted again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import (
    LauncherSpec,
    RecipeSpec,
    TrainOrder,
)
from sftsec_core.api.domain import Message, RecipeFitted, TrainingAlive
from sftsec_core.api.errors import TrainingError
from sftsec_core.evaluation.inference import FittedModel
from sftsec_core.models.model_format import load_model
from sftsec_core.operations.adapted_encoders import bring_encoders
from sftsec_core.operations.privacy_account import spend_privacy
from sftsec_core.operations.training_device import TrainingDevice
from sftsec_core.plugins import get
from sftsec_core.recipes.chosen import chosen_recipes, unread_note
from sftsec_core.recipes.encoder_files import encoders_relative_to
from sftsec_core.recipes.launch.files import task_to_json, write_examples
from sftsec_core.recipes.launch.fit import is_fitted, left_out, read_fit
from sftsec_core.recipes.launch.places import EXAMPLES, fitted_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sftsec_core.api.domain import Event, Split
    from sftsec_core.operations.running import Run


def fit_all(
    run: Run, split: Split, device: TrainingDevice, only: tuple[str, ...] | None = None
) -> dict[str, FittedModel]:
    """Fit the task's recipe, those it is compared with and the task's baseline.

    Args:
        run: the run under way.
        split: what is trained and chosen on.
        device: what the run may compute on.
        only: fit these of them.

    Returns:
        Recipe's name to its model; the task's own recipe stands first. One that it is compared
        with and that cannot be fitted is not there.

    Raises:
        TrainingError: when the task's recipe or the baseline cannot be fitted, or the privacy
            budget of the task does not allow it.
    """
    names = only or tuple(chosen_recipes(run.task.train, run.spec.baseline))
    specs = run.context.plugins.specs(RecipeSpec)
    for name in names:
        if note := unread_note(get("recipe", name, specs), run.spec.inputs):
            run.emit(Message(text=note, level="warning"))
    done = {name for name in names if is_fitted(run.folder, name) or left_out(run.folder, name)}
    missing = tuple(name for name in names if name not in done)
    if missing:
        spend_privacy(run, missing, split.train)
        with preloaded([specs[name] for name in missing]):
            launch(run, split, missing, device, run.folder)
    kept = [name for name in names if left_out(run.folder, name) is None]
    return {name: _fitted(run, name, reused=name in done) for name in kept}


def not_compared(run: Run) -> dict[str, str]:
    """The recipes of `train.compare` that could not be fitted, with the reason."""
    names = chosen_recipes(run.task.train, run.spec.baseline)
    reasons = {name: left_out(run.folder, name) for name in names}
    return {name: reason for name, reason in reasons.items() if reason is not None}


@contextmanager
def preloaded(recipes: Sequence[RecipeSpec[Any]]) -> Iterator[None]:
    """Import what the models need to score while another process fits them.

    What cannot be imported is an error when its model is loaded. An exception of the body waits
    for no import: a run that is interrupted ends at once.
    """
    pool = ThreadPoolExecutor(1)
    for preload in {each.preload for each in recipes if each.preload is not None}:
        pool.submit(preload)
    try:
        yield
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def launch(
    run: Run,
    split: Split,
    names: tuple[str, ...],
    device: TrainingDevice,
    folder: Path,
    adaptation: Mapping[str, Any] | None = None,
) -> None:
    """Hand the examples over as files, and the order to the task's launcher.

    Args:
        run: the run under way.
        split: what is trained and chosen on.
        names: the recipes.
        device: what the run may compute on.
        folder: where the models are left.
        adaptation: as `TrainOrder` has it.

    Raises:
        TrainingError: when a recipe cannot be fitted.
    """
    bring_encoders(run.context, run.task.train)
    examples = folder / EXAMPLES
    write_examples(split.train, examples, "train", run.context.vault)
    write_examples(split.dev, examples, "dev", run.context.vault)
    choice, plugins = run.task.train.launcher, run.context.plugins
    encrypt = run.context.settings.state.encrypt
    launcher = get("launcher", choice.name, plugins.specs(LauncherSpec))
    order = TrainOrder(
        run=run.info.id,
        task=task_to_json(run.spec),
        settings=run.task.train.model_dump(mode="json"),
        recipes=names,
        plugins=tuple(plugins.versions()),
        folder=folder,
        baseline=run.spec.baseline,
        device=device.name,
        base=plugins.base,
        state=run.context.folder,
        state_key=str(encrypt.key) if encrypt else None,
        adaptation=adaptation,
    )
    launcher.run(
        launcher.configure(choice.options(), base=plugins.base),
        order,
        lambda event: _pass_on(run, device, event),
    )
    shutil.rmtree(examples, ignore_errors=True)


def _pass_on(run: Run, device: TrainingDevice, event: Event) -> None:
    """Emit an event of the launcher's; end it when the run or its GPU is another's now."""
    run.heartbeat.check()
    device.check()
    if not isinstance(event, TrainingAlive):
        run.emit(event)


def _fitted(run: Run, name: str, *, reused: bool) -> FittedModel:
    specs = run.context.plugins.specs(RecipeSpec)
    if not is_fitted(run.folder, name):
        raise TrainingError(f"launcher {run.task.train.launcher} left no model of {name!r}")
    known = read_fit(run.folder, name)
    # Always the model as it was kept: what is evaluated is what will serve.
    with encoders_relative_to(run.context.plugins.base):
        model = load_model(fitted_folder(run.folder, name) / "model", specs)
    run.emit(
        RecipeFitted(recipe=name, seconds=known["seconds"], notes=known["notes"], reused=reused)
    )
    cost = get("recipe", name, specs).cost_of(model)
    seconds, notes = known["seconds"], known["notes"]
    return FittedModel(model, name, fit_seconds=seconds, inference_cost=cost, notes=notes)
