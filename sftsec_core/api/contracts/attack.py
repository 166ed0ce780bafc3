"""An attack: a way to write a text otherwise so that a model misses it and it still works."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import ClassVar, Literal, get_args

from sftsec_core.api.contracts.base import ConfigT, Spec

TextKind = Literal["prose", "url", "form", "shell", "cmd", "powershell", "sql", "html"]
"""How a text is interpreted: prose by people, a URL, a form or a parameter by a web server (which
decodes percent escapes once), commands by a POSIX shell, cmd.exe or PowerShell, SQL, HTML."""
TEXT_KINDS: tuple[TextKind, ...] = get_args(TextKind)


@dataclass(frozen=True, slots=True)
class AttackTarget:
    """What an attack rewrites.

    Attributes:
        text: of one incident, perhaps rewritten by other attacks already.
        kind: how it is interpreted.
        benign: texts of benign incidents that the attacker knows; may be empty.
    """

    text: str
    kind: TextKind
    benign: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackSpec(Spec[ConfigT]):
    """A rewriting of a text that keeps what it does for its reader.

    Attributes:
        kinds: the kinds of text on which it keeps that promise; it is called on no other.
        rewrite: (own settings, target, chance) to one rewriting; the text as it is where there is
            nothing to rewrite. The chance is the only one: equal draws give equal texts. It is
            called on the results of others, too.
        repeats: whether it may be called on its own result; False where twice is too much, as a
            second typing error in a word is.
    """

    hook: ClassVar[str] = "sftsec_register_attacks"
    kind: ClassVar[str] = "attack"

    kinds: frozenset[TextKind]
    rewrite: Callable[[ConfigT, AttackTarget, Random], str]
    repeats: bool = True
