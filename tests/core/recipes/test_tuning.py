"""The search of a recipe's settings, out of fold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sftsec_core.api.contracts import RecipeSpec, TrainJob
from sftsec_core.api.domain import Batch, Example
from sftsec_core.api.errors import TrainingError
from sftsec_core.recipes.config import LinearConfig
from sftsec_core.recipes.spaces import searched
from sftsec_core.recipes.specs import LINEAR
from sftsec_core.recipes.tuning import FOLDS, Folds, TunedSettings, divide, out_of_fold
from sftsec_core.recipes.tuning import tune as tune_on
from tests.core.recipes.jobs import job_of, two_classes


@dataclass(frozen=True)
class Erring:
    """A model that errs on a share of texts, which a setting decides."""

    labels: tuple[str, ...]
    share: float

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        bad = np.array(["malicious" in text for text in batch.text()])
        wrong = np.array([int(text.split()[-1]) % 100 < 100 * self.share for text in batch.text()])
        attack = np.where(bad != wrong, 0.9, 0.1)
        return np.stack([1 - attack, attack], axis=1)

    def save(self, folder: Path) -> None:
        raise NotImplementedError


FEW = "fewer than 60 labels, 6 of a second class or 3 groups to compare on"


def erring(share: Callable[[LinearConfig], float]) -> RecipeSpec[Any]:
    return replace(LINEAR, fit=lambda job: Erring(job.task.labels, share(job.config)))


def small_job(tmp_path: Path, rows: int = 300, **settings: Any) -> TrainJob[Any]:
    return job_of(two_classes(rows), tmp_path, config=LinearConfig(**settings))


def tune(
    recipe: RecipeSpec[Any], job: TrainJob[Any], count: int, seconds: float, **more: Any
) -> TunedSettings:
    return tune_on(recipe, job, Folds.of(job), count, seconds, **more)


class TestTune:
    def test_finds_settings_that_lead(self, tmp_path: Path) -> None:
        recipe = erring(lambda config: 0.05 if config.regularization > 30 else 0.3)
        found = tune(recipe, small_job(tmp_path), 8, 1e9)
        assert found.config.regularization > 30
        assert found.reason is None
        assert len(found.trials) == 9
        assert found.trials[0]["settings"] == {"regularization": 10, "class_weights": "balanced"}
        chosen = [trial for trial in found.trials if trial.get("chosen")]
        assert chosen[0]["score"] == max(trial["score"] for trial in found.trials)

    def test_keeps_settings_that_are_as_good(self, tmp_path: Path) -> None:
        job = small_job(tmp_path)
        found = tune(erring(lambda _config: 0.2), job, 4, 1e9)
        assert found.config is job.config
        assert found.trials[0]["chosen"]

    def test_same_seed_tries_the_same(self, tmp_path: Path) -> None:
        recipe, job = erring(lambda _config: 0.2), small_job(tmp_path)
        one, again = (tune(recipe, job, 4, 1e9) for _ in range(2))
        assert [t["settings"] for t in one.trials] == [t["settings"] for t in again.trials]

    def test_leaves_given_settings_alone(self, tmp_path: Path) -> None:
        job = small_job(tmp_path, regularization=3.0)
        assert searched("linear", job.config) == ("class_weights",)
        found = tune(erring(lambda config: config.regularization / 100), job, 4, 1e9)
        assert {trial["settings"].get("regularization") for trial in found.trials} == {None}
        assert found.config.regularization == 3

    def test_stops_where_its_time_ends(self, tmp_path: Path) -> None:
        ticks = count()
        found = tune(
            erring(lambda _config: 0.2),
            small_job(tmp_path),
            50,
            20.0,
            clock=lambda: float(next(ticks)),
        )
        assert 1 < len(found.trials) < 12
        assert (
            found.reason == f"{len(found.trials) - 1} of 50 settings fit their share of the budget"
        )

    def test_few_labels_are_not_searched(self, tmp_path: Path) -> None:
        job = small_job(tmp_path, rows=40)
        found = tune(LINEAR, job, 4, 1e9)
        assert (found.config, found.trials) == (job.config, ())
        assert found.reason == FEW

    def test_two_groups_are_not_searched(self, tmp_path: Path) -> None:
        """All rows of two hosts: a model of one fold would be judged by its own host's rows."""
        rows = [replace(each, groups=(f"host{i % 2}",)) for i, each in enumerate(two_classes(128))]
        job = job_of(rows, tmp_path, config=LinearConfig())
        assert divide(rows, np.arange(128) % 2, 1) == ()
        assert tune(LINEAR, job, 4, 1e9).reason == FEW

    def test_a_rare_class_is_not_searched(self, tmp_path: Path) -> None:
        """Two attacks of 128 rows: whatever is tried differs by noise, and would be taken by it."""
        rows = two_classes(128)
        rare = [each for each in rows if each.label == rows[0].label]
        other = [each for each in rows if each.label != rows[0].label]
        job = job_of([*rare, *other[:5]], tmp_path, config=LinearConfig())
        assert Folds.of(job) is None
        assert tune(LINEAR, job, 4, 1e9).reason == FEW
        assert Folds.of(job_of([*rare, *other[:6]], tmp_path, config=LinearConfig())) is not None

    def test_fold_that_fails_ends_it(self, tmp_path: Path) -> None:
        def fit(_job: TrainJob[Any]) -> Erring:
            raise TrainingError("diverged")

        job = small_job(tmp_path)
        found = tune(replace(LINEAR, fit=fit), job, 4, 1e9)
        assert found.config is job.config
        assert found.reason == "a fold could not be fitted: diverged"

    def test_poor_settings_end_early(self, tmp_path: Path) -> None:
        """With enough rows a setting that is behind after a fold does not see the others."""
        recipe = erring(lambda config: 0.4 if config.class_weights == "none" else 0.05)
        found = tune(recipe, small_job(tmp_path, rows=900), 8, 1e9)
        pruned = [trial for trial in found.trials if trial.get("pruned")]
        assert pruned
        assert all(trial["settings"]["class_weights"] == "none" for trial in pruned)
        assert not any(trial.get("chosen") for trial in pruned)
        assert found.config.class_weights == "balanced"

    def test_score_has_its_error(self, tmp_path: Path) -> None:
        found = tune(erring(lambda _config: 0.2), small_job(tmp_path), 1, 1e9)
        assert 0 < found.trials[0]["error"] < 0.1

    def test_growing_answers_one_fold_twice(self, tmp_path: Path) -> None:
        sizes: list[int] = []

        def fit(job: TrainJob[Any]) -> Erring:
            sizes.append(len(job.train))
            return Erring(job.task.labels, 0.2)

        job = small_job(tmp_path)
        found = tune(replace(LINEAR, fit=fit), job, 1, 1e9, growing=True)
        assert sizes == [67, 200] * 2
        assert found.given is None


