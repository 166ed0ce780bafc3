"""Features, head and model, without a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sftsec_core.api import Batch, InputField, InputKind, IntegrityError
from sftsec_federated.features import SharedFeatures
from sftsec_federated.head import fit_head, probabilities, rows_of, skill
from sftsec_federated.model import SETTINGS, FederatedModel, load_federated

TEXTS = ["mimikatz lsass", "backup done", "lsass dump", "user logged on"] * 10
Y = np.array([1, 0, 1, 0] * 10)


def fitted(turned: bool = False) -> FederatedModel:
    features = SharedFeatures(512, 1000)
    rows = features(Batch.of_texts(TEXTS))
    start = np.zeros((1, features.width + 1), np.float32)
    wanted = np.eye(2)[1 - Y if turned else Y]
    weights = fit_head(rows, wanted, np.ones(len(Y)), start, 40)
    return FederatedModel(("b", "a"), ("a", "b"), features, weights, {"federation": {}})


class TestModel:
    def test_comes_back_from_its_folder(self, tmp_path: Path) -> None:
        model, batch = fitted(), Batch.of_texts(TEXTS[:4])
        model.save(tmp_path)
        proba = load_federated(tmp_path).predict_proba(batch)
        assert proba == pytest.approx(model.predict_proba(batch))
        assert proba[0, 0] > 0.9
        assert proba[1, 0] < 0.1  # "b" is the second class of the weights

    def test_changed_settings_are_an_error(self, tmp_path: Path) -> None:
        fitted().save(tmp_path)
        body = json.loads((tmp_path / SETTINGS).read_text())
        (tmp_path / SETTINGS).write_text(json.dumps({**body, "places": 256}))
        with pytest.raises(IntegrityError, match="other classes or features"):
            load_federated(tmp_path)

    def test_turned_labels_rank_below_chance(self) -> None:
        rows = SharedFeatures(512, 1000)(Batch.of_texts(TEXTS))
        assert skill(probabilities(rows, fitted().weights), Y) == 1.0
        assert skill(probabilities(rows, fitted(turned=True).weights), Y) == 0.0

    def test_one_class_has_no_skill(self) -> None:
        assert skill(np.array([[0.2, 0.8]]), np.array([1])) is None

    def test_three_classes_sum_to_one(self) -> None:
        features = SharedFeatures(256, 100)
        rows, y = features(Batch.of_texts(TEXTS)), np.arange(40) % 3
        start = np.zeros((rows_of(3), features.width + 1), np.float32)
        weights = fit_head(rows, np.eye(3)[y], np.ones(40), start, 5)
        assert probabilities(rows, weights).sum(axis=1) == pytest.approx(np.ones(40))


class TestFeatures:
    def test_numbers_and_categories_are_read(self) -> None:
        fields = (
            InputField("text", InputKind.TEXT, ("message",)),
            InputField("count", InputKind.NUMBER, ("count",)),
            InputField("host", InputKind.CATEGORY, ("host",)),
        )
        rows: list[dict[str, Any]] = [
            {"text": "x", "count": 3.0, "host": "a"},
            {"text": "x", "count": 0.0},
            {},
        ]
        features = SharedFeatures(256, 100, ("count",), ("host",))
        found = features(Batch.of(fields, rows)).toarray()
        assert found.shape == (3, features.width)
        assert found[0, 256 + 24 + 2] == 0.5  # log2 of 1 + 3, from the middle
        assert found[1, 256 + 24] == 0.5
        assert not found[2].any()
        assert abs(found[0, :256] - found[1, :256]).sum() == pytest.approx(0.5)
