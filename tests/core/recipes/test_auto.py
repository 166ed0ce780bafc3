from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sftsec_core.api.contracts import RecipeSpec, Requirement, TrainedModel, TrainJob
from sftsec_core.api.domain import Batch, Example
from sftsec_core.api.errors import DataError, IntegrityError, TrainingError
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.models.model_format import load_model, save_model
from sftsec_core.recipes import auto
from sftsec_core.recipes.auto import train_auto
from sftsec_core.recipes.blend import BlendModel
from sftsec_core.recipes.config import AutoConfig, EncoderSettings, HybridConfig
from sftsec_core.recipes.selection import (
    STRICT_MIN_EFFECT_SIZE,
    Candidate,
    effect_size,
    select_model,
)
from sftsec_core.recipes.specs import MEMBERS, RECIPES
from tests.core.recipes.jobs import job_of, two_classes
from tests.core.recipes.tiny_encoder import make_tiny_encoder

KNOWN = {recipe.name: recipe for recipe in RECIPES}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> EncoderSettings:
    return make_tiny_encoder(tmp_path_factory.mktemp("tiny") / "encoder")


@dataclass(frozen=True)
class Always:
    """A model that answers by a table of its own."""

    labels: tuple[str, ...]
    answer: Callable[[str], Sequence[float]]

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        texts = batch.text()
        return np.array([self.answer(text) for text in texts], dtype=np.float64)

    def save(self, folder: Path) -> None:
        raise NotImplementedError


def recipe(name: str, answer: Callable[[str], Sequence[float]]) -> RecipeSpec[Any]:
    def train(job: TrainJob[Any]) -> TrainedModel:
        return Always(job.task.labels, answer)

    def load(folder: Path) -> TrainedModel:
        raise NotImplementedError

    return RecipeSpec(name=name, summary="", inference_cost=1, fit=train, load=load)


def failing(name: str) -> RecipeSpec[Any]:
    def train(job: TrainJob[Any]) -> TrainedModel:
        raise TrainingError("diverged")

    return replace(recipe(name, lambda _text: (0.5, 0.5)), fit=train)


def is_bad(text: str) -> bool:
    return "malicious" in text


def oracle(text: str) -> Sequence[float]:
    return (0.1, 0.9) if is_bad(text) else (0.9, 0.1)


def mostly_right(text: str) -> Sequence[float]:
    """Wrong for every seventh text."""
    return oracle(text)[::-1] if text.endswith(("0", "7")) else oracle(text)


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "_predict_hybrid", lambda _search: 0.0)
    monkeypatch.setattr(auto, "_predict_fine_tuning", lambda _search, _name: 0.0)
    monkeypatch.setattr(auto, "_encoder_bytes", lambda _search: 0)


def judged_job(
    tmp_path: Path, budget: timedelta | None = timedelta(minutes=10), seed: int = 13, **config: Any
) -> TrainJob[Any]:
    job = job_of(two_classes(600), tmp_path, dev=two_classes(140), config=AutoConfig(**config))
    return replace(job, settings=TrainSettings(budget=budget, seed=seed))


def statuses(model: BlendModel) -> Mapping[str, str]:
    return {trial["recipe"]: trial["status"] for trial in model.notes["trials"]}


@pytest.mark.usefixtures("fast")
def test_the_best_on_dev_is_kept(tmp_path: Path) -> None:
    recipes = {
        "linear": recipe("linear", mostly_right),
        "hybrid": recipe("hybrid", oracle),
        "full": recipe("full", mostly_right),
    }
    model = train_auto(judged_job(tmp_path), recipes)
    assert list(model.members) == ["hybrid"]
    assert model.notes["chosen"] == ["hybrid"]
    assert model.notes["chosen_on"] == "dev, 140 rows"


@pytest.mark.usefixtures("fast")
def test_fine_tuning_does_not_see_the_dev_that_judges_it(tmp_path: Path) -> None:
    seen: dict[str, int] = {}

    def looking(name: str) -> RecipeSpec[Any]:
        def train(job: TrainJob[Any]) -> TrainedModel:
            seen[name] = len(job.dev)
            return Always(job.task.labels, mostly_right)

        return replace(recipe(name, mostly_right), fit=train)

    names = ("linear", "hybrid", "full")
    model = train_auto(judged_job(tmp_path), {name: looking(name) for name in names})
    assert seen == {"linear": 140, "hybrid": 140, "full": 0}
    judged = {t["recipe"] for t in model.notes["trials"] if "dev_macro_f1" in t}
    assert set(names) <= judged


@pytest.mark.usefixtures("fast")
def test_the_cheapest_of_equals_is_kept(tmp_path: Path) -> None:
    recipes = {name: recipe(name, mostly_right) for name in ("linear", "hybrid", "full")}
    assert list(train_auto(judged_job(tmp_path), recipes).members) == ["linear"]


