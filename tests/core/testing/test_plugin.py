"""The plugin's contract finds what pluggy does not."""

from __future__ import annotations

import textwrap
from pathlib import Path
from types import ModuleType

import pytest

from sftsec_core.api.errors import PluginError
from sftsec_core.testing import PluginContract

HEAD = """
from __future__ import annotations
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any
import click
from pydantic import BaseModel
from sftsec_core.api import contracts
from sftsec_core.api.contracts import (
    EmptyConfig, GpuLease, GpuRequest, MetricSpec, RendererSpec, StepSpec
)
from sftsec_core.api.domain import Incident, TaskSpec
from sftsec_core.api.hookspecs import hookimpl
"""
STEP = (
    'StepSpec(name="{name}", summary="{summary}", order=300, config_model={config}, '
    "create=lambda config, context: None)"
)


def module(body: str) -> ModuleType:
    made = ModuleType("made")
    exec(HEAD + textwrap.dedent(body), made.__dict__)  # noqa: S102 - the body stands in this file
    return made


def steps(*specs: str) -> str:
    return f"""
@hookimpl
def sftsec_register_steps() -> Sequence[StepSpec[Any]]:
    return [{", ".join(specs)}]
"""


def spec(name: str = "lower", summary: str = "Lower", config: str = "EmptyConfig") -> str:
    return STEP.format(name=name, summary=summary, config=config)


class Made(PluginContract):
    def __init__(self, made: ModuleType) -> None:
        self._made = made

    def plugin(self) -> ModuleType:
        return self._made


def contract(body: str) -> PluginContract:
    return Made(module(body))


CHECKS = [
    "test_every_hook_that_it_implements_exists",
    "test_arguments_are_the_hooks_own",
    "test_type_hints_are_the_hooks_own",
    "test_names_are_lower_case_and_unique",
    "test_every_spec_says_in_a_line_what_it_is",
    "test_configuration_refuses_what_it_does_not_know",
    "test_registering_is_repeatable",
    "test_a_renderer_gives_the_same_text_twice",
    "test_its_commands_take_no_name_that_is_taken",
]


@pytest.mark.parametrize("check", CHECKS)
def test_right_plugin_passes(check: str) -> None:
    right = steps(spec()) + textwrap.dedent("""
        @hookimpl
        def sftsec_acquire_gpu(
            request: contracts.GpuRequest
        ) -> AbstractContextManager[contracts.GpuLease] | None:
            return None

        @hookimpl
        def sftsec_register_metrics() -> Sequence[contracts.MetricSpec[Any]]:
            return ()

        @hookimpl
        def sftsec_register_commands(cli: click.Group) -> None:
            cli.add_command(click.Command("wash"))
        """)
    assert getattr(contract(right), check)() is None


LEASE = "@hookimpl\ndef sftsec_acquire_gpu"
FAULTS = {
    "a misspelt hook": (
        "@hookimpl\ndef sftsec_register_stepps() -> Sequence[StepSpec[Any]]: return []",
        "test_every_hook_that_it_implements_exists",
    ),
    "a hook without its mark": (
        "def sftsec_register_steps() -> Sequence[StepSpec[Any]]: return []",
        "test_every_hook_that_it_implements_exists",
    ),
    "no hook at all": ("", "test_every_hook_that_it_implements_exists"),
    "a renamed argument": (
        f"{LEASE}(wish: GpuRequest) -> AbstractContextManager[GpuLease] | None: ...",
        "test_arguments_are_the_hooks_own",
    ),
    "another type of argument": (
        f"{LEASE}(request: dict) -> AbstractContextManager[GpuLease] | None: ...",
        "test_type_hints_are_the_hooks_own",
    ),
    "another type of result": (
        f"{LEASE}(request: GpuRequest) -> AbstractContextManager[GpuLease]: ...",
        "test_type_hints_are_the_hooks_own",
    ),
    "no type hints": (f"{LEASE}(request): ...", "test_type_hints_are_the_hooks_own"),
    "a capital letter": (steps(spec("Lower")), "test_names_are_lower_case_and_unique"),
    "one name twice": (steps(spec(), spec()), "test_names_are_lower_case_and_unique"),
    "no summary": (steps(spec(summary=" ")), "test_every_spec_says_in_a_line_what_it_is"),
    "a lenient configuration": (
        steps(spec(config="BaseModel")),
        "test_configuration_refuses_what_it_does_not_know",
    ),
    "names that change": (
        "names = iter(['a', 'b'])" + steps(spec().replace('"lower"', "next(names)")),
        "test_registering_is_repeatable",
    ),
    "a text that changes": (
        "import itertools\ntimes = itertools.count()\n"
        "@hookimpl\ndef sftsec_register_renderers() -> Sequence[RendererSpec[Any]]:\n"
        "    return [RendererSpec(name='tick', summary='x', "
        "render=lambda config, incident, task: str(next(times)))]",
        "test_a_renderer_gives_the_same_text_twice",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_contract_finds_a_fault(fault: str) -> None:
    body, check = FAULTS[fault]
    with pytest.raises((AssertionError, PluginError)):
        getattr(contract(body), check)()


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("import sklearn", "import these inside"),
        ("import warnings; warnings.warn('x', DeprecationWarning)", "DeprecationWarning"),
        ("print('hello')", "import these inside"),
    ],
)
def test_contract_finds_a_costly_import(
    line: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "not_free.py").write_text(line + "\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(AssertionError, match=complaint):
        Made(ModuleType("not_free")).test_importing_it_is_silent_and_light()
