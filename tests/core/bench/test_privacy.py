"""The benchmark's table: what remembers beside what may not, through `retrain`."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest

from sftsec_core.api.errors import DataError, TrainingError
from sftsec_core.bench.privacy import ARMS, PrivacyPlan, run_privacy_bench

SMALL = PrivacyPlan(epsilon=3, shadows=4, rows=300)


def write_set(folder: Path, rows: int = 240) -> Path:
    """Texts of which no two are alike, with labels that are chance for one in three."""
    folder.mkdir()
    draw = random.Random(2)  # noqa: S311 - reproducible texts, no secret
    for part, count in (("train", rows), ("dev", 60), ("test", 60)):
        with gzip.open(folder / f"{part}.jsonl.gz", "wt", encoding="utf-8") as file:
            for number in range(count):
                label = number % 2
                told = ("quiet", "alarm")[label] if draw.random() < 0.66 else "maybe"
                odd = [f"{draw.choice('bcdfg')}{draw.choice('aeiou')}{draw.randrange(60)}"] * 2
                odd += [f"{draw.choice('hjklm')}{draw.randrange(600)}" for _ in range(4)]
                row = {"id": f"{part}{number}", "message": " ".join([told, *odd])}
                file.write(json.dumps({**row, "label": ("benign", "malicious")[label]}) + "\n")
    return folder


class TestPrivacyBench:
    def test_private_recipe_gives_least_away(self, tmp_path: Path) -> None:
        told: list[str] = []
        folder = write_set(tmp_path / "mail")
        rows = list(run_privacy_bench([folder], [1], SMALL, on_start=told.append))
        undefended, default, private = rows
        assert tuple(row["arm"] for row in rows) == ARMS
        assert [row["recipe"] for row in rows] == ["linear", "linear", "private_linear"]
        assert undefended["ngrams_of_one"] > default["ngrams_of_one"] == 0
        assert private["ngrams_of_one"] is None
        assert private["membership_auc"] < 0.6 < undefended["membership_auc"]
        assert undefended["low"] <= undefended["membership_auc"] <= undefended["high"]
        assert {row["rows"] for row in rows} == {300}
        assert told[2] == "mail: private, private_linear, seed 1"

    def test_too_few_incidents_are_refused(self, tmp_path: Path) -> None:
        folder = write_set(tmp_path / "few", rows=30)
        plan = PrivacyPlan(shadows=4, rows=100, limit_test=20)
        with pytest.raises(TrainingError, match="different incidents"):
            list(run_privacy_bench([folder], [1], plan))

    def test_missing_part_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="cannot be read"):
            list(run_privacy_bench([tmp_path], [1], SMALL))
