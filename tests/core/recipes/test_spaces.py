"""The settings that are searched."""

from __future__ import annotations

from typing import Any

from sftsec_core.recipes.config import EncoderSettings, FineTuneConfig, HybridConfig
from sftsec_core.recipes.spaces import given_values, propose, searched


class LastOfAll:
    """Draws the last of what may be drawn, as Optuna's trial would."""

    def suggest_float(self, _name: str, _low: float, high: float, **_: Any) -> float:
        return high

    def suggest_categorical(self, _name: str, values: list[str]) -> str:
        return values[-1]


class TestPropose:
    def test_changes_settings_within_settings(self) -> None:
        given = FineTuneConfig()
        values, config = propose("full", given, LastOfAll())
        assert values["encoder.view"] == config.encoder.view == "shapes"
        assert config.encoder.pooling == "max"
        assert config.epochs == 8
        assert given == FineTuneConfig()
        assert given_values("full", given)["encoder.view"] == "plain"


class TestSearched:
    def test_what_the_task_sets_is_kept(self) -> None:
        own = FineTuneConfig(encoder=EncoderSettings(view="split"), epochs=3)
        assert searched("full", own) == ("learning_rate", "encoder.pooling")
        assert "vector_weight" not in searched("hybrid", HybridConfig(vector_weight=1.0))
        assert searched("contrastive", HybridConfig()) == ()
