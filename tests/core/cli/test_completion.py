"""`sftsec completion`: the scripts for three shells, and what they complete."""

from __future__ import annotations

import shutil
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


CONFIG = "tasks: {triage: {}, phishing: {}}\nconnectors: {mail: {}}\n"
# What click's function for bash leaves in COMPREPLY, for words whose last one is being completed.
BASH = """
eval "$(sftsec completion bash)"
complete -p sftsec >&2
COMP_WORDS=({words} "{last}"); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_sftsec_completion sftsec
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
ZSH = """
autoload -U compinit && compinit -u -D
eval "$(sftsec completion zsh)"
print "defined: $_comps[sftsec]"
compadd() { print -l -- "${completions[@]}" "${@[-1]}" }
_describe() { local name=${@[-1]}; print -l -- "${(@P)name}" }
words=(sftsec retrain tr); CURRENT=3
_sftsec_completion
"""


class TestShell:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """A folder with a configuration, and this environment's sftsec as the one of the path."""
        (tmp_path / "sftsec.yaml").write_text(CONFIG, encoding="utf-8")
        return tmp_path

    @staticmethod
    def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
        path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
        return subprocess.run(
            command,
            cwd=folder,
            env={"PATH": path, "HOME": str(folder), "TERM": "dumb"},
            capture_output=True,
            text=True,
            check=True,
        )

    @pytest.mark.parametrize(
        ("words", "last", "offered"),
        [
            ("sftsec retrain", "", ["triage", "phishing"]),
            ("sftsec score", "--resc", ["--rescan"]),
        ],
    )
    def test_bash_offers_what_is_there(
        self, words: str, last: str, offered: list[str], folder: Path
    ) -> None:
        done = self.run(folder, "bash", "-c", BASH.format(words=words, last=last))
        assert done.stdout.split() == offered
        assert "_sftsec_completion" in done.stderr

    def test_fish_offers_what_is_there(self, folder: Path) -> None:
        if shutil.which("fish") is None:
            pytest.skip("apt-get install fish")
        script = "sftsec completion fish | source; complete -C 'sftsec retrain '"
        done = self.run(folder, "fish", "--no-config", "-c", script)
        assert sorted(done.stdout.split()) == ["phishing", "triage"]

    def test_zsh_offers_what_is_there(self, folder: Path) -> None:
        if shutil.which("zsh") is None:
            pytest.skip("apt-get install zsh")
        done = self.run(folder, "zsh", "-f", "-c", ZSH)
        assert "defined: _sftsec_completion" in done.stdout
        assert "triage" in done.stdout.splitlines()
        assert "phishing" not in done.stdout
