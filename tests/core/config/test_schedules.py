"""What `schedules:` in sftsec.yaml may say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sftsec_core.api.errors import ConfigError
from sftsec_core.config.load import load_settings
from sftsec_core.config.schedules import ScheduleSettings

TASK = {"connector": "mail", "text": ["message"], "benign": "b", "labels": {"a": ["x"], "b": ["y"]}}
NIGHTLY = {
    "task": "phishing",
    "run": "retrain",
    "when": {"cron": "0 2 * * *"},
    "timezone": "Europe/Berlin",
    "window": "22:00-06:00 mon-fri",
    "catch_up": "one",
    "jitter": "5m",
    "priority": 10,
    "retries": 2,
    "timeout": "4h",
    "budget": "30m",
    "overlap": False,
    "needs": {"gpus": 1},
    "after": {"run": "drift", "when": "succeeded"},
}


def load(folder: Path, schedules: Any) -> dict[str, ScheduleSettings] | None:
    said = {
        "version": 1,
        "connectors": {"mail": {"type": "files", "paths": ["in/"]}},
        "tasks": {"phishing": TASK},
        "schedules": schedules,
    }
    (folder / "sftsec.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    return load_settings(folder / "sftsec.yaml").schedules


class TestSchedules:
    def test_read_the_whole_form(self, tmp_path: Path) -> None:
        found = load(tmp_path, {"nightly": NIGHTLY})
        assert found is not None
        nightly = found["nightly"]
        assert (nightly.priority, nightly.zone.key, nightly.needs.gpus) == (10, "Europe/Berlin", 1)

    def test_an_empty_section_is_there(self, tmp_path: Path) -> None:
        assert load(tmp_path, {}) == {}

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"task": "phish"}, "did you mean 'phishing'"),
            ({"task": None}, "name the task of retrain"),
            (
                {"run": "train"},
                "schedules.nightly.run: Input should be 'retrain', 'adapt', 'score'",
            ),
            ({"run": "gc"}, "leave out task"),
            ({"run": "score"}, "trains nothing"),
            ({"when": None, "after": None}, "name when it is due"),
            ({"when": {}}, "it is empty"),
            ({"when": {"cron": "0 2 * * *", "interval": "6h"}}, "cron and interval stand together"),
            ({"when": {"interval": "5s"}}, "schedules.nightly.when.interval: it is shorter"),
            ({"when": {"crom": "0 2 * * *"}}, "did you mean 'cron'"),
            ({"when": {"any": [{"cron": "@daily"}]}}, "at least 2"),
            ({"when": {"all": [{"cron": "@daily"}, {"interval": "1h"}]}}, "at most one"),
            ({"when": {"any": [{"cron": "@daily"}, {"crom": "x"}]}}, "when.any.1.crom"),
            ({"when": {"new_verdicts": 3, "figure": "input_drift"}}, "figure belongs to"),
            ({"timezone": "Europe/Berlim"}, "did you mean 'Europe/Berlin'"),
            ({"timezone": "../etc/passwd"}, "IANA database"),
            ({"window": ["9-5"]}, "is no window"),
            ({"after": {"run": "retrain"}}, "cannot wait for itself"),
            ({"after": {"run": "score", "when": "promoted"}}, "promotes nothing"),
            ({"after": {"run": "score", "task": "x"}}, "schedules.nightly.after.task"),
            ({"jitter": "5"}, "is not a duration"),
            ({"needs": {"gpu": 1}}, "did you mean 'gpus'"),
            ({"prio": 1}, "did you mean 'priority'"),
        ],
    )
    def test_refuse_what_is_wrong(self, tmp_path: Path, changes: dict[str, Any], says: str) -> None:
        said = {key: value for key, value in {**NIGHTLY, **changes}.items() if value is not None}
        with pytest.raises(ConfigError) as refused:
            load(tmp_path, {"nightly": said})
        assert says in str(refused.value)
        assert "sftsec.yaml" in str(refused.value)

    def test_a_name_is_checked(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="1 to 64 letters"):
            load(tmp_path, {"every night": NIGHTLY})

    def test_verdicts_need_a_task(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="takes times only"):
            load(tmp_path, {"clean": {"run": "gc", "when": {"new_verdicts": 5}}})


class TestTrigger:
    def test_stays_where_only_its_run_changes(self) -> None:
        one = ScheduleSettings.model_validate(NIGHTLY)
        other = ScheduleSettings.model_validate({**NIGHTLY, "priority": 3, "jitter": "1m"})
        third = ScheduleSettings.model_validate({**NIGHTLY, "timezone": "UTC"})
        assert one.trigger == other.trigger != third.trigger
