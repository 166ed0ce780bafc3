"""All attacks of this plugin, and which of them the defences are not made from."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from sftsec_core.api import AttackSpec, AttackTarget, EmptyConfig, TextKind
from sftsec_robust.attacks import cmd, html, padding, powershell, prose, shell, sql, urls

HELD_OUT = frozenset(
    {
        "typos",
        "joined_words",
        "shell_variables",
        "url_user",
        "sql_concatenation",
        "ps_concatenation",
    }
)
"""Attacks that neither `adversarial` trains on nor `canonical` was written for: what an attacker
comes up with next. Reports show them apart."""

_COMMANDS: tuple[TextKind, ...] = ("shell", "form")


def _attack(
    rewrite: Callable[[EmptyConfig, AttackTarget, Random], str],
    *kinds: TextKind,
    repeats: bool = True,
) -> AttackSpec[EmptyConfig]:
    summary = (rewrite.__doc__ or "").strip().splitlines()[0].rstrip(".")
    return AttackSpec(
        name=rewrite.__name__,
        summary=summary,
        kinds=frozenset(kinds),
        rewrite=rewrite,
        repeats=repeats,
    )


ATTACKS: tuple[AttackSpec[Any], ...] = (
    _attack(prose.homoglyphs, "prose"),
    _attack(prose.zero_width, "prose"),
    _attack(prose.bidi, "prose", repeats=False),
    _attack(prose.marks, "prose"),
    _attack(prose.full_width, "prose"),
    _attack(prose.mixed_case, "prose"),
    _attack(prose.spacing, "prose", repeats=False),
    _attack(prose.leet, "prose", repeats=False),
    _attack(prose.typos, "prose", repeats=False),
    _attack(prose.joined_words, "prose", repeats=False),
    _attack(padding.pad_after, "prose"),
    _attack(padding.pad_before, "prose"),
    _attack(padding.long_prefix, "prose"),
    _attack(padding.pad_form, "form"),
    _attack(padding.pad_shell, *_COMMANDS),
    _attack(shell.shell_quotes, *_COMMANDS),
    _attack(shell.shell_backslashes, *_COMMANDS),
    _attack(shell.shell_variables, *_COMMANDS),
    _attack(shell.shell_blanks, *_COMMANDS),
    _attack(shell.form_encoding, "form"),
    _attack(shell.form_decoding, "form"),
    _attack(cmd.cmd_carets, "cmd"),
    _attack(cmd.cmd_quotes, "cmd"),
    _attack(cmd.cmd_case, "cmd"),
    _attack(cmd.cmd_pad, "cmd"),
    _attack(powershell.ps_backticks, "powershell"),
    _attack(powershell.ps_case, "powershell"),
    _attack(powershell.ps_concatenation, "powershell"),
    _attack(powershell.ps_encoded, "powershell"),
    _attack(powershell.ps_comment, "powershell"),
    _attack(sql.sql_comments, "sql"),
    _attack(sql.sql_blanks, "sql"),
    _attack(sql.sql_case, "sql"),
    _attack(sql.sql_pad, "sql"),
    _attack(sql.sql_concatenation, "sql"),
    _attack(html.html_case, "html"),
    _attack(html.html_entities, "html"),
    _attack(html.html_pad, "html"),
    _attack(urls.url_port, "url"),
    _attack(urls.url_root_dot, "url"),
    _attack(urls.url_dot_segments, "url"),
    _attack(urls.url_parameter, "url"),
    _attack(urls.url_fragment, "url"),
    _attack(urls.url_user, "url"),
)
