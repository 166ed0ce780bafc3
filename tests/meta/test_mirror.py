"""Tests are found where one looks: each module's in the file of its path and name."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.meta.tested_elsewhere import ACROSS, TABLE
from tests.meta.tree import ROOT, files, modules, name_of, text_of

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


class TestMirror:
    def test_module_has_tests_where_one_looks(self) -> None:
        there = {module for module, own in MODULES.items() if own.is_file()}
        assert there & ELSEWHERE.keys() == set(), "its own tests are there: take the row out"
        missing = {name_of(MODULES[module]) for module in MODULES.keys() - there - ELSEWHERE.keys()}
        assert missing == set(), "write it, or say in the table why not"

    def test_file_of_tests_has_a_module(self) -> None:
        mirrors = {path for path in FOLLOWING if path in MODULES.values()}
        across = {path for path in FOLLOWING if name_of(path) in ACROSS}
        assert mirrors ^ across == set(FOLLOWING)


class TestTable:
    def test_row_names_what_is_there(self) -> None:
        assert ELSEWHERE.keys() - MODULES.keys() == set()
        assert [row.tests for row in TABLE if not (ROOT / row.tests).is_file()] == []
        assert [row for row in TABLE if not row.why] == []

    def test_file_across_modules_is_there(self) -> None:
        assert [tests for tests in ACROSS if not (ROOT / tests).is_file()] == []

    def test_each_module_stands_in_one_row(self) -> None:
        assert sum(len(row.modules) for row in TABLE) == len(ELSEWHERE)


class TestNames:
    def test_names_have_three_to_seven_words(self) -> None:
        names = [
            f"{name_of(path)}: {node.name}"
            for path in TESTS
            for node in ast.walk(ast.parse(text_of(path)))
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            and node.name.startswith("test_")
        ]
        words = {name: len(name.rpartition(": ")[2].split("_")) - 1 for name in names}
        assert {n: w for n, w in words.items() if not FEWEST_WORDS <= w <= MOST_WORDS} == {}
