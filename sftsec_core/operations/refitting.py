"""Fit recipes again for audits, where and as the run's own were fitted."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sftsec_core.api.contracts import CalibratorSpec, DeciderSpec, RecipeSpec
from sftsec_core.api.domain import LeakCheck
from sftsec_core.api.errors import TrainingError
from sftsec_core.evaluation.inference import FittedModel
from sftsec_core.evaluation.labelled import answer
from sftsec_core.evaluation.methods import ServingMethods
from sftsec_core.models.model_format import load_model
from sftsec_core.operations.fitting import launch
from sftsec_core.operations.splitting import TrainingData
from sftsec_core.operations.transforming import transform_train
from sftsec_core.plugins import get
from sftsec_core.recipes.encoder_files import encoders_relative_to
from sftsec_core.recipes.launch.fit import is_fitted
from sftsec_core.recipes.launch.places import fitted_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.api.domain import Split
    from sftsec_core.api.predictions import Predictions
    from sftsec_core.operations.running import Run
    from sftsec_core.operations.training_device import TrainingDevice

_FOLDER = "refits"


@dataclass(frozen=True, slots=True)
class Refitter:
    """The run's `Refit`: its launcher, its device, its transforms; one fit at a time.

    Attributes:
        run: the run under way.
        device: what it computes on.
        methods: how it calibrates and decides.
    """

    run: Run
    device: TrainingDevice
    methods: ServingMethods

    def __call__(self, recipes: Sequence[str], split: Split) -> Mapping[str, Predictions]:
        """Fit recipes on a split's train, and let each answer for its test; keeps nothing."""
        data = TrainingData(split, {}, LeakCheck(), {}, split.train)
        train = transform_train(self.run, data).train
        folder = self.run.folder / _FOLDER
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
        folder.mkdir()
        try:
            launch(self.run, replace(split, train=train), tuple(recipes), self.device, folder)
            return {name: self._answer(name, split) for name in recipes}
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _answer(self, name: str, split: Split) -> Predictions:
        folder = self.run.folder / _FOLDER
        if not is_fitted(folder, name):
            raise TrainingError(
                f"launcher {self.run.task.train.launcher} left no model of {name!r}"
            )
        plugins = self.run.context.plugins
        with encoders_relative_to(plugins.base):
            model = load_model(fitted_folder(folder, name) / "model", plugins.specs(RecipeSpec))
        return answer(FittedModel(model, name), split, self.run.spec, self.methods)


def serving_methods(run: Run) -> ServingMethods:
    """The calibrator and the decider that the task names, with their settings."""
    task, plugins = run.task, run.context.plugins
    calibrator = get("calibrator", task.calibrator.name, plugins.specs(CalibratorSpec))
    decider = get("decider", task.decider.name, plugins.specs(DeciderSpec))
    return ServingMethods(
        calibrator,
        decider,
        calibrator.configure(task.calibrator.options(), "calibrator", plugins.base),
        decider.configure(task.decider.options(), "decider", plugins.base),
    )
