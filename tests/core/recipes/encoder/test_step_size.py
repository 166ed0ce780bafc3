"""How many examples a step takes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from sftsec_core.recipes.config import FineTuneConfig
from sftsec_core.recipes.encoder.step_size import choose_rows, rate_factor

BASE = SimpleNamespace(hidden_size=768, num_hidden_layers=12)


def rows(texts: int, mean_length: float, *, packs: bool = True, **settings: object) -> int:
    config = FineTuneConfig.model_validate(settings)
    return choose_rows(config, texts, mean_length, BASE, packs=packs)


class TestChooseRows:
    def test_padded_batches_keep_the_size_asked(self) -> None:
        assert rows(100_000, 26, packs=False, batch_size=48) == 48

    def test_a_run_keeps_its_steps(self) -> None:
        chosen = rows(60_000, 26, epochs=4)
        assert 4 * 60_000 / chosen >= 400
        assert chosen > 500

    def test_few_examples_are_not_one_step(self) -> None:
        assert rows(512, 26, epochs=4) == 32

    def test_long_texts_take_what_the_card_holds(self) -> None:
        assert rows(10_000_000, 512) * 512 <= 65_536

    def test_a_small_card_takes_less(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("torch.cuda.is_available", lambda: True)
        monkeypatch.setattr("torch.cuda.mem_get_info", lambda: (4 * 2**30, 8 * 2**30))
        assert 32 * 26 < rows(10_000_000, 26) * 26 < 10_000

    def test_tokens_asked_for_are_kept_to(self) -> None:
        assert rows(60_000, 26, batch_tokens=26_000) == 1000

    def test_never_more_than_there_are(self) -> None:
        assert rows(100, 26, batch_tokens=65_536) == 100


class TestRateFactor:
    @pytest.mark.parametrize(("rows", "factor"), [(32, 1), (16, 1), (128, 2), (10**6, 8)])
    def test_grows_with_the_root(self, rows: int, factor: float) -> None:
        assert rate_factor(rows, 32) == factor
