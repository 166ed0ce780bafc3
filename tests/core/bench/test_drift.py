"""The watch over drift at its documented size: found in 95 of 100 windows, no false alarm."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from sftsec_core.api.errors import DataError
from sftsec_core.bench.drift import KINDS, run_drift_bench


class TestDriftBench:
    def test_finds_a_fifth_of_foreign_events(self) -> None:
        found = run_drift_bench(20_000, 500, 1e-6, seed=1)
        rows = {each["drift"]: each for each in found["rows"]}
        assert set(rows) == {None, *KINDS}
        assert (rows[None]["alarms"], rows[None]["events"]) == (0, 20_000)
        for kind in KINDS:
            assert rows[kind]["found"] >= 0.95, kind

    def test_takes_each_site_for_the_other(self, tmp_path: Path) -> None:
        write_sites(tmp_path, ("one", "two"))
        found = run_drift_bench(1000, 100, 1e-6, seed=1, folder=tmp_path)
        rows = [each for each in found["rows"] if each["stream"] != "simulated"]
        assert [(each["stream"], each["drift"]) for each in rows] == [
            ("one to two", None),
            ("one to two", "text"),
            ("two to one", None),
            ("two to one", "text"),
        ]
        assert [each["found"] for each in rows] == [0, 1, 0, 1]

    def test_asks_for_two_sites(self, tmp_path: Path) -> None:
        write_sites(tmp_path, ("one",))
        with pytest.raises(DataError, match="no two sites"):
            run_drift_bench(1000, 100, 1e-6, seed=1, folder=tmp_path)
        (tmp_path / "dev.jsonl.gz").write_bytes(gzip.compress(b'{"label": "x"}\n'))
        with pytest.raises(DataError, match="no alert of a site"):
            run_drift_bench(1000, 100, 1e-6, seed=1, folder=tmp_path)


def write_sites(folder: Path, sites: tuple[str, ...]) -> None:
    lines = [
        json.dumps(
            {
                "@timestamp": f"2026-01-01T00:{n // 60 % 60:02}:{n % 60:02}Z",
                "rule": {"name": f"rule {n * n % 61} of {n * 7 % 13}"},
                "host": {"name": f"host-{n % 7}"},
                "event": {"count": n % 5},
                "organization": {"name": site},
            }
        )
        for site in sites
        for n in range(300)
    ]
    for part in ("train", "dev", "test"):
        text = "".join(f"{line}\n" for line in lines) if part == "train" else ""
        (folder / f"{part}.jsonl.gz").write_bytes(gzip.compress(text.encode()))
