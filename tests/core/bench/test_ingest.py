"""The ingest benchmark runs the real pipeline and finds what was planted."""

from __future__ import annotations

from pathlib import Path

from sftsec_core.bench.corpus import write_corpus
from sftsec_core.bench.ingest import run_ingest_bench


def test_the_corpus_is_the_same_every_time(tmp_path: Path) -> None:
    planted = write_corpus(tmp_path / "a", 500)
    write_corpus(tmp_path / "b", 500)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes().count(b"copy_of") == planted
    assert 25 < planted < 75


def test_the_benchmark_finds_the_planted_copies_and_leaves_nothing_behind(tmp_path: Path) -> None:
    result = run_ingest_bench(2000, tmp_path)
    assert result["recall"] > 0.97
    assert result["kept"] + result["near_duplicates"] + result["exact_duplicates"] == 2000
    assert result["redactions"] > 500
    assert 0 < result["peak_rss_mb"] < 1024
    assert result["rows_per_s"] > 0
    assert result["baseline_rows_per_s"] > 0
    assert not list(tmp_path.iterdir())
