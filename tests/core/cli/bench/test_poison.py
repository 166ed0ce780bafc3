"""`sftsec bench poison` as a table and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from sftsec_core.cli import cli
from tests.core.bench.records import record, write_part


class TestPoisonBench:
    def test_shows_each_share_and_seed(self, tmp_path: Path) -> None:
        for part, count in (("train", 60), ("dev", 10), ("test", 20)):
            rows = [record(i, ("benign", "malicious")[i % 2]) for i in range(count)]
            write_part(tmp_path / "shell", part, rows)
        arguments = ["bench", "poison", str(tmp_path / "shell"), "--seed", "1", "--share", "0.1"]
        result = CliRunner().invoke(cli, [*arguments, "--json"])
        assert result.exit_code == 0, result.output
        [row] = json.loads(result.stdout)
        assert (row["dataset"], row["seed"], row["share"], row["poisoned"]) == ("shell", 1, 0.1, 6)
        assert "success undefended" in " ".join(CliRunner().invoke(cli, arguments).stdout.split())
