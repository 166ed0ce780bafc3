"""A folder of labelled records, as the benchmarks read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.bench.records import record, write_part


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for part, count in (("train", 60), ("dev", 10), ("test", 20)):
        records = [record(i, ("benign", "malicious")[i % 2]) for i in range(count)]
        write_part(tmp_path / "shell", part, records)
    return tmp_path / "shell"
