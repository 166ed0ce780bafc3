"""What the step "normalise" makes of text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftsec_core.api.contracts import StepSpec
from sftsec_core.api.domain import Incident
from sftsec_core.dataset.normalise import NORMALISE, Normalise, NormaliseConfig
from sftsec_core.testing import StepContract


def normalise(text: str, **options: bool) -> str:
    return Normalise(NormaliseConfig(**options)).text(text)


class TestNormaliseStep(StepContract):
    def spec(self) -> StepSpec[Any]:
        return NORMALISE

    def incidents(self) -> list[Incident]:
        return [Incident(str(n), {self.field: f"  \uff46ull\twidth  {n} "}) for n in range(4)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("plain text", "plain text"),
        ("  two   blanks\tand\na line ", "two blanks and a line"),
        ("\uff46\uff52ee \uff4doney", "free money"),
        ("\U0001d405\U0001d42bee \ufb01le \u2460", "Free file 1"),
        ("pass\u200bword\u00ad \u202egnp.exe\u2069", "password gnp.exe"),
        ("a\x00b\x1b[31mc\x7f", "a b [31mc"),
        ("caf\u0065\u0301", "café"),
        ("non\u00a0breaking", "non breaking"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("", ""),
    ],
)
def test_equal_looking_texts_become_equal(given: str, expected: str) -> None:
    assert normalise(given) == expected


def test_each_part_can_be_switched_off() -> None:
    assert normalise("a  b", whitespace=False) == "a  b"
    assert normalise("\uff58", nfkc=False) == "\uff58"
    assert normalise("a\x00b", controls=False) == "a\x00b"
    assert normalise("a\u200bb", invisible=False, nfkc=False) == "a\u200bb"


@given(st.text(max_size=40))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


def test_changes_strings_only_also_in_lists() -> None:
    step = Normalise(NormaliseConfig())
    fields = {"a": " x ", "n": 5, "list": [" y ", {"k": " z "}], "none": None}
    (got,) = step([Incident("1", fields)])
    assert got.fields == {"a": "x", "n": 5, "list": ["y", {"k": "z"}], "none": None}
    assert step.counts() == {"changed": 1}
