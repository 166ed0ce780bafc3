"""A name with settings, in both forms."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from sftsec_core.api.settings.choice import Choice
from sftsec_core.api.settings.task import TrainSettings


class TestChoice:
    def test_takes_a_bare_name(self) -> None:
        choice = Choice.model_validate("lora")
        assert (choice.name, choice.options()) == ("lora", {})

    def test_takes_a_name_with_settings(self) -> None:
        choice = Choice.model_validate({"name": "lora", "rank": 16})
        assert (choice.name, choice.options()) == ("lora", {"rank": 16})

    @pytest.mark.parametrize("given", ["lora", {"name": "lora", "rank": 16}])
    def test_is_written_as_it_was_given(self, given: object) -> None:
        assert Choice.model_validate(given).model_dump(mode="json") == given

    @pytest.mark.parametrize("given", [5, [], {"rank": 16}, None])
    def test_refuses_what_names_nothing(self, given: object) -> None:
        with pytest.raises(ValidationError):
            Choice.model_validate(given)

    def test_shows_both_forms_to_an_editor(self) -> None:
        schema = TrainSettings.model_json_schema()["$defs"]["Choice"]
        assert [each["type"] for each in schema["anyOf"]] == ["string", "object"]
