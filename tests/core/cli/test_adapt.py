"""`sftsec adapt`: what it prints, for a person and for a machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sftsec_core.api.domain import Interval
from sftsec_core.cli.adapt import show_result
from sftsec_core.cli.safe_console import SafeConsole
from sftsec_core.operations.adapt import AdaptResult, ProbeComparison
from sftsec_core.recipes.adaptation import Adaptation

FACTS = Adaptation(
    task="triage",
    parent="minilm",
    parent_sha256="b" * 64,
    settings={},
    seed=13,
    texts=1200,
    windows=1300,
    cut_windows=0,
    steps=80,
    best_step=80,
    head_steps=20,
    dev_tokens=900,
    perplexity_before=40.0,
    perplexity_after=20.0,
)


def result(gain: Interval) -> AdaptResult:
    probe = ProbeComparison(150, 0.8, 0.81, gain)
    return AdaptResult("r", "a" * 64, Path("/x"), ".sftsec/encoders/a", FACTS, probe)


class TestOutput:
    def test_line_to_paste_stands_whole(self, capsys: pytest.CaptureFixture[str]) -> None:
        show_result(SafeConsole(width=60), result(Interval(0.01, -0.01, 0.03)))
        shown = capsys.readouterr().out
        assert f"encoder: {{path: .sftsec/encoders/a, sha256: {'a' * 64}}}\n" in shown
        assert "0.800 before, 0.810 after, +0.010 (-0.010 to +0.030)" in shown
        assert "no difference shown" in shown

    def test_machine_reads_the_same(self) -> None:
        value = json.loads(json.dumps(result(Interval(0.01, 0.005, 0.03)).to_json()))
        assert value["encoder"] == {"path": ".sftsec/encoders/a", "sha256": "a" * 64}
        assert value["probe"]["verdict"] == "better"
