"""Dependencies point one way."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from tests.meta.tree import files, imports, modules, name_of

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
    (name_of(path), path)
    for path in files()
    if path.suffix == ".py" and "tests/thirdparty/sftsec_example/src" in path.as_posix()
]


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def layer(name: str) -> int | None:
    """The number of a module's layer; None for the package itself, which holds the version."""
    found = [n for n, names in enumerate(LAYERS) if any(within(name, each) for each in names)]
    return found[0] if found else None


def tops(names: Iterable[str]) -> set[str]:
    """The packages that modules are of."""
    return {name.split(".")[0] for name in names}


class TestLayer:
    def test_is_named_for_every_core_module(self) -> None:
        without = {name for name, _ in CORE if layer(name) is None}
        assert without == {"sftsec_core"}, "name their layer here"

    def test_imports_no_higher_one(self) -> None:
        above = {
            name: higher
            for name, path in CORE
            if (higher := above_of(layer(name) or 0, imports(path, typing_too=False)))
        }
        assert above == {}

    # `sftsec_core.api.predictions` holds arrays, so it stands beside the domain and not in it.
    def test_of_domain_imports_standard_library_and_numpy(self) -> None:
        domain = {
            name: imports(path) for name, path in CORE if within(name, "sftsec_core.api.domain")
        }
        allowed = {*sys.stdlib_module_names, "numpy", "sftsec_core"}
        assert {name: tops(found) for name, found in domain.items() if tops(found) - allowed} == {}
        ours = {each for found in domain.values() for each in found if within(each, "sftsec_core")}
        assert {each for each in ours if not within(each, "sftsec_core.api.domain")} == set()

    def test_of_core_imports_no_plugin(self) -> None:
        theirs = tops(outside for outside, _ in OUTSIDE)
        users = {name: tops(imports(path)) & theirs for name, path in CORE}
        assert {name: found for name, found in users.items() if found} == {}


def above_of(mine: int, imported: Iterable[str]) -> set[str]:
    """Those of the imported modules that stand in a higher layer than `mine`."""
    return {each for each in imported if (layer(each) or 0) > mine}


class TestPlugin:
    def test_imports_only_what_is_public(self) -> None:
        private = {
            name: found
            for name, path in [*OUTSIDE, *EXAMPLE]
            if (found := {each for each in imports(path) if is_private(each)})
        }
        assert private == {}, "they import what the core may change without notice"

    def test_imports_no_other_plugin(self) -> None:
        packages = tops(outside for outside, _ in OUTSIDE)
        users = {
            name: tops(imports(path)) & (packages - allowed_to(name.partition(".")[0]))
            for name, path in OUTSIDE
        }
        assert {name: found for name, found in users.items() if found} == {}


def is_private(name: str) -> bool:
    """Whether a module is one of the core's that a plugin may not import."""
    return name.startswith("sftsec_core.") and name.split(".")[1] not in PUBLIC


def allowed_to(mine: str) -> set[str]:
    """The packages that a plugin of that name may import: itself, and what it shares."""
    return {mine} | {library for library, users in SHARED.items() if mine in users}


class TestLibrary:
    def test_pluggy_is_for_the_plugin_manager(self) -> None:
        users = {name for name, path in modules() if "pluggy" in imports(path)}
        assert users == {"sftsec_core.api.hookspecs", "sftsec_core.plugins"}

    def test_pytest_is_for_the_testing_kit(self) -> None:
        users = {name for name, path in modules() if "pytest" in imports(path)}
        assert all(within(name, "sftsec_core.testing") for name in users)
