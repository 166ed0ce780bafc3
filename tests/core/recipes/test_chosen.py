"""Which recipes a run fits, with their settings."""

from __future__ import annotations

from sftsec_core.api.domain import InputField, InputKind
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.recipes.chosen import chosen_recipes, encoders_in, unread_note
from sftsec_core.recipes.config import BytesConfig, CascadeConfig, EncoderSettings, HybridConfig
from sftsec_core.recipes.specs import LINEAR


class TestChosenRecipes:
    def test_are_the_tasks_baseline_and_others(self) -> None:
        settings = TrainSettings.model_validate({"recipe": "hybrid", "compare": ["full", "linear"]})
        assert list(chosen_recipes(settings, "linear")) == ["hybrid", "linear", "full"]

    def test_take_the_first_settings_that_are_given(self) -> None:
        settings = TrainSettings.model_validate(
            {
                "recipe": "hybrid",
                "compare": [
                    {"name": "linear", "regularization": 1.0},
                    {"name": "linear", "regularization": 2.0},
                ],
            }
        )
        assert chosen_recipes(settings, "linear")["linear"].options() == {"regularization": 1.0}


class TestEncodersIn:
    def test_members_have_theirs(self) -> None:
        second = EncoderSettings(path="other", sha256="0" * 64)
        found = dict(encoders_in(CascadeConfig(hybrid=HybridConfig(second_encoder=second))))
        assert found.pop("hybrid.second_encoder") == second
        assert set(found) == {"hybrid.encoder", "full.encoder", "lora.encoder"}
        assert set(found.values()) == {EncoderSettings()}

    def test_bytes_has_none(self) -> None:
        assert list(encoders_in(BytesConfig())) == []


class TestUnreadNote:
    def test_names_five_and_counts_others(self) -> None:
        numbers = [InputField(f"n{n}", InputKind.NUMBER, (f"n{n}",)) for n in range(500)]
        said = "recipe 'linear' does not read n0, n1, n2, n3, n4 and 495 more"
        assert unread_note(LINEAR, numbers) == said
        assert unread_note(LINEAR, ()) is None
