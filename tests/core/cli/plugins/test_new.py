"""`sftsec plugins new`: the skeleton is written where it is asked for."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from sftsec_core.cli import cli


class TestNew:
    def test_names_the_files_that_it_wrote(self, tmp_path: Path) -> None:
        arguments = ["plugins", "new", "my-plugin", "--folder", str(tmp_path), "--json"]
        done = json.loads(CliRunner().invoke(cli, arguments).stdout)
        written = {path for path in (tmp_path / "my-plugin").rglob("*") if path.is_file()}
        assert {Path(name) for name in done["files"]} == written
        assert done["plugin"] == "my-plugin"

    def test_says_how_to_run_its_tests(self, tmp_path: Path) -> None:
        arguments = ["plugins", "new", "my-plugin", "--folder", str(tmp_path)]
        shown = CliRunner().invoke(cli, arguments).stdout
        assert f"cd {tmp_path / 'my-plugin'} && pytest" in shown
