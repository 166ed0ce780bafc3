"""`sftsec bench ingest`: it works where it is told to, and leaves nothing there."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from sftsec_core.cli import cli


class TestIngest:
    def test_works_in_the_named_folder(self, tmp_path: Path) -> None:
        folder = tmp_path / "new" / "bench"
        arguments = ["bench", "ingest", "--rows", "1000", "--folder", str(folder), "--json"]
        result = CliRunner().invoke(cli, arguments)
        assert result.exit_code == 0, result.output
        found = json.loads(result.stdout)
        assert found["kept"] + found["near_duplicates"] + found["exact_duplicates"] == 1000
        assert "generating and ingesting 1,000 incidents" in result.stderr
        assert list(folder.iterdir()) == []
