"""What every plugin module keeps, as a test class.

A plugin's test, whole::

    class TestMyPlugin(PluginContract):
        def plugin(self) -> ModuleType:
            return my_plugin.hooks
"""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click

from sftsec_core.api import hookspecs
from sftsec_core.api.contracts import RendererSpec
from sftsec_core.plugins import Plugins
from sftsec_core.testing.incidents import make_incidents, make_task

if TYPE_CHECKING:
    from sftsec_core.api.domain import Incident

PREFIX = "sftsec_"
HEAVY = ("torch", "transformers", "peft", "accelerate", "sklearn", "pyarrow", "matplotlib")
_NAME = re.compile(r"^[a-z][a-z0-9]*([_.-][a-z0-9]+)*$")
_IMPORT = """
import sys, importlib
importlib.import_module({module!r})
print(*sorted(set({heavy!r}) & set(sys.modules)))
"""


class PluginContract:
    """Inherit it, and give `plugin`."""

    # --- what the author gives

    def plugin(self) -> ModuleType:
        """Give the module that the entry point names."""
        raise NotImplementedError(f"{type(self).__name__}.plugin()")

    def incidents(self) -> Sequence[Incident]:
        """Give incidents for a renderer."""
        return make_incidents(10)

    # --- the contract

    def test_every_hook_that_it_implements_exists(self) -> None:
        """A misspelt name, or a forgotten `@hookimpl`, would be a hook that is never called."""
        for name, function in self._functions():
            assert hasattr(hookspecs, name), f"there is no hook {name}"
            assert hasattr(function, f"{hookspecs.PROJECT}_impl"), f"@hookimpl is missing on {name}"
        assert list(self._functions()), "it implements no hook"
        Plugins.of_modules(self.plugin())  # asks pluggy too

    def test_arguments_are_the_hooks_own(self) -> None:
        """An implementation may leave arguments out, not rename them."""
        for name, function in self._functions():
            allowed = set(inspect.signature(getattr(hookspecs, name)).parameters)
            given = set(inspect.signature(function).parameters)
            assert given <= allowed, f"{name} has {sorted(allowed)}, not {sorted(given - allowed)}"

    def test_type_hints_are_the_hooks_own(self) -> None:
        """Pluggy never checks a type; `mypy` does, when the hints say what the hook says."""
        for name, function in self._functions():
            wanted = hints(getattr(hookspecs, name))
            for argument, hint in hints(function).items():
                assert hint == wanted[argument], f"{name}: {argument}"
            assert set(hints(function)) == {*inspect.signature(function).parameters, "return"}, name

    def test_names_are_lower_case_and_unique(self) -> None:
        """They are written by hand in sftsec.yaml."""
        for hook, specs in self._registered():
            names = [spec.name for spec in specs]
            assert len(set(names)) == len(names), hook
            assert all(_NAME.match(name) for name in names), names

    def test_every_spec_says_in_a_line_what_it_is(self) -> None:
        """The line stands in `sftsec plugins list` and its kin."""
        for _, specs in self._registered():
            for spec in specs:
                summary = getattr(spec, "summary", "")
                assert summary.strip(), f"{spec.name} has no summary"
                assert "\n" not in summary, spec.name

    def test_configuration_refuses_what_it_does_not_know(self) -> None:
        """A typo in sftsec.yaml is an error at the start, not a default in silence."""
        for _, specs in self._registered():
            for spec in specs:
                model = getattr(spec, "config_model", None)
                if model is not None:
                    assert model.model_config.get("extra") == "forbid", f"{spec.name}: {model}"

    def test_registering_is_repeatable(self) -> None:
        """Each process asks once, but tests and workers ask again."""
        first = {hook: [spec.name for spec in specs] for hook, specs in self._registered()}
        again = {hook: [spec.name for spec in specs] for hook, specs in self._registered()}
        assert first == again

    def test_importing_it_is_silent_and_light(self) -> None:
        """Every `sftsec` command imports it: no warning, no output, nothing heavy."""
        code = _IMPORT.format(module=self.plugin().__name__, heavy=HEAVY)
        command = [sys.executable, "-W", "error", "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.split() == [], "import these inside the functions that need them"

    def test_a_renderer_gives_the_same_text_twice(self) -> None:
        """An incident is rendered for training and again when it is scored."""
        renderers = Plugins.of_modules(self.plugin()).specs(RendererSpec)
        task = make_task()
        for spec in renderers.values():
            config = spec.configure({})
            for incident in self.incidents():
                text = spec.render(config, incident, task)
                assert isinstance(text, str), spec.name
                assert spec.render(config, incident, task) == text, spec.name

    def test_its_commands_take_no_name_that_is_taken(self) -> None:
        """Two commands of one name: the second would hide the first."""
        root = click.Group("sftsec")
        Plugins.of_modules(self.plugin()).register_commands(root)
        assert all(_NAME.match(name) for name in root.commands)

    # --- helpers

    def _functions(self) -> Iterator[tuple[str, Callable[..., Any]]]:
        module = self.plugin()
        for name, value in vars(module).items():
            marked = hasattr(value, f"{hookspecs.PROJECT}_impl")
            if inspect.isfunction(value) and (marked or name.startswith(PREFIX)):
                yield name, value

    def _registered(self) -> Iterator[tuple[str, Sequence[Any]]]:
        for name, function in self._functions():
            if name.startswith(f"{PREFIX}register_") and name != f"{PREFIX}register_commands":
                yield name, tuple(function() or ())


def hints(function: Callable[..., Any]) -> dict[str, str]:
    """Give a function's annotations by argument ("return" too) in one spelling.

    By name, not by value: hooks name types that are imported for type checkers only. A module
    in front of a name is left out ("contracts.StepSpec" is "StepSpec").
    """
    return {name: _spelled(hint) for name, hint in inspect.get_annotations(function).items()}


def _spelled(hint: object) -> str:
    text = hint if isinstance(hint, str) else inspect.formatannotation(hint)
    return ast.unparse(_WithoutModules().visit(ast.parse(text, mode="eval")))


class _WithoutModules(ast.NodeTransformer):
    """`a.b.Name` becomes `Name`."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.Name:
        return ast.Name(node.attr, ast.Load())
