"""Joining, by Flower's strategies, of models that are numbers in a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sftsec_core.api import SecretRef, TrainingError
from sftsec_federated.config import FederationSettings
from sftsec_federated.joining import bounded, counted_rows, join, trust_of

pytest.importorskip("flwr", reason="joining needs the extra federated")

HONEST = [np.full((1, 4), value, np.float32) for value in (0.9, 1.0, 1.1, 1.0)]
LIAR = np.full((1, 4), -50, np.float32)


def settings(method: str) -> FederationSettings:
    sites = {name: SecretRef(f"env:{name}") for name in "abcde"}
    made: dict[str, Any] = {"state": Path("x"), "labels": ["a", "b"], "sites": sites}
    return FederationSettings(method=method, **made)


class TestJoin:
    def test_mean_is_weighted_by_rows(self) -> None:
        joined = join(settings("mean"), [HONEST[0], HONEST[2]], [300, 100], 1)
        assert joined == pytest.approx(np.full((1, 4), 0.95))
        assert joined.dtype == np.float32

    @pytest.mark.parametrize("method", ["trimmed_mean", "median", "krum"])
    def test_liar_does_not_move_it(self, method: str) -> None:
        joined = join(settings(method), [*HONEST, LIAR], [1] * 5, 1)
        assert joined == pytest.approx(np.ones((1, 4)), abs=0.11)

    def test_mean_is_moved_by_the_liar(self) -> None:
        assert join(settings("mean"), [*HONEST, LIAR], [1] * 5, 1).max() < -5

    def test_too_few_sites_are_refused(self) -> None:
        with pytest.raises(TrainingError, match="needs updates of 3, and 2 came"):
            join(settings("krum"), HONEST[:2], [1, 1], 1)


class TestBounds:
    def test_giant_update_is_cut(self) -> None:
        start = np.zeros((1, 4), np.float32)
        lengths = [float(np.linalg.norm(each)) for each in bounded([*HONEST, LIAR], start)]
        assert max(lengths) == pytest.approx(2.0)

    def test_claimed_rows_are_bounded(self) -> None:
        assert counted_rows([100, 200, 10**9]) == [100.0, 200.0, 600.0]


class TestTrust:
    def test_turned_labels_count_nothing(self) -> None:
        reviews = {
            "a": {"a": 0.9, "b": 0.9, "c": 0.1},
            "b": {"a": 0.8, "b": 0.9, "c": 0.2},
            "c": {"a": 0.0, "b": 0.0, "c": 1.0},
        }
        assert trust_of(reviews, ["a", "b", "c"]) == pytest.approx([0.0, 0.0, 0.0], abs=0.01)

    def test_one_liar_of_four_is_outvoted(self) -> None:
        honest = {"a": 0.9, "b": 0.9, "c": 0.9, "d": 0.1}
        reviews = {**dict.fromkeys("abc", honest), "d": {"a": 0.0, "b": 0.0, "c": 0.0, "d": 1.0}}
        assert trust_of(reviews, [*"abcd"]) == pytest.approx([0.8, 0.8, 0.8, 0.0])

    def test_silence_leaves_it_whole(self) -> None:
        assert trust_of({}, ["a"]) == [1.0]
