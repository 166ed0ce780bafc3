"""A cascade beside its encoder and a pipeline: every side answers the same rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.errors import DataError
from sftsec_core.bench.cascade import run_cascade_bench
from sftsec_core.bench.score import PIPELINE
from tests.core.bench.records import record, write_part
from tests.core.recipes.tiny_encoder import make_tiny_encoder

MODELS = {"encoder", "encoder_int8", "cascade", "cascade_int8"}


class TestRun:
    def test_measures_each_side_once(self, tmp_path: Path) -> None:
        tiny = make_tiny_encoder(tmp_path / "tiny")
        for part, count in (("train", 60), ("dev", 120), ("test", 60)):
            records = [record(i, ("benign", "malicious")[i % 2]) for i in range(count)]
            write_part(tmp_path / "shell", part, records)
        encoder = {"path": tiny.path, "sha256": tiny.sha256, "max_length": 32}
        [row] = run_cascade_bench(
            [tmp_path / "shell"],
            limit=40,
            rows=48,
            options={"encoder": encoder, "full": {"epochs": 8, "learning_rate": 3e-3}},
        )
        assert (row["dataset"], row["seed"], row["rows"], row["dev_rows"]) == ("shell", 1, 48, 48)
        assert set(row["macro_f1"]) == set(row["ratio"]) == MODELS
        assert set(row["rows_per_s"]) == MODELS | {PIPELINE}
        assert min(row["rows_per_s"].values()) > 0
        lost = row["macro_f1"]["encoder"] - row["macro_f1"]["cascade"]
        assert row["lost"]["cascade"] == pytest.approx(100 * lost, abs=0.01)
        assert row["passed_on"] == 1.0  # a dev of 48 rows is too few to choose a band on

    def test_folder_without_data_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"train\.jsonl\.gz cannot be read"):
            next(run_cascade_bench([tmp_path]))
