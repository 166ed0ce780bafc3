"""Which model, or which blend, is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sftsec_core.api.domain import Batch
from sftsec_core.recipes.choosing import STACK, choose
from sftsec_core.recipes.search import AutoSearch
from tests.core.recipes.searches import judged_job


class Never:
    """Stands for a model that is not asked."""

    labels = ("benign", "malicious")

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        raise NotImplementedError

    def save(self, folder: Path) -> None:
        raise NotImplementedError


def noisy(
    y: NDArray[np.int64], seed: int, skill: float = 0.8, sharpness: float = 1.0
) -> NDArray[np.float64]:
    logits = np.random.default_rng(seed).normal(size=len(y)) + skill * (2 * y - 1)
    attack = 1 / (1 + np.exp(-sharpness * logits))
    return np.stack([1 - attack, attack], axis=1)


def search_of(tmp_path: Path, *, sharpness: float = 1.0, folds: bool = True) -> AutoSearch:
    """Two models that are as good, whose errors have nothing in common; linear is surer of itself.

    Args:
        tmp_path: of the job.
        sharpness: a factor on linear's log-odds.
        folds: whether they answered out of fold.
    """
    search = AutoSearch(judged_job(tmp_path), {})
    assert search.folds is not None
    for seed, (name, factor) in enumerate((("linear", sharpness), ("hybrid", 1.0))):
        search.models[name] = Never()
        search.dev_proba[name] = noisy(search.y, seed, sharpness=factor)
        if folds:
            search.held_out[name] = noisy(search.folds.y, 100 + seed, sharpness=factor)
    return search


class TestStack:
    def test_weighs_what_an_average_cannot(self, tmp_path: Path) -> None:
        search = search_of(tmp_path, sharpness=20.0)
        chosen = choose(search)
        assert chosen.members == ("linear", "hybrid")
        assert chosen.pool is not None
        linear, hybrid = chosen.pool.weights
        assert 10 * linear < hybrid
        assert chosen.judged_on == "600 rows of train out of fold and dev, 140 rows"
        assert {trial.recipe for trial in search.trials} == {
            *("linear", "hybrid", "linear+hybrid", STACK)
        }

    def test_takes_answers_out_of_fold(self, tmp_path: Path) -> None:
        search = search_of(tmp_path, sharpness=20.0, folds=False)
        chosen = choose(search)
        assert chosen.pool is None
        assert chosen.judged_on == "dev, 140 rows"
        assert STACK not in {trial.recipe for trial in search.trials}


class TestLinear:
    def test_stays_where_nothing_leads_it(self, tmp_path: Path) -> None:
        search = search_of(tmp_path)
        search.held_out["hybrid"] = search.held_out["linear"]
        search.dev_proba["hybrid"] = search.dev_proba["linear"]
        assert choose(search).members == ("linear",)


class TestHybrid:
    """With 600 rows out of fold and no dev to speak of."""

    @staticmethod
    def search_without_dev(tmp_path: Path) -> AutoSearch:
        search = AutoSearch(replace(judged_job(tmp_path), dev=()), {})
        assert search.folds is not None
        search.models |= {"linear": Never(), "hybrid": Never()}
        search.held_out["linear"] = noisy(search.folds.y, 1, skill=1.5)
        return search

    def test_stays_where_linear_is_level(self, tmp_path: Path) -> None:
        search = self.search_without_dev(tmp_path)
        search.held_out["hybrid"] = search.held_out["linear"]
        assert choose(search).members == ("hybrid",)

    def test_gives_way_to_what_leads(self, tmp_path: Path) -> None:
        search = self.search_without_dev(tmp_path)
        search.held_out["hybrid"] = 1 - search.held_out["linear"]
        assert choose(search).members == ("linear",)

    def test_is_averaged_with_contrastive(self, tmp_path: Path) -> None:
        search = self.search_without_dev(tmp_path)
        search.models["contrastive"] = Never()
        for name in ("hybrid", "contrastive"):
            search.held_out[name] = search.held_out["linear"]
        assert choose(search).members == ("hybrid", "contrastive")

    def test_average_gives_way_to_its_better_half(self, tmp_path: Path) -> None:
        search = self.search_without_dev(tmp_path)
        search.models["contrastive"] = Never()
        search.held_out["contrastive"] = search.held_out["linear"]
        search.held_out["hybrid"] = 1 - search.held_out["linear"]
        search.held_out["linear"] = search.held_out["hybrid"]
        assert choose(search).members == ("contrastive",)
