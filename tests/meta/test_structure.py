"""The shape of the code: sizes, names, and where tests are found."""

from __future__ import annotations

import ast
import re
from collections import defaultdict

from tests.meta.import_graph import cycles, floors, graph
from tests.meta.tree import ROOT, files, name_of, text_of

CODE = [
    path for path in files() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] != "tests"
]
DISTRIBUTION = [path for path in CODE if path.relative_to(ROOT).parts[0] != "packaging"]
MOST_LINES, MOST_IN_A_FUNCTION = 400, 40
# Words that the field does not use for what they meant here; in identifiers and in prose.
RETIRED = (
    *("whoever", "became of", "anew", "dearer", "yardstick", "look_less_often", "in vain"),
    *("nobody has judged", "held for an attack", "holds for an attack", "goes on behind"),
    *("_without_the_bad", "came_true", "put in service", "from_start", "from-start"),
)
# The changelog tells what was renamed, a decision what it was about.
UNHELD = {"CHANGELOG.md", "adr"}
PROSE = [
    *CODE,
    *(path for path in files() if path.suffix == ".md" and UNHELD.isdisjoint(path.parts)),
]


class TestSize:
    def test_module_is_at_most_400_lines(self) -> None:
        lengths = {name_of(path): len(text_of(path).splitlines()) for path in CODE}
        assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}

    def test_function_is_at_most_40_lines(self) -> None:
        long = [
            f"{name_of(path)}: {node.name}: {length}"
            for path in CODE
            for node in ast.walk(ast.parse(text_of(path)))
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            and (length := body_lines(node)) > MOST_IN_A_FUNCTION
        ]
        assert long == []


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its signature and docstring."""
    documented = ast.get_docstring(node) is not None
    first = node.body[1:2] if documented else node.body[:1]
    return (node.end_lineno or 0) - first[0].lineno + 1 if first else 0


class TestNames:
    def test_no_retired_word_is_used(self) -> None:
        retired = re.compile(rf"\b({'|'.join(map(re.escape, RETIRED))})\b", re.IGNORECASE)
        found = {name_of(path): retired.findall(text_of(path)) for path in PROSE}
        assert {name: words for name, words in found.items() if words} == {}

    def test_no_class_name_stands_in_two_modules(self) -> None:
        homes: dict[str, list[str]] = defaultdict(list)
        for path in DISTRIBUTION:
            for node in ast.parse(text_of(path)).body:
                if isinstance(node, ast.ClassDef):
                    homes[node.name].append(name_of(path))
        assert {name: found for name, found in homes.items() if len(found) > 1} == {}


class TestImportGraph:
    def test_has_no_cycle(self) -> None:
        assert cycles(graph()) == []

    def test_finds_a_cycle(self) -> None:
        loop = {"a": frozenset({"b"}), "b": frozenset({"a"}), "c": frozenset({"a"})}
        assert cycles(loop) == [("a", "b", "c")]

    def test_counts_floors_from_what_is_imported(self) -> None:
        tower = {"a": frozenset[str](), "b": frozenset({"a"}), "c": frozenset({"a", "b"})}
        assert floors(tower) == {"a": 1, "b": 2, "c": 3}
