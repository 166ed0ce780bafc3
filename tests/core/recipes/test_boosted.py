"""`boosted`: trees on numbers and categories, as text on disk."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from sftsec_core.api.contracts import TrainJob
from sftsec_core.api.contracts.recipe import whole_rows
from sftsec_core.api.domain import Batch, Example, InputField, InputKind, Inputs, TaskSpec
from sftsec_core.api.errors import DataError, IntegrityError
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.models.model_format import load_model, save_model
from sftsec_core.recipes.auto import train_auto
from sftsec_core.recipes.boosted import BoostedModel, divided, load_boosted, train_boosted
from sftsec_core.recipes.config import AutoConfig, BoostedConfig
from sftsec_core.recipes.specs import MEMBERS
from tests.core.recipes.mixed import MIXED, mixed_examples, mixed_job
from tests.needs import need

FIELDS = (
    InputField("amount", InputKind.NUMBER, ("transaction.amount",)),
    InputField("terminal", InputKind.CATEGORY, ("terminal.id",)),
)


TASK = TaskSpec("cards", FIELDS, ("legitimate", "fraud"), "legitimate")


SMALL: dict[str, Any] = {"rounds": 40, "min_rows": 5, "one_hot": 16, "threads": 1}


ODD: tuple[Inputs, ...] = (
    {"amount": None, "terminal": None},
    {"amount": 1e300, "terminal": "\ud800"},
    {"amount": -5.0, "terminal": "never seen"},
    {},
)


@pytest.fixture(autouse=True)
def _lightgbm() -> None:
    need(importlib.util.find_spec("lightgbm"), "pip install 'sftsec[boosted]'")


def examples(count: int, *, seed: int = 0, rare: int = 5) -> list[Example]:
    """Fraud is a high amount, or terminal t0; one in `rare` is fraud."""
    random = Random(seed)  # noqa: S311 - test data, not a secret
    made = []
    for number in range(count):
        fraud = number % rare == 0
        by_terminal = fraud and number // rare % 2 == 0
        amount = 50 * random.random() + (200 if fraud and not by_terminal else 0)
        terminal = "t0" if by_terminal else f"t{random.randint(1, 9)}"
        inputs: Inputs = {"amount": amount, "terminal": terminal}
        made.append(Example(f"{seed}-{number}", inputs, "fraud" if fraud else "legitimate"))
    return made


def job_of(workdir: Path, task: TaskSpec = TASK, **changes: Any) -> TrainJob[Any]:
    job: TrainJob[Any] = TrainJob(
        task=task,
        train=examples(400),
        dev=examples(100, seed=1),
        config=BoostedConfig(**SMALL),
        settings=TrainSettings(),
        workdir=workdir,
    )
    return replace(job, **changes)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> BoostedModel:
    return train_boosted(job_of(tmp_path_factory.mktemp("work")))


def batch_of(rows: list[Example]) -> Batch:
    return Batch.of_examples(FIELDS, rows)


class TestBoosted:
    def test_learns_from_numbers_and_categories(self, model: BoostedModel) -> None:
        unseen = examples(200, seed=2)
        predicted = model.predict_proba(batch_of(unseen)).argmax(axis=1)
        right = [model.labels[c] == e.label for c, e in zip(predicted, unseen, strict=True)]
        assert sum(right) >= 194

    def test_finds_a_rare_class(self, tmp_path: Path) -> None:
        train, unseen = (
            [e for e in examples(count, seed=seed, rare=50) if e.inputs["terminal"] != "t0"]
            for count, seed in ((3000, 0), (400, 2))
        )
        rare = train_boosted(job_of(tmp_path, train=train, dev=()))
        attack = rare.predict_proba(batch_of(unseen))[:, 1]
        fraud = np.array([example.label == "fraud" for example in unseen])
        assert attack[fraud].min() > attack[~fraud].max()

    def test_scores_missing_and_unseen_values(self, model: BoostedModel) -> None:
        batch = Batch.of(FIELDS, ODD)
        proba = model.predict_proba(batch)
        assert np.isfinite(proba).all()
        np.testing.assert_allclose(proba.sum(axis=1), 1)
        alone = [model.predict_proba(batch.take([row]))[0] for row in range(len(batch))]
        np.testing.assert_array_equal(proba, alone)
        assert model.predict_proba(Batch.of(FIELDS, ())).shape == (0, 2)

    def test_is_equal_for_any_threads(self, tmp_path: Path) -> None:
        one, two = (
            train_boosted(job_of(tmp_path, config=BoostedConfig(**{**SMALL, "threads": threads})))
            for threads in (1, 2)
        )
        batch = batch_of(examples(50, seed=3))
        np.testing.assert_array_equal(one.predict_proba(batch), two.predict_proba(batch))

    def test_keeps_the_column_of_unseen_classes(self, tmp_path: Path) -> None:
        task = replace(TASK, labels=("legitimate", "chargeback", "fraud"))
        proba = train_boosted(job_of(tmp_path, task)).predict_proba(batch_of(examples(5)))
        assert proba.shape == (5, 3)
        assert proba[:, 1].max() == 0

    def test_learns_several_classes(self, tmp_path: Path) -> None:
        labels = ("a", "b", "c")
        rows = [
            Example(str(n), {"amount": float(n % 3), "terminal": None}, labels[n % 3])
            for n in range(120)
        ]
        task = TaskSpec("kinds", FIELDS, labels)
        several = train_boosted(job_of(tmp_path, task, train=rows, dev=()))
        assert several.predict_proba(batch_of(rows[:3])).argmax(axis=1).tolist() == [0, 1, 2]

    def test_stops_early_on_dev(self, tmp_path: Path) -> None:
        config = BoostedConfig(**{**SMALL, "rounds": 2000, "patience": 5})
        assert train_boosted(job_of(tmp_path, config=config)).booster.current_iteration() < 2000

    def test_stops_at_its_deadline(self, tmp_path: Path) -> None:
        job = job_of(tmp_path, dev=(), deadline_s=0.0)
        assert train_boosted(job).booster.current_iteration() == 1

    def test_leaves_out_examples_without_trust(self, tmp_path: Path) -> None:
        doubted = [replace(e, weight=0.0) for e in examples(50) if e.label == "fraud"]
        with pytest.raises(DataError, match="two labels"):
            train_boosted(job_of(tmp_path, train=doubted))

    def test_refuses_a_task_of_text_alone(self, tmp_path: Path) -> None:
        task = TaskSpec.of_text("t", ("message",), TASK.labels, "legitimate")
        with pytest.raises(DataError, match="reads numbers and categories"):
            train_boosted(job_of(tmp_path, task))


class TestSavedModel:
    def test_loads_to_the_same_probabilities(self, model: BoostedModel, tmp_path: Path) -> None:
        save_model(model, "boosted", tmp_path / "model")
        loaded = load_model(tmp_path / "model", MEMBERS)
        batch = batch_of([*examples(50, seed=4)])
        assert loaded.labels == model.labels
        np.testing.assert_array_equal(loaded.predict_proba(batch), model.predict_proba(batch))

    def test_is_text_and_json(self, model: BoostedModel, tmp_path: Path) -> None:
        model.save(tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["boosted.json", "boosted.txt"]
        assert (tmp_path / "boosted.txt").read_text("utf-8").startswith("tree\n")

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("boosted.txt", "tree\nnonsense\n"),
            ("boosted.json", '{"labels": ["a", "b"]}'),
            ("boosted.json", "[]"),
        ],
    )
    def test_that_was_damaged_is_refused(
        self, model: BoostedModel, tmp_path: Path, name: str, content: str
    ) -> None:
        model.save(tmp_path)
        (tmp_path / name).write_text(content, encoding="utf-8")
        with pytest.raises(IntegrityError):
            load_boosted(tmp_path)


class TestTextBesideNumbers:
    def test_learns_from_it(self, tmp_path: Path) -> None:
        fields = (InputField("note", InputKind.TEXT, ("note",)), *FIELDS)

        def noted(count: int, seed: int) -> list[Example]:
            """What the terminal told stands in a note instead."""
            return [
                replace(e, inputs={"amount": e.inputs["amount"], "note": note})
                for e in examples(count, seed=seed)
                for note in ["card stolen" if e.inputs["terminal"] == "t0" else "card used"]
            ]

        unseen = Batch.of_examples(fields, noted(200, 2))
        truth = np.array([e.label == "fraud" for e in noted(200, 2)])
        found = [
            train_boosted(
                job_of(tmp_path, replace(TASK, inputs=inputs), train=noted(400, 0), dev=())
            )
            for inputs in (fields, fields[1:])
        ]
        beside, without = ((m.predict_proba(unseen)[:, 1] > 0.5) == truth for m in found)
        assert beside.mean() > 0.98
        assert without.mean() < 0.92

    def test_loads_to_the_same_probabilities(self, tmp_path: Path) -> None:
        model = train_boosted(mixed_job(tmp_path, BoostedConfig(**SMALL)))
        save_model(model, "boosted", tmp_path / "model")
        loaded = load_model(tmp_path / "model", MEMBERS)
        batch = Batch.of(MIXED.inputs, [*(e.inputs for e in mixed_examples(9)), {}])
        np.testing.assert_array_equal(loaded.predict_proba(batch), model.predict_proba(batch))
        assert whole_rows(model, batch).all()

    def test_without_its_linear_model_is_refused(self, tmp_path: Path) -> None:
        train_boosted(mixed_job(tmp_path, BoostedConfig(**SMALL))).save(tmp_path)
        (tmp_path / "linear.safetensors").unlink()
        with pytest.raises(IntegrityError):
            load_boosted(tmp_path)

    def test_empty_texts_change_nothing(self, tmp_path: Path) -> None:
        fields = (InputField("note", InputKind.TEXT, ("note",)), *FIELDS)
        model, other = (
            train_boosted(job_of(tmp_path, replace(TASK, inputs=inputs)))
            for inputs in (FIELDS, fields)
        )
        batch = batch_of(examples(50, seed=3))
        np.testing.assert_array_equal(model.predict_proba(batch), other.predict_proba(batch))


def test_auto_takes_it_without_text(tmp_path: Path) -> None:
    config = AutoConfig(boosted=BoostedConfig(**SMALL))
    blend = train_auto(job_of(tmp_path, config=config), MEMBERS)
    assert list(blend.members) == ["boosted"]


class TestContributions:
    def test_sum_to_the_log_odds(self, tmp_path: Path) -> None:
        model = train_boosted(mixed_job(tmp_path, BoostedConfig(rounds=40)))
        batch = Batch.of_examples(MIXED.inputs, mixed_examples(20, seed=5))
        proba = model.predict_proba(batch)
        found = model.contributions(batch, [(1, 0)] * len(batch))
        wanted = np.log(proba[:, 1] / proba[:, 0])
        np.testing.assert_allclose([each.log_odds for each in found], wanted, atol=1e-6)

    def test_of_several_classes_sum_too(self, tmp_path: Path) -> None:
        task = replace(TASK, labels=("legitimate", "fraud", "test"))
        rows = [replace(e, label="test") if n % 3 == 0 else e for n, e in enumerate(examples(300))]
        model = train_boosted(job_of(tmp_path, task, train=rows, dev=()))
        batch = Batch.of(FIELDS, [*(each.inputs for each in rows[:3]), *ODD])
        proba = model.predict_proba(batch)
        found = model.contributions(batch, [(2, 1)] * len(batch))
        wanted = np.log(proba[:, 2] / proba[:, 1])
        np.testing.assert_allclose([each.log_odds for each in found], wanted, atol=1e-6)

    def test_name_the_input_that_decides(self, tmp_path: Path) -> None:
        model = train_boosted(mixed_job(tmp_path, BoostedConfig(rounds=40)))
        rows: list[Inputs] = [
            {"text": "failed login seen 3", "count": 4000.0, "host": "web"},
            {"text": "port scan seen 3", "count": 10.0, "host": "db"},
        ]
        often, scan = model.contributions(Batch.of(MIXED.inputs, rows), [(1, 0)] * 2)
        assert often.inputs["count"] > max(0.0, often.inputs["host"])
        assert scan.inputs["host"] > max(0.0, scan.inputs["count"])


class TestEmbed:
    def test_rows_of_the_same_leaves_are_near(self, model: BoostedModel) -> None:
        amounts = ((240.0, "t3"), (239.0, "t3"), (3.0, "t4"))
        rows: list[Inputs] = [{"amount": amount, "terminal": each} for amount, each in amounts]
        found = model.embed(Batch.of(FIELDS, rows))
        cosines = (found @ found.T).toarray()
        np.testing.assert_allclose(np.diag(cosines), 1, atol=1e-5)
        assert cosines[0, 1] > 0.9 > cosines[0, 2]

    def test_texts_are_half_of_it(self, tmp_path: Path) -> None:
        made = train_boosted(mixed_job(tmp_path, BoostedConfig(**SMALL)))
        (row,) = (dict(each.inputs) for each in mixed_examples(1))
        other = {**row, "text": "zzzz"}
        found = made.embed(Batch.of(MIXED.inputs, [row, row, other]))
        cosines = (found @ found.T).toarray()
        assert cosines[0, 1] == pytest.approx(1, abs=1e-5)
        assert 0.1 < cosines[0, 2] < 0.9


class TestDivided:
    def test_characters_of_its_sign_share_it(self) -> None:
        found = divided(-3.0, np.array([1.0, -1.0, -2.0, 0.0]))
        assert found.tolist() == [0.0, -1.0, -2.0, 0.0]
        assert not divided(1.0, np.array([-1.0, 0.0])).any()
