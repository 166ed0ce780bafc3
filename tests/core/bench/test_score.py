"""The speed of scoring, beside what others would use."""

from __future__ import annotations

import pytest

from sftsec_core.bench.score import PIPELINE, STREAM_DISTINCT, run_score_bench
from tests.release.figures import halved, small_run


class TestRun:
    def test_measures_all_sides_in_turns(self) -> None:
        result = small_run("score")
        sides = {side["side"]: side for side in result["sides"]}
        assert set(sides) == {
            PIPELINE,
            "sftsec full",
            "sftsec full, int8",
            "ONNX Runtime int8, bare",
            "sftsec linear",
            "scikit-learn",
        }
        assert result["distinct"] == 48
        assert sides[PIPELINE]["rows"] == 6
        base = sides[PIPELINE]["rows_per_s"]
        for side in sides.values():
            assert side["cpu_s"] >= 0
            assert side["ratio"] == pytest.approx(side["rows_per_s"] / base, rel=0.01, abs=0.1)
        assert halved("score", result) == []

    def test_stream_repeats_its_texts(self) -> None:
        result = run_score_bench(600, stream=True, pipeline=False)
        assert result["distinct"] == round(600 * STREAM_DISTINCT)
        sides = {side["side"]: side for side in result["sides"]}
        assert sides["sftsec full"]["rows_per_s"] > sides["ONNX Runtime int8, bare"]["rows_per_s"]
        assert all(side["ratio"] is None for side in result["sides"])
