"""`sftsec bench fairness`: what it takes, and what it shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sftsec_core.bench import fairness
from sftsec_core.cli import cli

RESULT: dict[str, Any] = {
    "found": [{"data": "mail", "gap": 0.0, "attacks": 70.4, "draws": 40, "found": 1}],
    "trained": [
        {
            **{"data": "mail", "seed": 1, "defence": "reweigh", "macro_f1": 0.931, "gap": 0.042},
            **{"recall": 0.9, "rest_recall": 0.942, "fpr": 0.01, "rest_fpr": 0.02},
            **{"named": True, "approved": False},
        }
    ],
}


class TestFairness:
    @pytest.fixture
    def plans(self, monkeypatch: pytest.MonkeyPatch) -> list[fairness.FairnessPlan]:
        """The plans that are asked for; `tests/core/bench/test_fairness.py` carries one out."""
        plans: list[fairness.FairnessPlan] = []

        def run(plan: fairness.FairnessPlan, _tell: fairness.Tell) -> dict[str, Any]:
            plans.append(plan)
            return RESULT

        monkeypatch.setattr(fairness, "run_fairness_bench", run)
        return plans

    def test_reads_what_to_measure(
        self, plans: list[fairness.FairnessPlan], tmp_path: Path
    ) -> None:
        more = ["--seeds", "2", "--draws", "40", "--gap", "0.2", "--limit", "500", "--json"]
        result = CliRunner().invoke(cli, ["bench", "fairness", str(tmp_path), *more])
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout) == RESULT
        assert plans == [fairness.FairnessPlan((tmp_path,), range(1, 3), 40, (0.2,), 500)]

    def test_shows_both_tables(self, plans: list[fairness.FairnessPlan], tmp_path: Path) -> None:
        result = CliRunner().invoke(cli, ["bench", "fairness", str(tmp_path)])
        assert plans[0].gaps == fairness.GAPS
        for cell in ("none: shuffled", "1 of 40", "reweigh", "93.1", "4.2", "rejects"):
            assert cell in result.stdout
