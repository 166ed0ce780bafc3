"""`sftsec bench noise` as a table and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from sftsec_core.cli import cli
from tests.core.bench.records import record, write_part


class TestNoiseBench:
    def test_shows_each_label_and_seed(self, tmp_path: Path) -> None:
        for part, count in (("train", 60), ("dev", 10), ("test", 20)):
            rows = [record(i, ("benign", "malicious")[i % 2]) for i in range(count)]
            write_part(tmp_path / "shell", part, rows)
        arguments = ["bench", "noise", str(tmp_path / "shell"), "--seed", "1"]
        result = CliRunner().invoke(cli, [*arguments, "--json"])
        assert result.exit_code == 0, result.output
        rows = json.loads(result.stdout)
        assert [(row["label"], row["flipped"]) for row in rows] == [("benign", 6), ("malicious", 6)]
        judged = [*arguments, "--label", "benign", "--judge", "hybrid"]
        shown = CliRunner().invoke(cli, judged).stdout
        assert "lost undefended" in " ".join(shown.split())
