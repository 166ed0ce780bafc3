"""The benchmark's table: a brittle recipe beside a hardened one, through `retrain`."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest

from sftsec_core.api.errors import DataError
from sftsec_core.bench.robustness import RobustnessPlan, run_robustness_bench

GOOD = ("lunch", "meeting", "agenda", "minutes", "thursday", "report", "budget", "music")
BAD = ("verify", "password", "urgent", "locked", "prize", "claim")
SMALL = RobustnessPlan(rows=12, queries=20)


def write_set(folder: Path, labels: tuple[str, str] = ("benign", "malicious")) -> Path:
    folder.mkdir()
    draw = random.Random(2)  # noqa: S311 - reproducible texts, no secret
    for part, count in (("train", 200), ("dev", 60), ("test", 60)):
        with gzip.open(folder / f"{part}.jsonl.gz", "wt", encoding="utf-8") as file:
            for number in range(count):
                words = [*draw.choices(GOOD, k=6), f"{part}{number}"]
                if number % 2:
                    words[2:4] = draw.choices(BAD, k=2)
                row = {"id": f"{part}{number}", "message": " ".join(words)}
                file.write(json.dumps({**row, "label": labels[number % 2]}) + "\n")
    return folder


class TestRobustnessBench:
    def test_defended_one_keeps_more(self, tmp_path: Path) -> None:
        folder = write_set(tmp_path / "mail")
        told: list[str] = []
        rows = list(run_robustness_bench([folder], [1], SMALL, on_start=told.append))
        undefended, defended = rows
        assert [row["arm"] for row in rows] == ["undefended", "defended"]
        assert [row["recipe"] for row in rows] == ["linear", "hardened"]
        assert undefended["retained"] < 0.5 < defended["retained"]
        assert defended["macro_f1"] > 0.9
        assert told == [
            "mail: undefended, linear, seed 1",
            "mail: defended, hardened, seed 1",
        ]

    def test_set_without_benign_is_refused(self, tmp_path: Path) -> None:
        folder = write_set(tmp_path / "kinds", ("one", "two"))
        with pytest.raises(DataError, match="none of its labels is benign"):
            list(run_robustness_bench([folder], [1], SMALL))

    def test_missing_part_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="cannot be read"):
            list(run_robustness_bench([tmp_path], [1], SMALL))
