"""`context` of a task by the name of a preset."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sftsec_core.api.settings.context import ContextSettings
from sftsec_core.api.settings.context_presets import PRESETS
from sftsec_core.api.settings.task import TaskSettings


def task(context: object) -> TaskSettings:
    values: dict[str, Any] = {
        "connector": "c",
        "text": ["rule.name"],
        "labels": {"benign": ["no"], "attack": ["yes"]},
        "benign": "benign",
        "context": context,
    }
    return TaskSettings.model_validate(values)


class TestPresets:
    @pytest.mark.parametrize("name", PRESETS)
    def test_stand_for_their_settings(self, name: str) -> None:
        found = task(name).context
        assert found == ContextSettings.model_validate(PRESETS[name])
        assert len(found.inputs) > 10

    def test_unknown_one_names_the_nearest(self) -> None:
        with pytest.raises(ValidationError, match=r"'card', did you mean 'cards'\?.*alerts, cards"):
            task("card")

    def test_schema_allows_all_of_them(self) -> None:
        allowed = TaskSettings.model_json_schema()["properties"]["context"]["anyOf"]
        assert [each["enum"] for each in allowed if "enum" in each] == [list(PRESETS)]
