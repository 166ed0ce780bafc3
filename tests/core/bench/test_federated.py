"""`sftsec bench federated` on a small set: real processes over TLS."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from sftsec_core.api.errors import DataError
from sftsec_core.bench.federated import FederatedPlan, read_sites, run_federated_bench

pytest.importorskip("flwr", reason="the bench's server needs the extra federated")


def write_set(folder: Path, *, sites: int = 0, benign: str = "benign") -> Path:
    folder.mkdir()
    rng = np.random.default_rng(0)
    for part, rows in (("train", 240), ("dev", 30), ("test", 90)):
        lines = []
        for number in range(rows):
            attack = number % 3 == 0
            words = ["lsass", "mimikatz", "enc"] if attack else ["backup", "logon", "patch"]
            record: dict[str, object] = {
                "id": f"{part}{number}",
                "message": f"{words[int(rng.integers(3))]} host{int(rng.integers(50))}",
                "label": "malicious" if attack else benign,
            }
            if sites:
                record["organization"] = {"name": f"s{int(rng.integers(sites))}"}
            lines.append(json.dumps(record) + "\n")
        with gzip.open(folder / f"{part}.jsonl.gz", "wt", encoding="utf-8") as out:
            out.writelines(lines)
    return folder


class TestSites:
    def test_named_sites_keep_their_rows(self, tmp_path: Path) -> None:
        plan = FederatedPlan((write_set(tmp_path / "a", sites=3),), (1,))
        sites = read_sites(plan.folders[0], plan, 1)
        assert sorted(sites.train) == ["s0", "s1", "s2"]
        assert sum(map(len, sites.train.values())) + len(sites.test) == 360
        assert set(sites.test_sites) == {"s0", "s1", "s2"}

    def test_no_benign_label_is_an_error(self, tmp_path: Path) -> None:
        plan = FederatedPlan((write_set(tmp_path / "a", benign="other"),), (1,))
        with pytest.raises(DataError, match="one of them benign"):
            read_sites(plan.folders[0], plan, 1)


@pytest.mark.slow
class TestBench:
    def test_reviewed_holds_against_turned_labels(self, tmp_path: Path) -> None:
        folder = write_set(tmp_path / "small")
        plan = FederatedPlan((folder,), (1,), 4, ("flip",), ("reviewed",), 1, alone=False)
        rows = run_federated_bench(plan)["rows"]
        pooled, joined = rows
        assert pooled["average_precision"] > 0.95
        assert joined["average_precision"] >= 0.95 * pooled["average_precision"]
        assert joined["trust"][joined["hostile"]] == 0.0
        assert 66_000 < joined["bytes_sent"] < 2_000_000
