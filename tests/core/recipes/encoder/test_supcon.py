"""Contrast of classes: the loss by hand, balanced batches, and which layers learn."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sftsec_core.api.errors import TrainingError
from sftsec_core.recipes.config import ContrastiveConfig, EncoderSettings
from sftsec_core.recipes.encoder.encoder import load_encoder, load_tokenizer
from sftsec_core.recipes.encoder.supcon import (
    LabelledRows,
    balanced_batch,
    supervised_contrastive,
    tune,
)
from sftsec_core.recipes.encoder_files import resolve_encoder
from tests.core.recipes.jobs import texts_of
from tests.core.recipes.tiny_encoder import make_examples


def rows_of(count: int = 24, rare: int | None = None) -> LabelledRows:
    examples = make_examples(count)
    classes = np.arange(count) % 2
    kept = np.flatnonzero((classes == 0) | (np.cumsum(classes) <= (rare or count)))
    texts = texts_of(examples)
    return LabelledRows([texts[i] for i in kept], classes[kept], np.ones(len(kept)))


def tuned(encoder: EncoderSettings, **changes: Any) -> tuple[Any, int, list[float]]:
    """The tiny encoder after some steps, with their number and their losses."""
    import torch

    folder = resolve_encoder(encoder).folder
    module, losses = load_encoder(folder), []
    until = changes.pop("until", None)
    settings = {"steps": 12, "batch_size": 16, "learning_rate": 3e-3, **changes}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        steps = tune(
            module,
            load_tokenizer(folder),
            rows_of(),
            ContrastiveConfig(encoder=encoder, **settings),
            seed=1,
            until=until,
            log=lambda _step, values: losses.append(values["loss"]),
        )
    return module, steps, losses


class TestLoss:
    def test_is_that_of_the_paper(self) -> None:
        import torch

        vectors = torch.tensor([[2.0, 0.0], [0.0, 3.0], [1.0, 1.0]])
        near, far = math.sqrt(0.5), 0.0
        # Rows 0 and 2 are partners; row 1 has none and counts 0 of three anchors.
        first = math.log(math.exp(near / 0.5) + math.exp(far)) - near / 0.5
        third = math.log(2 * math.exp(near / 0.5)) - near / 0.5
        found = supervised_contrastive(vectors, torch.tensor([0, 1, 0]), 0.5)
        assert float(found) == pytest.approx((first + third) / 3, rel=1e-5)

    def test_falls_when_classes_part(self) -> None:
        import torch

        classes = torch.tensor([0, 0, 1, 1])
        mixed = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.1], [0.1, 1.0]])
        apart = mixed[[0, 2, 1, 3]]
        assert supervised_contrastive(apart, classes, 0.1) < supervised_contrastive(
            mixed, classes, 0.1
        )


class TestBatches:
    def test_hold_as_many_of_each_class(self) -> None:

        rows = rows_of(40, rare=1)
        drawn = balanced_batch(rows, 16, np.random.default_rng(1))
        assert np.bincount(rows.classes[drawn]).tolist() == [8, 8]

    def test_draw_some_of_many_classes(self) -> None:

        rows = LabelledRows(["x"] * 100, np.arange(100) % 50, np.ones(100))
        drawn = balanced_batch(rows, 16, np.random.default_rng(1))
        assert sorted(np.unique(rows.classes[drawn], return_counts=True)[1]) == [2] * 8

    def test_draw_what_is_hardly_trusted_rarely(self) -> None:

        trust = np.where(np.arange(40) < 20, 1.0, 1e-6)
        rows = LabelledRows(["x"] * 40, np.arange(40) % 2, trust)
        assert balanced_batch(rows, 16, np.random.default_rng(1)).max() < 20


class TestTuning:
    def test_lowers_the_loss(self, tiny: EncoderSettings) -> None:
        _, steps, losses = tuned(tiny)
        assert steps == len(losses) == 12
        assert np.mean(losses[-3:]) < np.mean(losses[:3]) - 0.05

    def test_leaves_the_lowest_layers_as_they_are(self, tiny: EncoderSettings) -> None:

        before = load_encoder(resolve_encoder(tiny).folder).state_dict()
        module, *_ = tuned(tiny, steps=2)
        changed = {name for name, t in module.state_dict().items() if not t.equal(before[name])}
        assert changed
        assert all(name.startswith("encoder.layer.1.") for name in changed)

    def test_stops_at_its_deadline(self, tiny: EncoderSettings) -> None:
        assert tuned(tiny, until=1.0)[1] == 1  # long ago, by the monotonic clock

    def test_divergence_is_an_error(self, tiny: EncoderSettings) -> None:
        with pytest.raises(TrainingError, match="lower learning_rate"):
            tuned(tiny, learning_rate=1e20)
