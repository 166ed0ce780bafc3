"""The rewritings that keep what a text means, as attacks: a model should not mind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.api.contracts import AttackSpec, EmptyConfig

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from sftsec_core.api.contracts import AttackTarget, TextKind
    from sftsec_core.dataset.augment import Rewriting

_KEY_BYTES = 16


def _attack(name: Rewriting, summary: str, *kinds: TextKind) -> AttackSpec[EmptyConfig]:
    return AttackSpec(
        name=f"rewrite_{name}", summary=summary, kinds=frozenset(kinds), rewrite=_rewriter(name)
    )


def _rewriter(name: Rewriting) -> Callable[[EmptyConfig, AttackTarget, Random], str]:
    def rewrite(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
        from sftsec_core.dataset.rewrites.draw import KeyedDraw
        from sftsec_core.dataset.rewrites.registry import REWRITES

        draw = KeyedDraw(random.randbytes(_KEY_BYTES))
        return REWRITES[name]([target.text], "", draw)[0]

    return rewrite


ATTACKS = (
    _attack("options", "Options in another order", "shell", "cmd", "powershell"),
    _attack("parameters", "Parameters of URLs in another order", "url"),
    _attack("percent", "Letters of URLs as %XX", "url"),
    _attack("case", "Another case where it does not matter", "url", "cmd", "powershell"),
)
