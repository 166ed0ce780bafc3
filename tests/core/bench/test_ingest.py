"""The ingest benchmark runs the real pipeline and finds what was planted."""

from __future__ import annotations

from pathlib import Path

from sftsec_core.bench.ingest import run_ingest_bench


def test_benchmark_finds_planted_copies_and_cleans_up(tmp_path: Path) -> None:
    result = run_ingest_bench(2000, tmp_path)
    assert result["recall"] > 0.97
    assert result["kept"] + result["near_duplicates"] + result["exact_duplicates"] == 2000
    assert result["redactions"] > 500
    assert 0 < result["peak_rss_mb"] < 1024
    assert result["rows_per_s"] > 0
    assert result["baseline_rows_per_s"] > 0
    second = result["second"]
    assert second["as_rebuilt"]
    assert second["kept"] + second["near_duplicates"] + second["exact_duplicates"] == 2020
    assert not list(tmp_path.iterdir())