class TestOutOfFold:
    def test_is_what_the_search_answered(self, tmp_path: Path) -> None:
        job = small_job(tmp_path, rows=120)
        folds = Folds.of(job)
        assert folds is not None
        found = tune(LINEAR, job, 1, 1e9)
        assert found.given is not None
        np.testing.assert_allclose(out_of_fold(LINEAR, job, folds), found.given)


class TestFolds:
    def test_never_show_a_row_its_answer(self, tmp_path: Path) -> None:
        """Near-duplicates and rows of one group are left out together."""
        seen: list[set[str]] = []

        @dataclass(frozen=True)
        class Watching(Erring):
            train: frozenset[str] = frozenset()

            def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
                seen.append(set(batch.text()))
                assert not self.train & {text.split()[-1] for text in batch.text()}
                return Erring.predict_proba(self, batch)

        def fit(job: TrainJob[Any]) -> Watching:
            texts = (str(example.inputs["text"]) for example in job.train)
            return Watching(job.task.labels, 0.0, frozenset(text.split()[-1] for text in texts))

        examples = [
            Example.of_text(
                f"{n}-{copy}", f"{label} copy{copy} of {n}", label, cluster=n, groups=(f"c{n}",)
            )
            for n in range(60)
            for label in (("benign", "malicious")[n % 2],)
            for copy in range(3)
        ]
        job = job_of(examples, tmp_path, config=LinearConfig())
        tune(replace(LINEAR, fit=fit), job, 1, 1e9)
        assert len(seen) == 2 * FOLDS
        assert len(set().union(*seen[:FOLDS])) == len(examples)


class TestLinear:
    @pytest.mark.filterwarnings("error")
    def test_is_searched_without_a_word(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        found = tune(LINEAR, small_job(tmp_path, rows=120), 2, 1e9)
        assert len(found.trials) == 3
        assert capsys.readouterr() == ("", "")
