"""The contract of attacks catches an attack that breaks it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest

from sftsec_core.api.contracts import AttackSpec, AttackTarget, EmptyConfig
from sftsec_core.testing import AttackContract

_COUNTER = itertools.count()


def spec(rewrite: Any, *kinds: Any) -> AttackSpec[EmptyConfig]:
    return AttackSpec(name="x", summary="x", kinds=frozenset(kinds), rewrite=rewrite)


def capitals(_config: EmptyConfig, target: AttackTarget, _random: object) -> str:
    return target.text.upper()


class TestCapitals(AttackContract):
    def spec(self) -> AttackSpec[Any]:
        return spec(capitals, "prose")

    def texts(self) -> Sequence[str]:
        return ["free money"]


class TestBroken:
    @pytest.mark.parametrize(
        ("broken", "test"),
        [
            (spec(capitals), "test_it_names_kinds_of_text"),
            (spec(lambda _c, t, _r: t.text, "prose"), "test_it_rewrites"),
            (
                spec(lambda _c, t, _r: f"{t.text}{next(_COUNTER)}", "prose"),
                "test_equal_draws_give_equal_texts",
            ),
            (spec(lambda _c, t, _r: t.text[0:1] or None, "prose"), "test_any_text_is_taken"),
        ],
    )
    def test_attack_is_caught(
        self, broken: AttackSpec[EmptyConfig], test: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        contract = TestCapitals()
        monkeypatch.setattr(contract, "spec", lambda: broken)
        with pytest.raises(AssertionError):
            getattr(contract, test)()
