"""No hook without its lines of documentation and its test."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

from sftsec_core.api import hookspecs
from sftsec_core.plugins import Plugins
from tests.meta.tree import ROOT, files

HOOKS: dict[str, Callable[..., Any]] = {
    name: value
    for name, value in vars(hookspecs).items()
    if inspect.isfunction(value) and name.startswith("sftsec_")
}
CHAPTER = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
HEADINGS = dict(re.findall(r"^#### `(sftsec_\w+)(\(.*)`$", CHAPTER, flags=re.MULTILINE))
TESTS = {
    path: path.read_text(encoding="utf-8") for path in files() if path.name.startswith("test_")
}


def test_there_are_hooks_to_look_at() -> None:
    assert len(HOOKS) >= 19


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_has_a_heading_with_its_signature(name: str) -> None:
    assert name in HEADINGS, f"document {name} in ARCHITECTURE.md"
    assert HEADINGS[name] == signature(HOOKS[name])


@pytest.mark.parametrize("name", HEADINGS)
def test_a_heading_is_of_a_hook(name: str) -> None:
    assert name in HOOKS


@pytest.mark.parametrize("name", HEADINGS)
def test_a_heading_is_followed_by_who_calls_it_and_when(name: str) -> None:
    section = CHAPTER.split(f"#### `{name}(")[1].split("\n#")[0].split("\n", 1)[1]
    assert len(section.split()) >= 8
    # Registration as a group is called when a command first needs it: said once, above.
    assert "Called" in section or name.startswith("sftsec_register_")


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_has_a_test(name: str) -> None:
    naming = [path for path, text in TESTS.items() if f"def {name}(" in text]
    assert naming, f"no test implements {name}"


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_is_called_through_a_typed_method(name: str) -> None:
    method = name.removeprefix("sftsec_").removeprefix("register_")
    method = "register_commands" if name == "sftsec_register_commands" else method
    assert inspect.isfunction(getattr(Plugins, method, None)), f"Plugins.{method} is missing"


@pytest.mark.parametrize("name", HOOKS)
def test_a_hooks_docstring_answers_the_five_questions(name: str) -> None:
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


def signature(hook: Callable[..., Any]) -> str:
    """A signature as it is written: annotations are strings there, and lose their quotes."""
    return str(inspect.signature(hook)).replace("'", "")
