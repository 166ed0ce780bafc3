"""Macro-F1 estimated without verdicts, beside the true one of each period."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.errors import DataError
from sftsec_core.bench.estimate import NEAR, estimate_bench

START = datetime(2026, 1, 1, tzinfo=UTC)


def write(folder: Path, lines: list[dict[str, Any]]) -> None:
    """A stream whose parts are read together."""
    for number, part in enumerate(("train", "dev", "test")):
        text = "".join(f"{json.dumps(each)}\n" for each in lines[number::3])
        (folder / f"{part}.jsonl.gz").write_bytes(gzip.compress(text.encode()))


def alerts(count: int) -> list[dict[str, Any]]:
    """One in four is an attack; one in eight is told from the others by nothing."""
    return [
        {
            "id": str(n),
            "@timestamp": (START + timedelta(minutes=n)).isoformat(),
            "message": "scan of ports" if n % 8 in {1, 5} else f"login of user {n % 5}",
            "label": "attack" if n % 8 in {1, 3} else "benign",
        }
        for n in range(count)
    ]


class TestEstimateBench:
    def test_judges_each_later_period(self, tmp_path: Path) -> None:
        write(tmp_path, alerts(800))
        rows = list(estimate_bench(tmp_path, 4, seed=1))
        assert [each["period"] for each in rows] == [3, 4]
        for each in rows:
            assert (each["events"], each["attacks"]) == (200, 50)
            assert each["near"] == (abs(each["estimated"] - each["true"]) <= NEAR)
            assert each["covered"] == (each["low"] <= each["true"] <= each["high"])
            assert each["covered"]

    def test_asks_for_times(self, tmp_path: Path) -> None:
        write(tmp_path, [{**each, "@timestamp": None} for each in alerts(30)])
        with pytest.raises(DataError, match="no time in @timestamp"):
            list(estimate_bench(tmp_path, 4, seed=1))

    def test_asks_for_enough_records(self, tmp_path: Path) -> None:
        write(tmp_path, alerts(3))
        with pytest.raises(DataError, match="too few for its periods"):
            list(estimate_bench(tmp_path, 2, seed=1))
