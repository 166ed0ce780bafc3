"""`sftsec bench context`: its figures, as JSON and for a person."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from sftsec_core.cli import cli

COMMAND = ["bench", "context", "--events", "200", "--hosts", "20"]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class TestBenchContext:
    def test_gives_its_figures_as_json(self) -> None:
        result = CliRunner().invoke(cli, [*COMMAND, "--json"])
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["events"] == 200

    def test_shows_them_to_a_person(self) -> None:
        result = CliRunner().invoke(cli, COMMAND)
        assert result.exit_code == 0, result.output
        assert "events_per_s" in result.stdout
