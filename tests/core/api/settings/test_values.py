"""Durations and words, as the configuration writes them."""

from __future__ import annotations

from datetime import timedelta

import pytest
import yaml

from sftsec_core.api.settings.task import TaskSettings
from sftsec_core.api.settings.values import (
    format_duration,
    parse_duration,
    parse_window,
    texts_by_text,
)


class TestDuration:
    @pytest.mark.parametrize("text", ["90s", "10m", "12h", "30d", "2w"])
    def test_is_written_as_it_is_read(self, text: str) -> None:
        value = parse_duration(text)
        assert isinstance(value, timedelta)
        assert format_duration(value) == text

    def test_without_a_unit_is_refused(self) -> None:
        with pytest.raises(ValueError, match="not a duration"):
            parse_duration("10")


class TestWindow:
    @pytest.mark.parametrize(
        ("written", "read"), [("90d", timedelta(days=90)), ("all", "all"), (None, None)]
    )
    def test_is_a_duration_or_all(self, written: object, read: object) -> None:
        assert parse_window(written) == read

    @pytest.mark.parametrize(
        ("written", "told"),
        [
            (90, "90 is not a duration: write its unit"),
            (True, "True is not a duration"),
            ("everything", "'everything' is not a duration"),
            ("0d", "write all for no bound"),
            ("200000d", "write all for no bound"),
            ("9" * 40 + "w", "longer than a duration can be"),
        ],
    )
    def test_of_anything_else_is_refused(self, written: object, told: str) -> None:
        with pytest.raises(ValueError, match=told):
            parse_window(written)

    @pytest.mark.parametrize("text", ["90d", "all"])
    def test_of_a_task_is_written_as_read(self, text: str) -> None:
        made = TaskSettings(connector="a", text=("b",), labels={"x": (), "y": ()}, window=text)
        assert made.model_dump(mode="json")["window"] == text
        assert TaskSettings.model_validate(made.model_dump(mode="json")) == made


class TestTextsByText:
    @pytest.mark.parametrize(
        ("written", "read"),
        [
            ("{7: phishing, x: 1}", {"7": "phishing", "x": "1"}),
            ("{1.0: a, 2.5: b}", {"1": "a", "2.5": "b"}),
            ("{9007199254740993: a}", {"9007199254740993": "a"}),
            ("[7]", [7]),
        ],
    )
    def test_numbers_become_the_platforms_texts(self, written: str, read: object) -> None:
        assert texts_by_text(yaml.safe_load(written)) == read

    @pytest.mark.parametrize("written", ["{yes: a}", "{off: a}", "{null: a}"])
    def test_what_yaml_takes_apart_is_refused(self, written: str) -> None:
        with pytest.raises(ValueError, match="put it in quotes"):
            texts_by_text(yaml.safe_load(written))

    def test_a_text_stands_once(self) -> None:
        with pytest.raises(ValueError, match="'7' is there twice"):
            texts_by_text(yaml.safe_load("{7: a, '7': b}"))
