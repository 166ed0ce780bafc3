"""The benchmark of explanations: better than chance, and of the model that it explains."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from random import Random

import pytest

from sftsec_core.api.errors import DataError
from sftsec_core.bench.explain import run_explain_bench
from sftsec_core.recipes.specs import RECIPES

LINEAR = next(recipe for recipe in RECIPES if recipe.name == "linear")
FULL = next(recipe for recipe in RECIPES if recipe.name == "full")
PLAIN = ("please", "find", "the", "notes", "of", "our", "meeting", "and", "call", "about", "lunch")


def write(folder: Path, telling: str, words: int = 8) -> Path:
    """A set whose attacks hold a telling word among ordinary ones."""
    random = Random(3)  # noqa: S311 - test data, not a secret
    folder.mkdir()
    for part, count in (("train", 120), ("dev", 20), ("test", 40)):
        rows = []
        for number in range(count):
            text = random.sample(PLAIN, words)
            label = "malicious" if number % 2 else "benign"
            if label == "malicious":
                text.insert(random.randint(0, words), telling)
            rows.append({"id": f"{part}{number}", "message": " ".join(text), "label": label})
        lines = "".join(f"{json.dumps(row)}\n" for row in rows)
        (folder / f"{part}.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    return folder


class TestRunExplainBench:
    def test_explanations_beat_chance_and_occlusion(self, tmp_path: Path) -> None:
        folder = write(tmp_path / "mails", "zyxwinner")
        (row,) = run_explain_bench([folder], LINEAR, seeds=(1,), rows=20)
        assert (row["method"], row["dataset"], row["explained"]) == ("exact", "mails", 20)
        assert row["deletion"] < row["occlusion_deletion"] < row["random_deletion"]
        assert row["insertion"] > row["occlusion_insertion"]
        assert row["insertion"] > row["random_insertion"]
        assert abs(row["randomised"]) < 0.6
        assert row["time_ratio"] > 1

    def test_gradients_of_the_packaged_encoder(self, tmp_path: Path) -> None:
        pytest.importorskip("captum")
        folder = write(tmp_path / "mails", "password")
        (row,) = run_explain_bench([folder], FULL, seeds=(1,), rows=10, limit=100)
        assert (row["method"], row["recipe"]) == ("gradients", "full")
        assert row["deletion"] < row["random_deletion"]
        assert row["insertion"] > row["random_insertion"]
        assert abs(row["randomised"]) < 0.5

    def test_a_set_of_short_texts_is_refused(self, tmp_path: Path) -> None:
        folder = write(tmp_path / "short", "bad", words=2)
        with pytest.raises(DataError, match="flags no text of 5 words or more"):
            next(run_explain_bench([folder], LINEAR))
