"""`sftsec bench kills`: its figures, as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner

from sftsec_core.cli import cli

SIDE = {
    "side": "sftsec retrain",
    "seconds": 9.5,
    "trainings": 2,
    "kills": 3,
    "lost": 0,
    "twice": 0,
    "different": 0,
    "steps": 160,
    "repeated": 0.0125,
    "step_s": 0.004,
    "save_s": 0.006,
    "again": {"start": 3, "step": 2},
    "phases": {"step": 2, "gate": 1},
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    found: list[object] = []

    def run(kills: int, tell: Callable[[str, int], None], **options: object) -> dict[str, object]:
        tell("sftsec retrain", 0)
        tell("sftsec retrain", kills)
        found.append((kills, options))
        return {"sides": [SIDE]}

    monkeypatch.setattr("sftsec_core.bench.kills.run_kill_bench", run)
    return found


class TestBenchKills:
    def test_prints_a_table(self, asked: list[object]) -> None:
        result = CliRunner().invoke(cli, ["bench", "kills", "--kills", "3", "--alone"])
        assert result.exit_code == 0, result.output
        assert "0.0125" in result.output
        assert "begun again" in result.output
        assert "kill       sftsec retrain" in result.output
        options = {"recipe": "full", "every_s": 0.0, "beside": False, "seed": 0, "jobs": 2}
        assert asked == [(3, options)]

    @pytest.mark.usefixtures("asked")
    def test_prints_json_for_machines(self) -> None:
        result = CliRunner().invoke(cli, ["bench", "kills", "--json"])
        assert json.loads(result.stdout)["sides"] == [SIDE]

    def test_refuses_no_kills(self) -> None:
        assert CliRunner().invoke(cli, ["bench", "kills", "--kills", "0"]).exit_code == 2
