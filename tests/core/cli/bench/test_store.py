"""`sftsec bench store`: a table of what each step takes as the store grows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from sftsec_core.bench.store import COMMANDS
from sftsec_core.cli import cli


class TestBenchStore:
    def test_shows_each_size_and_growth(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "120")
        # Each is a process of its own; test_store.py of the benchmark runs all of them.
        review = [each for each in COMMANDS if each[0] == "labels review"]
        monkeypatch.setattr("sftsec_core.bench.store.COMMANDS", review)
        arguments = ["--rows", "200", "--rows", "100", "--folder", str(tmp_path / "new")]
        result = CliRunner().invoke(cli, ["bench", "store", *arguments])
        assert result.exit_code == 0, result.output
        lines = [re.findall(r"[\w.-]+", line) for line in result.stdout.splitlines()]
        assert ["step", "100", "rows", "200", "rows", "growth"] in lines
        (delivery,) = [line for line in lines if line[:1] == ["delivery"]]
        assert delivery[2] == delivery[5] == "s"
        assert -3 < float(delivery[7]) < 5
        assert any(line[:3] == ["sftsec", "labels", "review"] for line in lines)
        assert any(line[:2] == ["peak", "memory"] for line in lines)
        assert list((tmp_path / "new").iterdir()) == []

    def test_refuses_what_is_no_database(self, tmp_path: Path) -> None:
        arguments = ["bench", "store", "--rows", "100", "--url", "mysql://me:hunter2@there/x"]
        result = CliRunner().invoke(cli, [*arguments, "--folder", str(tmp_path)])
        assert result.exit_code != 0
        assert "state.url" not in result.stderr
        assert "hunter2" not in result.output
