"""What `auto` tries, leaves out and keeps."""

from __future__ import annotations

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
from sftsec_core.recipes import auto, search
from sftsec_core.recipes.auto import train_auto
from sftsec_core.recipes.blend import BlendModel
from sftsec_core.recipes.config import AutoConfig, EncoderSettings, HybridConfig
from sftsec_core.recipes.encoder.time_plan import TimePlan
from sftsec_core.recipes.search import AutoSearch
from sftsec_core.recipes.specs import MEMBERS
from tests.core.recipes.jobs import job_of, texts_of, two_classes
from tests.core.recipes.searches import judged_job


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


def often_wrong(text: str) -> Sequence[float]:
    """Wrong where `mostly_right` is, and for as many others."""
    return oracle(text)[::-1] if text.endswith(("0", "1", "2", "7")) else oracle(text)


def time_plan(epoch_s: float) -> TimePlan:
    """An epoch of a hundred steps, of which fifty are the least."""
    return TimePlan(prepare_s=0.0, epoch_s=epoch_s, evaluation_s=0.0, steps=100, least_steps=50)


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "_predict_hybrid", lambda _search: 0.0)
    monkeypatch.setattr(auto, "_predict_fine_tuning", lambda _search, _name: time_plan(0.0))
    monkeypatch.setattr(auto, "_encoder_bytes", lambda _search: 0)
    estimate = "sftsec_core.recipes.encoder.contrastive.estimate_seconds"
    monkeypatch.setattr(estimate, lambda _job: 0.0)


def linear_alone(train: Callable[[TrainJob[Any]], TrainedModel]) -> dict[str, RecipeSpec[Any]]:
    """A linear recipe that is fitted so, beside others that fail."""
    return {
        "linear": replace(recipe("linear", mostly_right), fit=train),
        "hybrid": failing("hybrid"),
        "full": failing("full"),
    }


def statuses(model: BlendModel) -> Mapping[str, str]:
    return {trial["recipe"]: trial["status"] for trial in model.notes["trials"]}


class TestChoice:
    @pytest.mark.usefixtures("fast")
    def test_the_best_on_dev_is_kept(self, tmp_path: Path) -> None:
        recipes = {
            "linear": recipe("linear", mostly_right),
            "hybrid": recipe("hybrid", oracle),
            "full": recipe("full", mostly_right),
        }
        model = train_auto(judged_job(tmp_path), recipes)
        assert list(model.members) == ["hybrid"]
        assert model.notes["chosen"] == ["hybrid"]
        assert model.notes["chosen_on"] == "600 rows of train out of fold and dev, 140 rows"
        judged = {t["recipe"]: t["judged"] for t in model.notes["trials"] if "judged" in t}
        assert set(judged) == {"linear", "hybrid", "linear+hybrid", "stack"}
        assert judged["hybrid"]["macro_f1"] == (1.0, 0.0)
        value, error = judged["linear"]["macro_f1"]
        assert value < 1
        assert 0 < error < 0.05

    @pytest.mark.usefixtures("fast")
    def test_the_cheapest_of_equals_is_kept(self, tmp_path: Path) -> None:
        recipes = {name: recipe(name, mostly_right) for name in ("linear", "hybrid", "full")}
        assert list(train_auto(judged_job(tmp_path), recipes).members) == ["linear"]

    @pytest.mark.usefixtures("fast")
    def test_models_with_different_errors_are_averaged(self, tmp_path: Path) -> None:
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
    @pytest.mark.parametrize(
        ("rows", "kept"), [(100, ["hybrid", "contrastive"]), (600, ["hybrid"])]
    )
    def test_contrast_is_for_few_labels(self, tmp_path: Path, rows: int, kept: list[str]) -> None:
        names = ("linear", "hybrid", "contrastive", "full")
        recipes = {name: recipe(name, mostly_right) for name in names}
        job = job_of(two_classes(rows), tmp_path, config=AutoConfig(settings_tried=0))
        assert list(train_auto(job, recipes).members) == kept

    @pytest.mark.usefixtures("fast")
    @pytest.mark.parametrize("dev", [(), two_classes(20)])
    def test_hybrid_is_kept_without_dev(self, tmp_path: Path, dev: Sequence[Example]) -> None:
        recipes = {name: recipe(name, mostly_right) for name in ("linear", "hybrid", "full")}
        job = job_of(two_classes(600), tmp_path, dev=dev, config=AutoConfig(settings_tried=0))
        model = train_auto(job, recipes)
        assert list(model.members) == ["hybrid"]
        assert model.notes["chosen_on"] == "no usable dev: by default"

    @pytest.mark.usefixtures("fast")
    def test_folds_judge_where_dev_is_small(self, tmp_path: Path) -> None:
        """Without them hybrid would be kept by default, which is the worse one here."""
        recipes = {
            "linear": recipe("linear", mostly_right),
            "hybrid": recipe(
                "hybrid", lambda text: oracle(text)[:: -1 if text[-1] in "0127" else 1]
            ),
            "full": failing("full"),
        }
        config = AutoConfig(settings_tried=1)
        job = job_of(two_classes(600), tmp_path, dev=two_classes(20), config=config)
        model = train_auto(job, recipes)
        assert list(model.members) == ["linear"]
        assert model.notes["chosen_on"] == "600 rows of train out of fold and dev, 20 rows"


