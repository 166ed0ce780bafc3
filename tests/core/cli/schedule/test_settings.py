"""Options of `schedule add` and `schedule edit` as settings."""

from __future__ import annotations

from typing import Any

import click
import pytest

from sftsec_core.cli.schedule.settings import KINDS, read_options
from sftsec_core.config.schedules import ScheduleSettings


class TestOptions:
    @pytest.mark.parametrize(
        ("given", "found"),
        [
            ({"new_verdicts": 5}, {"when": {"new_verdicts": 5}}),
            (
                {"drift_above": 0.2, "figure": "label_shift"},
                {"when": {"drift_above": 0.2, "figure": "label_shift"}},
            ),
            (
                {"cron": "@daily", "new_verdicts": 5, "match": "all"},
                {"when": {"all": [{"cron": "@daily"}, {"new_verdicts": 5}]}},
            ),
            ({"when": "{any: [{cron: x}]}"}, {"when": {"any": [{"cron": "x"}]}}),
            ({"after": "retrain"}, {"after": {"run": "retrain"}}),
            (
                {"after": "retrain:mail:promoted"},
                {"after": {"run": "retrain", "task": "mail", "when": "promoted"}},
            ),
            ({"gpus": 0}, {"needs": {"gpus": 0}}),
            (
                {"options": ("promote=false", "limit=5")},
                {"options": {"promote": False, "limit": 5}},
            ),
            ({"overlap": False, "priority": 0}, {"overlap": False, "priority": 0}),
            ({}, {}),
        ],
    )
    def test_become_the_settings(self, given: dict[str, Any], found: dict[str, Any]) -> None:
        assert read_options(given) == found

    @pytest.mark.parametrize(
        ("given", "says"),
        [
            ({"cron": "@daily", "interval": "1h"}, "--match any"),
            ({"cron": "@daily", "match": "any"}, "several triggers"),
            ({"cron": "@daily", "when": "{}"}, "not both"),
            ({"figure": "label_shift"}, "--drift-above"),
            ({"when": "{"}, "no YAML"),
            ({"after": "a:b:c:d"}, "retrain:phishing:promoted"),
            ({"options": ("promote",)}, "NAME=VALUE"),
        ],
    )
    def test_that_clash_are_refused(self, given: dict[str, Any], says: str) -> None:
        with pytest.raises(click.UsageError, match=says):
            read_options(given)

    def test_name_every_kind_of_run(self) -> None:
        schema = ScheduleSettings.model_json_schema()
        assert set(schema["properties"]["run"]["enum"]) == set(KINDS)
