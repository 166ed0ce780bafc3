"""Which inputs of a task a recipe reads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sftsec_core.api.contracts import RecipeSpec
from sftsec_core.api.domain import InputField, InputKind

TEXT = InputField("text", InputKind.TEXT, ("message",))
AMOUNT = InputField("amount", InputKind.NUMBER, ("amount",))
USER = InputField("user", InputKind.CATEGORY, ("user.id",))


def never(*_: object) -> Any:
    raise AssertionError("nothing calls it here")


def recipe(*kinds: InputKind) -> RecipeSpec[Any]:
    return RecipeSpec(
        name="nb", summary="x", inference_cost=1, fit=never, load=never, kinds=frozenset(kinds)
    )


class TestInputs:
    def test_of_any_kind_are_enough_to_read(self) -> None:
        numbers = recipe(InputKind.NUMBER, InputKind.IMAGE)
        assert numbers.reads([TEXT, AMOUNT])
        assert not numbers.reads([TEXT, USER])
        assert not numbers.reads([])

    def test_of_main_kinds_are_required(self) -> None:
        spec = replace(recipe(*InputKind), main_kinds=frozenset({InputKind.TEXT}))
        assert spec.reads([TEXT, AMOUNT])
        assert not spec.reads([AMOUNT, USER])
        assert spec.unread([TEXT, AMOUNT]) == ()

    def test_of_other_kinds_are_left_unread(self) -> None:
        assert recipe(InputKind.NUMBER).unread([TEXT, AMOUNT, USER]) == ("text", "user")
        assert recipe(*InputKind).unread([TEXT, AMOUNT, USER]) == ()

    def test_of_text_are_read_by_default(self) -> None:
        spec: RecipeSpec[Any] = RecipeSpec(
            name="nb", summary="x", inference_cost=1, fit=never, load=never
        )
        assert spec.kinds == {InputKind.TEXT}
