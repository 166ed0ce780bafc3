"""Dependencies point one way."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.meta.tree import ROOT, files, imports, modules

# From the bottom up, as in ARCHITECTURE.md; a module imports from its own layer or a lower one.
LAYERS = (
    ("sftsec_core.api",),
    ("sftsec_core.sdk", "sftsec_core.config"),
    ("sftsec_core.plugins",),
    ("sftsec_core.store", "sftsec_core.models", "sftsec_core.gpu"),
    ("sftsec_core.dataset", "sftsec_core.schedules"),
    ("sftsec_core.recipes", "sftsec_core.evaluation", "sftsec_core.drift"),
    ("sftsec_core.testing",),
    ("sftsec_core.registry",),
    ("sftsec_core.scoring", "sftsec_core.notify"),
    ("sftsec_core.builtin", "sftsec_core.packages", "sftsec_core.doctor", "sftsec_core.evidence"),
    ("sftsec_core.operations",),
    ("sftsec_core.bench", "sftsec_core.demo", "sftsec_core.runner", "sftsec_core.server"),
    ("sftsec_core.cli",),
)
PUBLIC = ("api", "sdk", "testing")
# No connector themselves: what several connectors share. They lean on no other package.
SHARED = {"sftsec_search": ("sftsec_elastic", "sftsec_opensearch")}
CORE = [(name, path) for name, path in modules() if name.split(".")[0] == "sftsec_core"]
OUTSIDE = [(name, path) for name, path in modules() if name.split(".")[0] != "sftsec_core"]
EXAMPLE = [
    (str(path.relative_to(ROOT)), path)
    for path in files()
    if path.suffix == ".py" and "tests/thirdparty/sftsec_example/src" in path.as_posix()
]


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def layer(name: str) -> int | None:
    """The number of a module's layer; None for the package itself, which holds the version."""
    found = [n for n, names in enumerate(LAYERS) if any(within(name, each) for each in names)]
    return found[0] if found else None


class TestLayer:
    @pytest.mark.parametrize(("name", "path"), CORE)
    def test_is_named_for_every_core_module(self, name: str, path: Path) -> None:
        assert name == "sftsec_core" or layer(name) is not None, (
            f"name the layer of {path.name} here"
        )

    @pytest.mark.parametrize(("name", "path"), CORE)
    def test_imports_no_higher_one(self, name: str, path: Path) -> None:
        mine = layer(name)
        imported = {each: layer(each) for each in imports(path, typing_too=False)}
        above = {
            each for each, theirs in imported.items() if theirs is not None and theirs > (mine or 0)
        }
        assert above == set()

    # `sftsec_core.api.predictions` holds arrays, so it stands beside the domain and not in it.
    @pytest.mark.parametrize(
        ("name", "path"), [(n, p) for n, p in CORE if within(n, "sftsec_core.api.domain")]
    )
    def test_of_domain_imports_standard_library_and_numpy(self, name: str, path: Path) -> None:
        allowed = {*sys.stdlib_module_names, "numpy", "sftsec_core"}
        assert {each.split(".")[0] for each in imports(path)} <= allowed
        ours = {each for each in imports(path) if within(each, "sftsec_core")}
        assert all(within(each, "sftsec_core.api.domain") for each in ours), name

    @pytest.mark.parametrize(("name", "path"), CORE)
    def test_of_core_imports_no_plugin(self, name: str, path: Path) -> None:
        theirs = {outside.split(".")[0] for outside, _ in OUTSIDE}
        assert {each.split(".")[0] for each in imports(path)} & theirs == set(), name


class TestPlugin:
    @pytest.mark.parametrize(("name", "path"), [*OUTSIDE, *EXAMPLE])
    def test_imports_only_what_is_public(self, name: str, path: Path) -> None:
        ours = {each for each in imports(path) if within(each, "sftsec_core")} - {"sftsec_core"}
        private = {each for each in ours if each.split(".")[1] not in PUBLIC}
        assert private == set(), f"{name} imports what the core may change without notice"

    @pytest.mark.parametrize(("name", "path"), OUTSIDE)
    def test_imports_no_other_plugin(self, name: str, path: Path) -> None:
        mine = name.partition(".")[0]
        shared = {library for library, users in SHARED.items() if mine in users}
        others = {outside.split(".")[0] for outside, _ in OUTSIDE} - {mine} - shared
        assert {each.split(".")[0] for each in imports(path)} & others == set()


class TestLibrary:
    def test_pluggy_is_for_the_plugin_manager(self) -> None:
        users = {name for name, path in modules() if "pluggy" in imports(path)}
        assert users == {"sftsec_core.api.hookspecs", "sftsec_core.plugins"}

    def test_pytest_is_for_the_testing_kit(self) -> None:
        users = {name for name, path in modules() if "pytest" in imports(path)}
        assert all(within(name, "sftsec_core.testing") for name in users)
