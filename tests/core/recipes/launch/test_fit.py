"""An order is carried out recipe by recipe, each once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import sftsec_core.builtin
from sftsec_core.api.contracts import RecipeSpec, TrainedModel, TrainJob, TrainOrder
from sftsec_core.api.domain import Event, Message, StageFinished, StageStarted, TrainingStep
from sftsec_core.api.errors import (
    IntegrityError,
    NotFoundError,
    TrainingError,
    TrainingInterruptedError,
)
from sftsec_core.api.hookspecs import hookimpl
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.plugins import Plugins
from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.launch.fit import fit_order, is_fitted, left_out, read_fit
from sftsec_core.recipes.launch.places import EXAMPLES
from sftsec_core.recipes.specs import LINEAR
from tests.core.recipes.launch.orders import order


class Recipes:
    """Offers `linear` under two more names: one that logs, one that fails."""

    def __init__(self) -> None:
        self.jobs: list[TrainJob[Any]] = []

    @hookimpl
    def sftsec_register_recipes(self) -> Sequence[RecipeSpec[Any]]:
        return [
            RecipeSpec(
                name=name,
                summary=name,
                config_model=LINEAR.config_model,
                inference_cost=9,
                fit=fit,
                load=LINEAR.load,
            )
            for name, fit in (("tells", self.tells), ("fails", self.fails))
        ]

    def tells(self, job: TrainJob[Any]) -> TrainedModel:
        self.jobs.append(job)
        job.log(1, {"loss": 0.5})
        return LINEAR.fit(job)

    def fails(self, job: TrainJob[Any]) -> TrainedModel:
        raise ImportError("No module named 'torch'", name="torch")


def ordered_as_own(folder: Path, recipe: str) -> TrainOrder:
    """An order of `linear` and of a recipe that is the task's own."""
    return replace(order(folder, "linear", recipe), settings={"recipe": recipe})


@pytest.fixture
def recipes() -> Recipes:
    return Recipes()


@pytest.fixture
def plugins(recipes: Recipes) -> Plugins:
    return Plugins.of_modules(sftsec_core.builtin, recipes)


class TestFitOrder:
    def test_fits_each_recipe_and_tells_it(self, tmp_path: Path, plugins: Plugins) -> None:
        events: list[Event] = []
        fit_order(order(tmp_path, "tells", "linear"), plugins, events.append)
        assert all(is_fitted(tmp_path, name) for name in ("tells", "linear"))
        assert read_fit(tmp_path, "tells")["seconds"] > 0
        assert [type(event) for event in events] == [
            StageStarted,
            TrainingStep,
            StageFinished,
            StageStarted,
            StageFinished,
        ]
        assert not list((tmp_path / "work").iterdir())

    def test_hands_each_recipe_its_own_settings(
        self, tmp_path: Path, plugins: Plugins, recipes: Recipes
    ) -> None:
        settings = {"recipe": {"name": "tells", "regularization": 0.5}, "compare": ["linear"]}
        given = replace(order(tmp_path, "tells", "linear"), settings=settings)
        fit_order(given, plugins, lambda _: None)
        (job,) = recipes.jobs
        assert job.config.regularization == 0.5

    def test_leaves_a_fitted_recipe_as_it_is(self, tmp_path: Path, plugins: Plugins) -> None:
        given = order(tmp_path, "linear", "tells")
        fit_order(order(tmp_path, "linear"), plugins, lambda _: None)
        before = (tmp_path / "fitted/linear/fit.json").stat().st_mtime_ns
        events: list[Event] = []
        fit_order(given, plugins, events.append)
        assert (tmp_path / "fitted/linear/fit.json").stat().st_mtime_ns == before
        assert [e.detail for e in events if isinstance(e, StageStarted)] == ["tells"]

    def test_budgets_all_but_the_baseline(
        self, tmp_path: Path, plugins: Plugins, recipes: Recipes
    ) -> None:
        given = order(tmp_path, "tells")
        fit_order(given, plugins, lambda _: None)
        (job,) = recipes.jobs
        assert job.deadline_s == job.settings.budget.total_seconds()  # type: ignore[union-attr]
        baseline = TrainOrder.from_json(
            {**given.to_json(), "baseline": "tells", "folder": str(tmp_path / "other")}
        )
        (tmp_path / "other").mkdir()
        (tmp_path / EXAMPLES).rename(tmp_path / "other" / EXAMPLES)
        fit_order(baseline, plugins, lambda _: None)
        assert recipes.jobs[1].deadline_s is None

    def test_keeps_what_was_fitted_before_a_failure(self, tmp_path: Path, plugins: Plugins) -> None:
        with pytest.raises(TrainingError, match=r"needs torch: pip install 'sftsec\[train\]'"):
            fit_order(ordered_as_own(tmp_path, "fails"), plugins, lambda _: None)
        assert is_fitted(tmp_path, "linear")
        assert not is_fitted(tmp_path, "fails")

    def test_leaves_out_what_is_only_compared(self, tmp_path: Path, plugins: Plugins) -> None:
        given = order(tmp_path, "fails", "linear")
        events: list[Event] = []
        fit_order(given, plugins, events.append)
        reason = left_out(tmp_path, "fails")
        assert reason is not None
        assert "needs torch" in reason
        assert is_fitted(tmp_path, "linear")
        (told,) = (each for each in events if isinstance(each, Message))
        assert (told.level, reason in told.text) == ("warning", True)
        events.clear()
        fit_order(given, plugins, events.append)  # resumed: it is not tried again
        assert events == []

    def test_an_interruption_leaves_nothing_out(
        self, tmp_path: Path, recipes: Recipes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def ends(self: Recipes, job: TrainJob[Any]) -> TrainedModel:
            raise TrainingInterruptedError("killed")

        monkeypatch.setattr(Recipes, "fails", ends)
        plugins = Plugins.of_modules(sftsec_core.builtin, recipes)
        with pytest.raises(TrainingInterruptedError):
            fit_order(order(tmp_path, "fails", "linear"), plugins, lambda _: None)
        assert left_out(tmp_path, "fails") is None

    def test_refuses_what_it_cannot_find(self, tmp_path: Path, plugins: Plugins) -> None:
        given = order(tmp_path, "lineer")
        with pytest.raises(NotFoundError, match="recipe 'lineer', did you mean 'linear'"):
            fit_order(given, plugins, lambda _: None)
        (tmp_path / EXAMPLES / "dev.parquet").unlink()
        with pytest.raises(IntegrityError):
            fit_order(replace(given, recipes=("linear",)), plugins, lambda _: None)


class TestOrder:
    def test_comes_back_from_its_json(self, tmp_path: Path) -> None:
        given = order(tmp_path, "linear", "tells")
        assert TrainOrder.from_json(json.loads(json.dumps(given.to_json()))) == given


class TestRelativePaths:
    def test_encoder_starts_from_the_configurations_folder(
        self,
        tiny: EncoderSettings,
        plugins: Plugins,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        encoder = Path(tiny.path)
        monkeypatch.chdir(tmp_path)
        recipe = {
            "name": "probe",
            "encoder": {"path": encoder.name, "sha256": tiny.sha256, "max_length": 32},
        }
        settings = {**TrainSettings().model_dump(mode="json"), "recipe": recipe}
        asked = replace(order(tmp_path, "probe"), settings=settings, base=encoder.parent)
        fit_order(asked, plugins, lambda _event: None)
        assert is_fitted(tmp_path, "probe")
