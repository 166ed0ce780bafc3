"""`sftsec package deployment`: where it writes, and where it cannot."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from sftsec_core.api.errors import ConfigError
from sftsec_core.cli import cli


class TestPackageDeployment:
    def test_says_what_it_wrote(self, tmp_path: Path) -> None:
        arguments = ["-q", "package", "deployment", "--output", str(tmp_path), "--json"]
        written = json.loads(CliRunner().invoke(cli, arguments).stdout)
        assert Path(written["file"]).stat().st_size == written["bytes"]

    def test_file_in_the_way_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "dist").touch()
        arguments = ["package", "deployment", "--output", str(tmp_path / "dist" / "x")]
        error = CliRunner().invoke(cli, arguments).exception
        assert isinstance(error, ConfigError)
        assert "name another folder" in str(error)
