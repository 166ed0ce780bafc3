"""What reaches a terminal holds no control sequence of the data."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path

import click
import pytest

from sftsec_core.cli.terminal import (
    SafeFormatter,
    echo,
    echo_click_error,
    echo_trace,
    safe,
    safe_json,
)
from tests.core.cli.invoke import run

ATTACKS = ("\x1b]0;owned\x07", "\x9b2J", "\x9d", "\u202e", "\u2066", "\x00", "\r", "\x7f", "\ud800")


class TestText:
    @pytest.mark.parametrize("attack", ATTACKS)
    def test_shows_what_cannot_be_printed(self, attack: str) -> None:
        shown = safe(f"a{attack}b")
        assert not set(attack) & set(shown) - set("]0;owned2J")
        assert shown.startswith("a\ufffd")

    def test_keeps_letters_lines_and_spaces(self) -> None:
        text = "Grüße\t東京\n\N{NO-BREAK SPACE}→ 100\N{NARROW NO-BREAK SPACE}% 🎣"
        assert safe(text) == text

    def test_is_safe_on_both_streams(self, capsys: pytest.CaptureFixture[str]) -> None:
        echo("out\x1b[2J")
        echo("err\x9b2J", err=True)
        assert capsys.readouterr() == ("out\ufffd[2J\n", "err\ufffd2J\n")


class TestJson:
    @pytest.mark.parametrize("attack", [*ATTACKS, "\U000e0041"])
    def test_escapes_and_reads_back_equal(self, attack: str) -> None:
        text = safe_json({"name": f"Grüße{attack}"}, indent=2)
        assert "Grüße" in text
        assert safe(text) == text
        assert json.loads(text) == {"name": f"Grüße{attack}"}


class TestErrors:
    def test_wrong_usage_quotes_nothing_alive(self, capsys: pytest.CaptureFixture[str]) -> None:
        echo_click_error(click.UsageError("no file \x1b]0;x\x07"))
        assert capsys.readouterr().err == "Error: no file \ufffd]0;x\ufffd\n"

    def test_trace_is_shown_without_sequences(self, capsys: pytest.CaptureFixture[str]) -> None:
        echo_trace(ValueError("bad \x1b[2J value"))
        assert capsys.readouterr().err == "ValueError: bad \ufffd[2J value\n"

    def test_command_line_ends_with_safe_line(self, tmp_path: Path) -> None:
        config = tmp_path / "a\x1b[31m.yaml"
        config.write_text('"x\\e[2J\\u009b": 1\n', encoding="utf-8")
        done = run("-c", str(config), "config", "check", cwd=tmp_path)
        assert done.returncode == 3
        assert "\ufffd[31m.yaml" in done.stderr
        assert safe(done.stderr) == done.stderr


class TestLog:
    def record(self, text: str) -> logging.LogRecord:
        return logging.LogRecord("x", logging.WARNING, "", 1, "%s", (text,), None)

    def test_has_no_sequence_and_no_forged_line(self) -> None:
        out = io.StringIO()
        handler = logging.StreamHandler(out)
        handler.setFormatter(SafeFormatter("%(levelname)s: %(message)s"))
        handler.handle(self.record("a\x1b[2J\nERROR: b"))
        assert out.getvalue() == "WARNING: a\ufffd[2J\n    ERROR: b\n"
