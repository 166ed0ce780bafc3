"""What a task's `context` may say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sftsec_core.api.settings.context import ContextSettings


class TestContextSettings:
    def test_names_inputs_by_key_window_and_figure(self) -> None:
        settings = ContextSettings.model_validate(
            {
                "keys": ["host.name", ["rule.name", "host.name"]],
                "windows": ["1d", "1h"],
                "figures": ["count", {"distinct": {"of": "rule.name"}}, "new"],
                "clock": ["hour"],
            }
        )
        assert settings.inputs == (
            "context.hour",
            "context.host.name.1h.count",
            "context.host.name.1h.distinct.rule.name",
            "context.host.name.24h.count",
            "context.host.name.24h.distinct.rule.name",
            "context.host.name.new",
            "context.rule.name+host.name.1h.count",
            "context.rule.name+host.name.24h.count",
            "context.rule.name+host.name.new",
        )
        assert settings.fields == ("host.name", "rule.name")

    def test_sequence_alone_asks_for_no_figures(self) -> None:
        sequence = {"of": "process.command_line", "by": ["host.name", "user.name"]}
        settings = ContextSettings.model_validate({"sequence": sequence})
        assert settings.inputs == ("context.sequence",)
        assert settings.fields == ("host.name", "user.name", "process.command_line")
        assert ContextSettings.model_validate(settings.model_dump(mode="json")) == settings
        both = ContextSettings.model_validate({"keys": ["rule.name"], "sequence": sequence})
        assert both.inputs[-1] == "context.sequence"
        assert len(both.inputs) > 5

    def test_is_read_back_from_what_it_writes(self) -> None:
        given = {"figures": ["count", {"verdicts": {"delay": "3d"}}, {"mean": {"of": "a"}}]}
        settings = ContextSettings.model_validate(given)
        assert ContextSettings.model_validate(settings.model_dump(mode="json")) == settings
        assert settings.inputs[3:5] == (
            "context.rule.name.1h.verdicts",
            "context.rule.name.1h.attacks",
        )

    @pytest.mark.parametrize(
        ("given", "reason"),
        [
            ({"keys": [[]]}, "a key names one field"),
            ({"keys": [["a", "a"]]}, "a key names one field"),
            ({"keys": []}, "at least one key, or a sequence"),
            ({"sequence": {"of": "a", "by": "b", "last": 0}}, "greater than or equal to 1"),
            ({"keys": ["a", ["a"]]}, "listed twice"),
            ({"windows": ["5s"]}, "from 1m to 366d"),
            ({"memory": "1d"}, "at least as long as the longest window"),
            ({"figures": ["count", "count"]}, "listed twice"),
            (
                {"figures": [{"verdicts": {"delay": "1d"}}, {"verdicts": {"delay": "2d"}}]},
                "list `verdicts` once",
            ),
            ({"keys": [f"f{n}" for n in range(60)]}, "more than 500"),
            ({"figures": ["counts"]}, "count"),
        ],
    )
    def test_refuses_what_makes_no_sense(self, given: dict[str, Any], reason: str) -> None:
        with pytest.raises(ValidationError, match=reason):
            ContextSettings.model_validate(given)
