"""The speed of training, beside transformers' Trainer."""

from __future__ import annotations

import numpy as np
import pytest

from sftsec_core.bench.train import KINDS, SHAPES, make_texts, training_flops
from tests.release.figures import halved, small_run


class TestTexts:
    @pytest.mark.parametrize(("kind", "least", "most"), [("urls", 30, 80), ("scripts", 500, 2500)])
    def test_are_as_long_as_real_ones(self, kind: str, least: int, most: int) -> None:
        texts, labels = make_texts(KINDS[kind], 200)
        assert least < np.mean([len(text) for text in texts]) < most
        assert set(labels) == {0, 1}
        assert texts == make_texts(KINDS[kind], 200)[0]


class TestFlops:
    def test_are_six_for_each_weight_and_token(self) -> None:
        from transformers import BertConfig, BertModel

        module = BertModel(BertConfig(**SHAPES["minilm"])).encoder
        weights = sum(p.numel() for p in module.parameters() if p.ndim == 2)
        # One token attends to itself alone: what attention adds is nothing beside the weights.
        found = training_flops(SHAPES["minilm"], np.array([1]))
        assert found == pytest.approx(6 * weights, rel=1e-2)


class TestRun:
    def test_measures_both_sides_at_once(self) -> None:
        import torch

        from sftsec_core.recipes.encoder.encoder import half_precision

        result = small_run("train")
        ours, peer, *others = result["sides"]
        assert ours["side"] == "sftsec full"
        assert peer["side"] == "transformers.Trainer, tuned"
        assert peer["ratio"] == 1
        both = ["sftsec full, fp32", "transformers.Trainer, tuned, bf16"]
        names = both if half_precision(torch.device("cpu")) else []
        assert [side["side"] for side in others] == names
        for side in result["sides"]:
            assert side["ratio"] == round(side["rows_per_s"] / peer["rows_per_s"], 2)
            assert side["cpu_s"] > 0
            assert side["rows_per_s"] == pytest.approx(16 / side["seconds"], rel=0.01)
            assert side["mfu"] > 0
        assert halved("train", result) == []