@pytest.mark.usefixtures("fast")
def test_models_that_err_on_different_texts_are_averaged(tmp_path: Path) -> None:
    def unsure(ending: str) -> Callable[[str], Sequence[float]]:
        def answer(text: str) -> Sequence[float]:
            sure = oracle(text)
            return tuple(0.5 + (0.5 - p) / 8 for p in sure) if text.endswith(ending) else sure

        return answer

    recipes = {
        "linear": recipe("linear", unsure("1")),
        "hybrid": recipe("hybrid", unsure("2")),
        "full": recipe("full", unsure("2")),
    }
    model = train_auto(judged_job(tmp_path), recipes)
    assert list(model.members) == ["linear", "hybrid"]
    assert model.predict_proba(Batch.of_texts(["malicious 1"]))[0, 1] > 0.5
    assert statuses(model)["linear+hybrid"] == "blended"


@pytest.mark.usefixtures("fast")
def test_a_recipe_that_fails_is_noted_and_the_others_go_on(tmp_path: Path) -> None:
    recipes = {
        "linear": recipe("linear", mostly_right),
        "hybrid": recipe("hybrid", mostly_right),
        "full": failing("full"),
    }
    model = train_auto(judged_job(tmp_path), recipes)
    failed = next(trial for trial in model.notes["trials"] if trial["recipe"] == "full")
    assert (failed["status"], failed["reason"]) == ("failed", "diverged")


@pytest.mark.usefixtures("fast")
def test_nothing_is_fine_tuned_when_dev_is_solved_or_labels_are_few(tmp_path: Path) -> None:
    recipes = {name: recipe(name, oracle) for name in ("linear", "hybrid", "full")}
    solved = train_auto(judged_job(tmp_path), recipes)
    assert solved.notes["trials"][2]["reason"] == "dev is solved already"
    recipes["linear"] = recipes["hybrid"] = recipe("linear", mostly_right)
    few = train_auto(
        job_of(two_classes(100), tmp_path, dev=two_classes(140), config=AutoConfig()), recipes
    )
    assert few.notes["trials"][2]["reason"] == "fewer than 500 labels"


def test_what_does_not_fit_the_budget_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auto, "_predict_hybrid", lambda _search: 3000.0)
    monkeypatch.setattr(auto, "_predict_fine_tuning", lambda _search, _name: 9000.0)
    monkeypatch.setattr(auto, "_encoder_bytes", lambda _search: 0)
    recipes = {
        "linear": recipe("linear", mostly_right),
        "hybrid": failing("hybrid"),
        "full": failing("full"),
    }
    model = train_auto(judged_job(tmp_path, budget=timedelta(minutes=10)), recipes)
    assert statuses(model) == {"linear": "fitted", "hybrid": "skipped", "full": "skipped"}
    assert model.notes["trials"][1]["predicted_seconds"] == 3000


def test_a_deadline_shorter_than_the_budget_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auto, "_predict_hybrid", lambda _search: 60.0)
    monkeypatch.setattr(auto, "_predict_fine_tuning", lambda _search, _name: 999.0)
    monkeypatch.setattr(auto, "_encoder_bytes", lambda _search: 0)
    recipes = {name: recipe(name, mostly_right) for name in ("linear", "hybrid", "full")}
    job = replace(judged_job(tmp_path, budget=timedelta(minutes=10)), deadline_s=30.0)
    model = train_auto(job, recipes)
    assert statuses(model)["hybrid"] == "skipped"
    assert model.notes["budget_seconds"] == 30


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize("dev", [(), two_classes(20)])
def test_without_a_dev_to_judge_by_hybrid_is_taken(tmp_path: Path, dev: Sequence[Example]) -> None:
    recipes = {name: recipe(name, mostly_right) for name in ("linear", "hybrid", "full")}
    model = train_auto(job_of(two_classes(600), tmp_path, dev=dev, config=AutoConfig()), recipes)
    assert list(model.members) == ["hybrid"]
    assert model.notes["chosen_on"] == "no usable dev: by default"


@pytest.mark.usefixtures("fast")
def test_packages_that_are_missing_are_named_and_linear_is_left(tmp_path: Path) -> None:
    lacking = replace(
        recipe("hybrid", oracle),
        requires=(Requirement(module="no_such_module", install_hint="pip install it"),),
    )
    recipes = {
        "linear": recipe("linear", mostly_right),
        "hybrid": lacking,
        "full": replace(lacking, name="full"),
    }
    model = train_auto(judged_job(tmp_path), recipes)
    assert list(model.members) == ["linear"]
    assert "(pip install it)" in model.notes["trials"][1]["reason"]


