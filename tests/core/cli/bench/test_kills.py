"""`sftsec bench kills`: its figures, as a table and as JSON."""

from __future__ import annotations

import json

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
    "repeated": 0.0125,
    "stages": {"train": 3},
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    found: list[object] = []

    def run(kills: int, **options: object) -> dict[str, object]:
        found.append((kills, options))
        return {"sides": [SIDE]}

    monkeypatch.setattr("sftsec_core.bench.kills.run_kill_bench", run)
    return found


class TestBenchKills:
    def test_prints_a_table(self, asked: list[object]) -> None:
        result = CliRunner().invoke(cli, ["bench", "kills", "--kills", "3", "--alone"])
        assert result.exit_code == 0, result.output
        assert "0.0125" in result.output
        assert asked == [(3, {"recipe": "full", "every_s": 0.0, "beside": False, "seed": 0})]

    @pytest.mark.usefixtures("asked")
    def test_prints_json_for_machines(self) -> None:
        result = CliRunner().invoke(cli, ["bench", "kills", "--json"])
        assert json.loads(result.stdout)["sides"] == [SIDE]

    def test_refuses_no_kills(self) -> None:
        assert CliRunner().invoke(cli, ["bench", "kills", "--kills", "0"]).exit_code == 2
