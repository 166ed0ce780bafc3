"""Texts that are read alike have one spelling, and others keep their difference."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftsec_robust.attacks import padding, powershell, prose, shell, sql, urls
from sftsec_robust.canonical.text import canonical_text
from sftsec_robust.settings import CanonicalSettings
from tests.plugins.robust.asking import Rewrite, draws

ON = CanonicalSettings()
SAME = {
    "p\u0430ypal": "paypal",  # Cyrillic
    "fr\u200bee": "free",
    "\uff26\uff32\uff25\uff25": "free",
    "caf\u0301e\u0308": "cafe",
    "say \u202eeerf\u202c now": "say free now",
    "f1nd m0ney, system32": "find money, system32",
    "f r e e and f.r.e.e": "free and free",
    "%2563at%20x": "cat x",
    "&#99;at \\x78 \\u0078": "cat x x",
    "c''at w\"h\"oami who^ami n`et cu\\rl": "cat whoami whoami net curl",
    "ca${IFS}x": "ca x",
    "'Invoke'+'-Expression'": "'invoke-expression'",
    "union/**/select /* a note */ 1": "union select 1",
    ": nothing here; id": "id",
    "HTTPS://Evil.EXAMPLE.:443/a/./b/../c?q=1#top": "https://evil.example/a/c?q=1",
    "C:\\Windows\\System32": "c:\\windows\\system32",
    "4 u at 10:30": "4 u at 10:30",
    "http://[::1": "http://[::1",
    "<EMAIL:0a1b2c3d> %41": "<EMAIL:0a1b2c3d> a",
}


class TestCanonicalText:
    @pytest.mark.parametrize(("text", "plain"), SAME.items())
    def test_has_one_spelling(self, text: str, plain: str) -> None:
        assert canonical_text(text, ON) == plain

    @pytest.mark.parametrize(
        ("rewrite", "text", "kind"),
        [
            (prose.homoglyphs, "Claim your free prize now", "prose"),
            (prose.zero_width, "Claim your free prize now", "prose"),
            (prose.bidi, "Claim your free prize now", "prose"),
            (prose.marks, "Claim your free prize now", "prose"),
            (prose.full_width, "Claim your free prize now", "prose"),
            (prose.mixed_case, "Claim your free prize now", "prose"),
            (shell.shell_quotes, "curl evil.example/install", "shell"),
            (shell.shell_backslashes, "curl evil.example/install", "shell"),
            (shell.shell_blanks, "curl evil.example/install", "shell"),
            (shell.form_encoding, "curl evil.example/install", "form"),
            (padding.pad_shell, "curl evil.example/install", "shell"),
            (powershell.ps_backticks, "Invoke-Expression $x", "powershell"),
            (sql.sql_comments, "select name from users", "sql"),
            (urls.url_port, "https://evil.example/a", "url"),
            (urls.url_root_dot, "https://evil.example/a", "url"),
            (urls.url_dot_segments, "https://evil.example/a/b", "url"),
            (urls.url_fragment, "https://evil.example/a", "url"),
        ],
    )
    def test_undoes_an_attack(self, rewrite: Rewrite, text: str, kind: str) -> None:
        made = {canonical_text(each, ON) for each in draws(rewrite, text, kind)}  # type: ignore[arg-type]
        assert made == {canonical_text(text, ON)}

    @settings(max_examples=150, deadline=None)
    @given(st.text(max_size=80) | st.text(st.sampled_from("aB1 '\"`%\\;&|$(){}^<>/*#=:.@-")))
    def test_gives_single_blanks(self, text: str) -> None:
        once = canonical_text(text, ON)
        assert once == " ".join(once.split())
        assert not once or once[-1] != " "

    @pytest.mark.parametrize("text", SAME)
    def test_twice_is_once(self, text: str) -> None:
        once = canonical_text(text, ON)
        assert canonical_text(once, ON) == once

    def test_switches_turn_parts_off(self) -> None:
        off = CanonicalSettings(**dict.fromkeys(CanonicalSettings.model_fields, False))
        assert canonical_text("Fr33  c''at %41 p\u0430y", off) == "Fr33 c''at %41 p\u0430y"

    @pytest.mark.parametrize(
        "piece", ["'", "a.", "%41", "/*", "\u202e", "<#", "${IFS", ": a", "\\x"]
    )
    def test_time_is_linear(self, piece: str) -> None:
        started = time.process_time()
        canonical_text(piece * 20_000, ON)
        assert time.process_time() - started < 2
