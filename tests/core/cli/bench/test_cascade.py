"""`sftsec bench cascade`: its figures, as a table and as JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from sftsec_core.cli import cli

ROW = {
    "dataset": "shell",
    "seed": 3,
    "dev_rows": 120,
    "rows": 60,
    "passed_on": 0.25,
    "macro_f1": {"encoder": 0.9, "encoder_int8": 0.9, "cascade": 0.897, "cascade_int8": 0.898},
    "lost": {"encoder_int8": 0.0, "cascade": 0.3, "cascade_int8": 0.2},
    "rows_per_s": {"transformers pipeline": 50.0, "encoder": 500.0},
    "ratio": {"encoder": 10.0, "encoder_int8": 15.0, "cascade": 40.0, "cascade_int8": 60.0},
}


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the benchmark was asked for; its own run is tested beside it."""
    found: dict[str, Any] = {}

    def run(folders: object, **options: Any) -> list[dict[str, Any]]:
        found.update(options, folders=folders)
        return [ROW]

    monkeypatch.setattr("sftsec_core.bench.cascade.run_cascade_bench", run)
    return found


class TestBenchCascade:
    def test_prints_a_table(self) -> None:
        shown = CliRunner().invoke(cli, ["bench", "cascade", "shell"]).stdout.split()
        wanted = "shell 3 25.0% 90.0 0.00 0.30 0.20 50 10.0 15.0 40.0 60.0"
        assert [word for word in shown if word != "│"][-13:-1] == wanted.split()

    def test_prints_json_and_passes_options_on(self, asked: dict[str, Any]) -> None:
        arguments = ["bench", "cascade", "shell", "--seed", "3", "--limit-train", "9", "--json"]
        result = CliRunner().invoke(cli, arguments)
        assert json.loads(result.stdout) == [ROW]
        assert (asked["seeds"], asked["limit"], asked["rows"]) == ((3,), 9, 2000)