def test_one_label_alone_is_refused(tmp_path: Path) -> None:
    job = judged_job(tmp_path)
    job = replace(job, train=[e for e in job.train if e.label == "benign"])
    with pytest.raises(DataError, match="two labels"):
        train_auto(job, MEMBERS)


def test_an_encoder_that_was_tampered_with_ends_the_search(
    tiny: EncoderSettings, tmp_path: Path
) -> None:
    wrong = tiny.model_copy(update={"sha256": "0" * 64})
    with pytest.raises(IntegrityError):
        train_auto(judged_job(tmp_path, encoder=wrong), MEMBERS)


def test_trained_saved_and_loaded_it_answers_the_same(
    tiny: EncoderSettings, tmp_path: Path
) -> None:
    logged: list[Mapping[str, float]] = []
    job = replace(
        judged_job(tmp_path / "work", encoder=tiny, full={"epochs": 1}, seed=5),
        log=lambda _step, values: logged.append(values),
    )
    members = train_auto(job, MEMBERS).members
    blend = BlendModel(job.task.labels, {**members, **_hybrid(job)}, {"chosen": ["both"]})
    save_model(blend, "auto", tmp_path / "model")
    loaded = load_model(tmp_path / "model", KNOWN)
    texts = ["curl evil host", "", "git commit"]
    np.testing.assert_array_equal(
        loaded.predict_proba(Batch.of_texts(texts)), blend.predict_proba(Batch.of_texts(texts))
    )
    assert loaded.notes == {"chosen": ["both"]}  # type: ignore[attr-defined]
    assert any("dev_macro_f1" in values for values in logged)


def _hybrid(job: TrainJob[Any]) -> dict[str, TrainedModel]:
    config = HybridConfig(encoder=job.config.encoder)
    return {"hybrid": MEMBERS["hybrid"].fit(replace(job, config=config))}


def test_a_blend_that_names_a_strange_member_is_refused(
    tiny: EncoderSettings, tmp_path: Path
) -> None:
    job = job_of(two_classes(), tmp_path / "work", config=AutoConfig(encoder=tiny))
    save_model(BlendModel(job.task.labels, _hybrid(job)), "auto", tmp_path / "model")
    settings = tmp_path / "model" / "auto.json"
    for members in (["../hybrid"], ["auto"], [], "hybrid"):
        value = {**json.loads(settings.read_text()), "members": members}
        settings.write_text(json.dumps(value))
        with pytest.raises(IntegrityError):
            load_model(tmp_path / "model", KNOWN)


def test_a_lead_within_the_noise_of_dev_does_not_change_the_choice() -> None:
    y = np.array([0, 1] * 50)
    right = np.eye(2)[y]
    four_wrong, three_others_wrong = right.copy(), right.copy()
    four_wrong[:4] = right[:4, ::-1]
    three_others_wrong[10:13] = right[10:13, ::-1]
    cheap = Candidate(("linear",), four_wrong)
    dear = Candidate(("hybrid",), three_others_wrong)
    assert select_model([cheap, dear], y, seed=1) is cheap
    assert select_model([cheap, Candidate(("hybrid",), right)], y, seed=1).name == "hybrid"


def test_a_dearer_kind_of_contender_must_lead_by_more() -> None:
    y = np.array([0, 1] * 50)
    right = np.eye(2)[y]
    three_wrong = right.copy()
    three_wrong[:3] = right[:3, ::-1]
    cheap = Candidate(("linear",), three_wrong)
    assert 0.5 < effect_size(cheap, Candidate(("full",), right), y, seed=1) < STRICT_MIN_EFFECT_SIZE
    assert select_model([cheap, Candidate(("full",), right)], y, seed=1).name == "full"
    doubted = Candidate(("full",), right, min_effect_size=STRICT_MIN_EFFECT_SIZE)
    assert select_model([cheap, doubted], y, seed=1) is cheap


def test_macro_f1_is_scikit_learns() -> None:
    from sklearn.metrics import f1_score

    rng = np.random.default_rng(0)
    y, proba = rng.integers(0, 4, 60), rng.random((60, 4))
    expected = f1_score(y, proba.argmax(1), average="macro")
    assert Candidate(("x",), proba).macro_f1(y) == pytest.approx(expected)


def test_importing_the_recipes_imports_no_torch() -> None:
    code = (
        "import sys, sftsec_core.recipes.specs, sftsec_core.recipes.auto;"
        "assert not {'torch', 'transformers', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_recipe_is_offered_under_its_own_name() -> None:
    names = [recipe.name for recipe in RECIPES]
    assert names == ["linear", "probe", "hybrid", "full", "lora", "boosted", "auto"]
    assert "auto" not in MEMBERS
