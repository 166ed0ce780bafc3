"""`sftsec bench train`: its figures, as a table and as JSON."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from sftsec_core.cli import cli

RESULT = {
    "device": "cpu",
    "kind": "urls",
    "shape": "minilm",
    "rows": 64,
    "mean_tokens": 25.0,
    "product_tflops": 0.1,
    "sides": [
        {
            **{"side": "sftsec full", "seconds": 1.0, "cpu_s": 1.9, "peak_gib": None},
            **{"rows_per_s": 64.0, "ratio": 2.1, "mfu": 0.1},
        }
    ],
}


@pytest.fixture(autouse=True)
def _result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sftsec_core.bench.train.run_train_bench", lambda *_, **__: RESULT)


class TestBenchTrain:
    def test_prints_a_table(self) -> None:
        result = CliRunner().invoke(cli, ["bench", "train", "--shape", "minilm"])
        assert result.exit_code == 0, result.output
        assert "sftsec full" in result.output
        assert "mean_tokens" in result.output
        assert "2.1" in result.output

    def test_prints_json_for_machines(self) -> None:
        result = CliRunner().invoke(cli, ["bench", "train", "--json"])
        assert json.loads(result.stdout)["sides"][0]["rows_per_s"] == 64.0

    def test_refuses_another_kind(self) -> None:
        result = CliRunner().invoke(cli, ["bench", "train", "--kind", "poems"])
        assert result.exit_code == 2
        assert "urls" in result.output
