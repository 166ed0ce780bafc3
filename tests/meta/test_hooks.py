"""No hook without its lines of documentation and its test."""

from __future__ import annotations

import inspect
import re

import pytest

from sftsec_core.plugins import KINDS, Plugins
from tests.meta.hook_docs import FILE, HOOKS, chapter, rewritten
from tests.meta.tree import files

TESTS = {
    path: path.read_text(encoding="utf-8") for path in files() if path.name.startswith("test_")
}
REGISTER = "sftsec_register_"


class TestChapter:
    def test_is_what_the_hookspecs_say(self) -> None:
        text = FILE.read_text(encoding="utf-8")
        assert rewritten(text) == text, "run: python -m tests.meta.hook_docs"

    def test_holds_every_hook_with_an_example(self) -> None:
        assert len(HOOKS) >= 12
        assert chapter().count("```python\n@hookimpl\n") == len(HOOKS)

    def test_a_document_without_the_chapter_is_refused(self) -> None:
        with pytest.raises(ValueError, match="no chapter"):
            rewritten("# Architecture")


class TestHook:
    @pytest.mark.parametrize("name", HOOKS)
    def test_has_a_test_that_implements_it(self, name: str) -> None:
        naming = [path for path, text in TESTS.items() if f"def {name}(" in text]
        assert naming, f"no test implements {name}"

    @pytest.mark.parametrize("name", HOOKS)
    def test_is_called_through_a_typed_method(self, name: str) -> None:
        if name.startswith(REGISTER) and name != f"{REGISTER}commands":
            assert [kind for kind in KINDS if kind.hook == name], f"no spec has the hook {name}"
        else:
            method = name.removeprefix("sftsec_")
            assert inspect.isfunction(getattr(Plugins, method, None)), f"Plugins.{method}"

    @pytest.mark.parametrize("name", HOOKS)
    def test_docstring_answers_the_five_questions(self, name: str) -> None:
        text = " ".join((HOOKS[name].__doc__ or "").split())
        assert re.search(r"\bCalled\b", text), "when is it called?"
        assert re.search(r"\b(once|every|after|before)\b", text), "how often?"
        for argument in inspect.signature(HOOKS[name]).parameters:
            assert re.search(rf"\b{argument}\b", text), f"what is {argument}?"
        if decides_or_offers(name):
            assert re.search(r"\bNone\b", text), "what does None mean?"
        assert "may implement it" in text, "who may implement it?"


def decides_or_offers(name: str) -> bool:
    """Whether an answer is looked at, so that None must mean something."""
    return str(inspect.signature(HOOKS[name]).return_annotation) != "None"


def test_every_kind_has_its_own_hook() -> None:
    assert len({kind.hook for kind in KINDS}) == len(KINDS)
    assert {kind.hook for kind in KINDS} <= HOOKS.keys()
