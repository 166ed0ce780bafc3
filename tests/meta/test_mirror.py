"""Tests are found where one looks: each module's in the file of its path and name."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.meta.tested_elsewhere import ACROSS, TABLE
from tests.meta.tree import ROOT, files, modules

# Folders of tests that follow modules; the others follow a way through the whole.
MIRRORS = ("core", "connectors", "plugins")
FEWEST_WORDS, MOST_WORDS = 3, 7


def mirrored(path: Path) -> Path:
    """Where the tests of a module stand: `tests/core/x/test_y.py` for `sftsec_core/x/y.py`."""
    top, *rest = path.relative_to(ROOT).parts
    if top != "sftsec_core":
        rest[0] = rest[0].removeprefix("sftsec_")
    room = "core" if top == "sftsec_core" else top
    return ROOT.joinpath("tests", room, *rest[:-1], f"test_{rest[-1]}")


MODULES = {
    path.relative_to(ROOT).as_posix(): mirrored(path)
    for _, path in modules()
    if path.name != "__init__.py"
}
ELSEWHERE = {module: row for row in TABLE for module in row.modules}
TESTS = [
    path
    for path in files()
    if path.name.startswith("test_") and path.suffix == ".py" and path.parts[-2] != "meta"
    if path.relative_to(ROOT).parts[0] == "tests"
]
FOLLOWING = [path for path in TESTS if path.relative_to(ROOT).parts[1] in MIRRORS]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


class TestMirror:
    @pytest.mark.parametrize("module", MODULES)
    def test_module_has_tests_where_one_looks(self, module: str) -> None:
        own = MODULES[module]
        if own.is_file():
            assert module not in ELSEWHERE, f"{name_of(own)} is there: take the row out"
        else:
            assert module in ELSEWHERE, f"write {name_of(own)}, or say in the table why not"

    @pytest.mark.parametrize("path", FOLLOWING, ids=name_of)
    def test_file_of_tests_has_a_module(self, path: Path) -> None:
        assert (path in MODULES.values()) != (name_of(path) in ACROSS)


class TestTable:
    @pytest.mark.parametrize("module", ELSEWHERE)
    def test_row_names_what_is_there(self, module: str) -> None:
        assert module in MODULES
        assert (ROOT / ELSEWHERE[module].tests).is_file()
        assert ELSEWHERE[module].why

    @pytest.mark.parametrize("tests", ACROSS)
    def test_file_across_modules_is_there(self, tests: str) -> None:
        assert (ROOT / tests).is_file()

    def test_each_module_stands_in_one_row(self) -> None:
        assert sum(len(row.modules) for row in TABLE) == len(ELSEWHERE)


class TestNames:
    @pytest.mark.parametrize("path", TESTS, ids=name_of)
    def test_names_have_three_to_seven_words(self, path: Path) -> None:
        names = [
            node.name
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            and node.name.startswith("test_")
        ]
        words = {name: len(name.split("_")) - 1 for name in names}
        assert {n: w for n, w in words.items() if not FEWEST_WORDS <= w <= MOST_WORDS} == {}
