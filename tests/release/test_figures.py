"""The page of speeds, and the comparison of a small run with what is kept of one."""

from __future__ import annotations

import json
from pathlib import Path

from tests.release.figures import KEPT, MEASUREMENTS, PAGE, halved, ratios, render

PEER = "transformers pipeline"


def result(ours: float, peer: float) -> dict[str, object]:
    sides = [{"side": "sftsec full", "cpu_s": ours}, {"side": PEER, "cpu_s": peer, "rows": 5}]
    return {"rows": 10, "sides": sides}


def kept(folder: Path) -> Path:
    file = folder / "kept.json"
    file.write_text(json.dumps({"small score": {"result": result(0.1, 0.5)}}))
    return file


class TestRatios:
    def test_are_of_rows_and_processor_time(self) -> None:
        assert ratios("score", result(0.1, 0.5)) == {f"sftsec full / {PEER}": 10}

    def test_leave_out_what_is_too_short(self) -> None:
        assert ratios("score", result(0.001, 0.5)) == {}


class TestHalved:
    def test_names_what_was_and_is(self, tmp_path: Path) -> None:
        (line,) = halved("score", result(0.25, 0.5), kept(tmp_path))
        assert line == f"sftsec full / {PEER}: 4, and it was 10"

    def test_lets_a_smaller_loss_pass(self, tmp_path: Path) -> None:
        assert halved("score", result(0.19, 0.5), kept(tmp_path)) == []


class TestPage:
    def test_is_what_the_results_say(self) -> None:
        results = json.loads(KEPT.read_text(encoding="utf-8"))
        assert PAGE.read_text(encoding="utf-8") == render(results)

    def test_has_every_measurement(self) -> None:
        text = PAGE.read_text(encoding="utf-8")
        for words in MEASUREMENTS.values():
            assert f"## `sftsec bench {' '.join(words)}`" in text