class TestFineTuning:
    @pytest.mark.usefixtures("fast")
    def test_does_not_see_the_judging_dev(self, tmp_path: Path) -> None:
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
    def test_is_left_out_when_needless(self, tmp_path: Path) -> None:
        recipes = {name: recipe(name, oracle) for name in ("linear", "hybrid", "full")}
        solved = train_auto(judged_job(tmp_path), recipes)
        assert solved.notes["trials"][2]["reason"] == "dev is solved already"
        recipes["linear"] = recipes["hybrid"] = recipe("linear", mostly_right)
        few = train_auto(
            job_of(two_classes(100), tmp_path, dev=two_classes(140), config=AutoConfig()), recipes
        )
        assert few.notes["trials"][2]["reason"] == "fewer than 500 labels"

    def test_settings_are_searched_within_a_share(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fitted: list[tuple[int, float]] = []

        def train(job: TrainJob[Any]) -> TrainedModel:
            fitted.append((len(job.train), job.config.epochs))
            return Always(job.task.labels, oracle if job.config.epochs > 4 else mostly_right)

        monkeypatch.setattr(auto, "_predict_hybrid", lambda _search: 0.0)
        monkeypatch.setattr(auto, "_predict_fine_tuning", lambda _search, _name: time_plan(10.0))
        monkeypatch.setattr(auto, "_encoder_bytes", lambda _search: 0)
        recipes = {name: failing(name) for name in ("linear", "hybrid")}
        recipes["full"] = replace(recipe("full", oracle), fit=train)
        model = train_auto(
            judged_job(tmp_path, budget=timedelta(minutes=10), settings_tried=8), recipes
        )
        trial = next(each for each in model.notes["trials"] if each["recipe"] == "full")
        assert fitted[-1] == (600, trial["settings"]["epochs"])
        assert trial["settings"]["epochs"] > 4
        assert len(trial["tried"]) == 9
        assert {rows for rows, _ in fitted[:-1]} == {134, 400}
        fitted.clear()
        short = train_auto(
            judged_job(tmp_path, budget=timedelta(seconds=60), settings_tried=1), recipes
        )
        trial = next(each for each in short.notes["trials"] if each["recipe"] == "full")
        assert len(fitted) == 1
        assert "no settings were searched: 18 s, their share of the budget" in trial["reason"]


class TestBytes:
    @pytest.mark.usefixtures("fast")
    @pytest.mark.parametrize(
        ("parted", "tried"), [("", ["linear", "hybrid", "bytes", "full"]), (" ", None)]
    )
    def test_are_for_strings_without_words(
        self, parted: str, tried: list[str] | None, tmp_path: Path
    ) -> None:
        names = ("linear", "hybrid", "bytes", "full")
        job = judged_job(tmp_path, settings_tried=0)
        train, dev = (
            [Example.of_text(e.uid, parted.join(texts_of([e])[0].split()), e.label) for e in rows]
            for rows in (job.train, job.dev)
        )
        recipes = {name: recipe(name, mostly_right) for name in names}
        model = train_auto(replace(job, train=train, dev=dev), recipes)
        fitted = [t["recipe"] for t in model.notes["trials"] if t["status"] == "fitted"]
        assert fitted == (tried or ["linear", "hybrid", "full"])

    def test_leave_time_for_an_encoder(self, tmp_path: Path) -> None:
        search = AutoSearch(judged_job(tmp_path, budget=timedelta(seconds=100)), {})
        bound, whole = (search.job_of(name).deadline_s or 0 for name in ("bytes", "full"))
        assert 30 < bound < whole / 2 < 50
        assert search.fits(80, "full")
        assert not search.fits(80, "bytes")

    def test_read_no_encoder_of_all_recipes(self, tmp_path: Path) -> None:
        job = judged_job(tmp_path, encoder=EncoderSettings(max_length=64))
        search = AutoSearch(job, {})
        found = [search.config(name).encoder for name in ("full", "bytes")]
        assert [each.max_length for each in found] == [64, 512]


class TestSecondEncoder:
    @pytest.mark.usefixtures("fast")
    @pytest.mark.parametrize(
        ("alone", "both", "status"),
        [(mostly_right, oracle, "fitted"), (oracle, mostly_right, "dropped")],
    )
    def test_stays_where_dev_shows_it(
        self,
        alone: Callable[[str], Sequence[float]],
        both: Callable[[str], Sequence[float]],
        status: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def train(job: TrainJob[Any]) -> TrainedModel:
            return Always(job.task.labels, both if job.config.second_encoder else alone)

        monkeypatch.setattr(auto, "_predict_embedding", lambda _search, _encoder: 0.0)
        recipes = {
            "linear": recipe("linear", often_wrong),
            "hybrid": replace(recipe("hybrid", alone), fit=train),
            "full": failing("full"),
        }
        second = EncoderSettings(path="second", sha256="0" * 64)
        job = judged_job(tmp_path, hybrid=HybridConfig(second_encoder=second), settings_tried=1)
        model = train_auto(job, recipes)
        tried = [t for t in model.notes["trials"] if "second_encoder" in t.get("settings", {})]
        assert [each["status"] for each in tried] == [status]
        assert tried[0]["settings"] == {"second_encoder": "second"}
        assert model.notes["chosen"] == ["hybrid"]
        assert model.predict_proba(Batch.of_texts(["malicious 7"])).argmax() == 1

    @pytest.mark.usefixtures("fast")
    def test_is_left_out_of_a_short_budget(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(auto, "_predict_embedding", lambda _search, _encoder: 3000.0)
        recipes = {name: recipe(name, mostly_right) for name in ("linear", "hybrid", "full")}
        second = EncoderSettings(path="second", sha256="0" * 64)
        job = judged_job(tmp_path, hybrid=HybridConfig(second_encoder=second), settings_tried=0)
        told = [t for t in train_auto(job, recipes).notes["trials"] if t["recipe"] == "hybrid"]
        assert [each["status"] for each in told] == ["fitted", "skipped"]
        assert told[1]["reason"] == "a second encoder does not fit the budget"


class TestBudget:
    def test_begins_nothing_that_exceeds_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(auto, "_predict_hybrid", lambda _search: 3000.0)
        monkeypatch.setattr(auto, "_predict_fine_tuning", lambda _search, _name: time_plan(9000.0))
        monkeypatch.setattr(auto, "_encoder_bytes", lambda _search: 0)
        recipes = {
            "linear": recipe("linear", mostly_right),
            "hybrid": failing("hybrid"),
            "full": failing("full"),
        }
        model = train_auto(judged_job(tmp_path, budget=timedelta(minutes=10)), recipes)
        assert statuses(model) == {"linear": "fitted", "hybrid": "skipped", "full": "skipped"}
        _, hybrid, full = model.notes["trials"]
        assert hybrid["predicted_seconds"] == 3000
        assert full["predicted_seconds"] == 4 * 9000
        assert full["reason"] == "50 steps, the least that teach anything, do not fit the budget"

    def test_begins_a_part_of_an_epoch(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(auto, "_predict_hybrid", lambda _search: 0.0)
        monkeypatch.setattr(auto, "_predict_fine_tuning", lambda _search, _name: time_plan(700.0))
        monkeypatch.setattr(auto, "_encoder_bytes", lambda _search: 0)
        recipes = {name: recipe(name, mostly_right) for name in ("linear", "hybrid", "full")}
        model = train_auto(judged_job(tmp_path, budget=timedelta(minutes=10)), recipes)
        assert statuses(model)["full"] == "fitted"

    def test_shorter_deadline_counts_instead(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(auto, "_predict_hybrid", lambda _search: 60.0)
        monkeypatch.setattr(auto, "_predict_fine_tuning", lambda _search, _name: time_plan(999.0))
        monkeypatch.setattr(auto, "_encoder_bytes", lambda _search: 0)
        recipes = {name: recipe(name, mostly_right) for name in ("linear", "hybrid", "full")}
        job = replace(judged_job(tmp_path, budget=timedelta(minutes=10)), deadline_s=30.0)
        model = train_auto(job, recipes)
        assert statuses(model)["hybrid"] == "skipped"
        assert model.notes["budget_seconds"] == 30


class TestSettings:
    @pytest.mark.usefixtures("fast")
    def test_those_that_lead_are_fitted(self, tmp_path: Path) -> None:
        def train(job: TrainJob[Any]) -> TrainedModel:
            good = job.config.class_weights == "none"
            return Always(job.task.labels, oracle if good else mostly_right)

        recipes = linear_alone(train)
        model = train_auto(judged_job(tmp_path), recipes)
        given, searched, *_ = model.notes["trials"]
        assert searched["settings"]["class_weights"] == "none"
        assert searched["dev_macro_f1"] == 1 > given["dev_macro_f1"]
        assert len(given["tried"]) == 9
        assert model.predict_proba(Batch.of_texts(["malicious 7"]))[0, 1] == 0.9

    @pytest.mark.usefixtures("fast")
    def test_dev_may_object_to_them(self, tmp_path: Path) -> None:
        def train(job: TrainJob[Any]) -> TrainedModel:
            whole = len(job.train) == 600
            good = (job.config.class_weights == "none") != whole
            return Always(job.task.labels, oracle if good else mostly_right)

        recipes = linear_alone(train)
        model = train_auto(judged_job(tmp_path), recipes)
        assert model.notes["trials"][1]["status"] == "dropped"
        assert model.notes["trials"][1]["reason"] == "worse on dev"
        assert model.predict_proba(Batch.of_texts(["malicious 7"]))[0, 1] == 0.9

    @pytest.mark.usefixtures("fast")
    def test_are_not_searched_without_optuna(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for module in (auto, search):
            monkeypatch.setattr(module, "have_optuna", lambda: False)
        recipes = {name: recipe(name, mostly_right) for name in ("linear", "hybrid", "full")}
        first = train_auto(judged_job(tmp_path), recipes).notes["trials"][0]
        assert "tried" not in first
        assert "optuna is not installed" in first["reason"]


class TestDev:
    @pytest.mark.usefixtures("fast")
    def test_is_sampled_where_it_is_large(self, tmp_path: Path) -> None:
        scored: list[int] = []

        def counting(text: str) -> Sequence[float]:
            scored.append(1)
            return mostly_right(text)

        recipes = {name: recipe(name, mostly_right) for name in ("hybrid", "full")}
        recipes["linear"] = recipe("linear", counting)
        model = train_auto(judged_job(tmp_path, dev_rows=60, settings_tried=0), recipes)
        assert model.notes["chosen_on"] == "dev, 60 of 140 rows"
        # Once to see that it learned anything, once to choose.
        assert len(scored) == 2 * 60


class TestErrors:
    @pytest.mark.usefixtures("fast")
    def test_recipe_that_learned_nothing_is_noted(self, tmp_path: Path) -> None:
        recipes = {
            "linear": recipe("linear", lambda _text: (0.6, 0.4)),
            "hybrid": recipe("hybrid", mostly_right),
            "full": recipe("full", lambda _text: (0.3, 0.7)),
        }
        model = train_auto(judged_job(tmp_path), recipes)
        assert list(model.members) == ["hybrid"]
        assert statuses(model)["linear"] == statuses(model)["full"] == "failed"

    @pytest.mark.usefixtures("fast")
    def test_nothing_learned_at_all_is_refused(self, tmp_path: Path) -> None:
        recipes = {
            name: recipe(name, lambda _text: (0.6, 0.4)) for name in ("linear", "hybrid", "full")
        }
        with pytest.raises(TrainingError, match="recipe 'linear' learned nothing"):
            train_auto(judged_job(tmp_path), recipes)

    @pytest.mark.usefixtures("fast")
    def test_failed_recipe_is_noted_only(self, tmp_path: Path) -> None:
        recipes = {
            "linear": recipe("linear", mostly_right),
            "hybrid": recipe("hybrid", mostly_right),
            "full": failing("full"),
        }
        model = train_auto(judged_job(tmp_path), recipes)
        failed = next(trial for trial in model.notes["trials"] if trial["recipe"] == "full")
        assert (failed["status"], failed["reason"]) == ("failed", "diverged")

    @pytest.mark.usefixtures("fast")
    def test_missing_packages_leave_linear(self, tmp_path: Path) -> None:
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

    def test_one_label_alone_is_refused(self, tmp_path: Path) -> None:
        job = judged_job(tmp_path)
        job = replace(job, train=[e for e in job.train if e.label == "benign"])
        with pytest.raises(DataError, match="two labels"):
            train_auto(job, MEMBERS)

    def test_changed_encoder_ends_the_search(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        wrong = tiny.model_copy(update={"sha256": "0" * 64})
        with pytest.raises(IntegrityError):
            train_auto(judged_job(tmp_path, encoder=wrong), MEMBERS)
