"""The site of two offices: what is planted, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from sftsec_core.api.errors import DataError
from sftsec_core.bench.fairness_site import make_site
from sftsec_core.bench.quality_data import read_dataset
from tests.core.bench.offices import offices_folder
from tests.core.bench.records import record, write_part


def counted(site: Path, part: str) -> Counter[tuple[str, str]]:
    lines = (site / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return Counter((row["organization"]["name"], row["label"]) for row in rows)


class TestMakeSite:
    def test_takes_attacks_of_train_alone(self, tmp_path: Path) -> None:
        dataset = read_dataset(offices_folder(tmp_path / "mail"))
        make_site(tmp_path / "site", dataset, kept=0.05, seed=1)
        train, test = (counted(tmp_path / "site", part) for part in ("train", "test"))
        assert train["south", "malicious"] < 40
        assert train["north", "malicious"] > 250
        assert train["south", "benign"] > 250
        assert sum(test.values()) == 800
        assert test["south", "malicious"] > 150

    def test_takes_no_more_than_asked(self, tmp_path: Path) -> None:
        dataset = read_dataset(offices_folder(tmp_path / "mail"))
        make_site(tmp_path / "site", dataset, kept=1, seed=1, limit=100)
        assert sum(counted(tmp_path / "site", "train").values()) == 100

    def test_needs_a_benign_label(self, tmp_path: Path) -> None:
        for part in ("train", "dev", "test"):
            rows = [record(n, ("worm", "virus")[n % 2]) for n in range(8)]
            write_part(tmp_path / "families", part, rows)
        dataset = read_dataset(tmp_path / "families")
        with pytest.raises(DataError, match="families: no label of it is benign"):
            make_site(tmp_path / "site", dataset, kept=0.05, seed=1)
