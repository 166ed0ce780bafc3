"""`sftsec bench redaction`: the figures of the step, as a table and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from sftsec_core.api.errors import NotFoundError
from sftsec_core.cli import cli

COMMAND = ["bench", "redaction", "--rows", "100"]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class TestRedaction:
    def test_gives_the_figures_as_json(self) -> None:
        result = CliRunner().invoke(cli, [*COMMAND, "--option", "national_id", "--json"])
        assert result.exit_code == 0, result.output
        got = json.loads(result.stdout)
        assert {row["kind"] for row in got["recall"]} >= {"email", "user", "password"}
        assert all(0 <= row["precision"] <= 1 for row in got["precision"])
        assert got["benign"]["count"] > 300
        assert got["incidents_per_s"] > 0

    def test_shows_tables_to_a_person(self) -> None:
        result = CliRunner().invoke(cli, COMMAND)
        assert result.exit_code == 0, result.output
        assert "held_out" in result.stdout
        assert "benign changed" in result.stdout

    def test_refuses_an_unknown_step(self) -> None:
        with pytest.raises(NotFoundError, match="redcat"):
            CliRunner().invoke(cli, [*COMMAND, "--step", "redcat"], catch_exceptions=False)
