"""`sftsec completion`: the scripts for three shells, and what they complete."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from sftsec_core.cli import cli


class TestCompletion:
    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_prints_the_script_of_a_shell(self, shell: str) -> None:
        result = CliRunner().invoke(cli, ["completion", shell])
        assert "_SFTSEC_COMPLETE" in result.output

    def test_completes_a_command_name(self, tmp_path: Path) -> None:
        code = "from sftsec_core.cli import main; main()"
        result = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env={
                "_SFTSEC_COMPLETE": "bash_complete",
                "COMP_WORDS": "sftsec retr",
                "COMP_CWORD": "1",
                "PATH": "",
            },
        )
        assert "retrain" in result.stdout
