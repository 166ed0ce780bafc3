"""What commands share: how values are shown, and which configuration is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from rich.console import Console

from sftsec_core.api.errors import ConfigError
from sftsec_core.cli.options import App, duration, emit, facts, table

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)


def shown(values: Mapping[str, object], capsys: pytest.CaptureFixture[str]) -> str:
    emit({}, as_json=False, show=facts(values))
    return capsys.readouterr().out


class TestEmit:
    def test_json_holds_times_and_paths(self, capsys: pytest.CaptureFixture[str]) -> None:
        data = {"at": AT, "file": Path("a/b"), "name": "Grüße"}
        emit(data, as_json=True, show=facts({}))
        printed = capsys.readouterr().out
        assert "Grüße" in printed
        assert json.loads(printed) == {
            "at": "2026-01-05T08:00:00+00:00",
            "file": "a/b",
            "name": "Grüße",
        }

    def test_json_refuses_what_has_no_form(self) -> None:
        with pytest.raises(TypeError, match="object has no JSON form"):
            emit({"a": object()}, as_json=True, show=facts({}))


class TestFacts:
    def test_align_names_and_format_values(self, capsys: pytest.CaptureFixture[str]) -> None:
        values = {"macro-F1": 0.123456, "at": AT, "error": None, "n": 3}
        assert shown(values, capsys).splitlines() == [
            "macro-F1  0.1235",
            "at        2026-01-05 08:00:00 UTC",
            "error     -",
            "n         3",
        ]

    def test_send_no_control_sequence(self, capsys: pytest.CaptureFixture[str]) -> None:
        printed = shown({"host": "a\x1b]0;owned\x07b\x9bc"}, capsys)
        assert printed == "host  a\ufffd]0;owned\ufffdb\ufffdc\n"


class TestTable:
    def test_shows_markup_as_it_is(self, capsys: pytest.CaptureFixture[str]) -> None:
        emit([], as_json=False, show=table("hosts", ("name",), [["[red]web[/red]"], ["a\x1b[2J"]]))
        printed = capsys.readouterr().out
        assert "[red]web[/red]" in printed
        assert "\x1b" not in printed

    def test_without_rows_says_none(self) -> None:
        console = Console(record=True)
        table("hosts", ("name",), [])(console)
        assert console.export_text() == "hosts: none\n"


class TestDuration:
    def test_reads_a_time_span(self) -> None:
        assert duration("10m") == timedelta(minutes=10)

    @pytest.mark.parametrize("text", ["10", "soon", ""])
    def test_refuses_what_is_none(self, text: str) -> None:
        with pytest.raises(click.BadParameter, match="not a duration"):
            duration(text)


class TestApp:
    def test_takes_the_nearest_configuration(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "sftsec.yaml").touch()
        (tmp_path / "inner").mkdir()
        monkeypatch.chdir(tmp_path / "inner")
        assert App().config_file() == tmp_path / "sftsec.yaml"
        assert App(config=Path("other.yaml")).config_file() == Path("other.yaml")

    def test_plugins_are_built_in_without_configuration(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert [s.name for s in App().plugins().statuses if s.enabled] == ["core", "files", "pii"]
        with pytest.raises(ConfigError):
            App(config=tmp_path / "none.yaml").plugins()

    def test_quiet_says_nothing(self, capsys: pytest.CaptureFixture[str]) -> None:
        App(quiet=True).say("on its way")
        App().say("done")
        assert capsys.readouterr() == ("", "done\n")
