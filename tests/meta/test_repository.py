"""What the repository holds, and what it must not."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from tests.meta.tree import ROOT, files, name_of, text_of

PYTHON = [path for path in files() if path.suffix == ".py"]
TESTS = [path for path in PYTHON if path.name.startswith("test_")]
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
# In two halves, or this file would hold what it forbids.
FORBIDDEN = {
    "a registry's host": ["pypi" + ".org", "python" + "hosted.org", "download.py" + "torch.org"],
    "a path of this machine": [str(ROOT), str(ROOT.parent / "shared"), f"{Path.home()}/."],
}
BINARY = {".safetensors", ".bin", ".onnx", ".pt", ".pkl", ".parquet", ".gz", ".db", ".whl"}


class TestSwitchedOffRule:
    def test_has_its_reason_on_the_line(self) -> None:
        bare = [
            f"{name_of(path)}: {number}: {line.strip()}"
            for path in PYTHON
            for number, line in enumerate(text_of(path).splitlines(), start=1)
            if re.search(r"#\s*(ruff:\s*)?noqa\b", line)
            and not re.search(r"noqa: [A-Z]+\d+(, ?[A-Z]+\d+)* - \w+", line)
        ]
        assert bare == []

    def test_has_its_reason_in_pyproject(self) -> None:
        lint = tomllib.loads(PROJECT)["tool"]["ruff"]["lint"]
        ignored = PROJECT.split("\nignore = [")[1].split("]")[0].strip().splitlines()
        assert len(ignored) >= 1
        assert all("#" in line for line in ignored), "say why, behind the rule"
        lines = PROJECT.splitlines()
        for pattern in lint["per-file-ignores"]:
            at = next(n for n, line in enumerate(lines) if line.startswith(f'"{pattern}"'))
            above = [line for line in lines[at - 2 : at] if line.startswith("#")]
            assert above or "#" in lines[at], f"say why, above {pattern}"


class TestTests:
    def test_each_of_them_asserts(self) -> None:
        empty = [
            f"{name_of(path)}: {node.name}"
            for path in TESTS
            for node in ast.walk(ast.parse(text_of(path)))
            if isinstance(node, ast.FunctionDef)
            and node.name.startswith("test_")
            and not asserts(node)
        ]
        assert empty == []


def asserts(test: ast.FunctionDef) -> bool:
    """Whether a test asserts, expects an exception, or calls something that checks."""
    calls = [node for node in ast.walk(test) if isinstance(node, ast.Call)]
    names = [ast.unparse(call.func).rpartition(".")[2] for call in calls]
    names += [str(word.arg) for call in calls for word in call.keywords if is_true(word.value)]
    checks = any(re.match(r"_?(assert|check|expect|raises|warns|fail)", name) for name in names)
    return checks or any(isinstance(node, ast.Assert) for node in ast.walk(test))


def is_true(value: ast.expr) -> bool:
    """`check=True` of a subprocess that asserts for itself counts."""
    return isinstance(value, ast.Constant) and value.value is True


class TestRequirements:
    def test_all_of_them_are_pinned(self) -> None:
        project = tomllib.loads(PROJECT)
        pinned = {
            line.split("==")[0]
            for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
            if "==" in line
        }
        extras = project["project"]["optional-dependencies"]
        wanted = [
            *project["project"]["dependencies"],
            *(each for name in extras if name != "all" for each in extras[name]),
            *project["dependency-groups"]["dev"],
            *project["build-system"]["requires"],
        ]
        names = {re.split(r"[\[<>=!~ ;]", requirement)[0].lower() for requirement in wanted}
        assert names - pinned == set(), "run make constraints"


class TestFiles:
    @pytest.mark.parametrize("kind", FORBIDDEN)
    def test_forbidden_name_is_in_none(self, kind: str) -> None:
        found = [
            f"{name_of(path)}: {needle}"
            for path in files()
            for needle in FORBIDDEN[kind]
            if needle in text_of(path)
        ]
        assert found == []

    def test_packaging_is_not_a_package(self) -> None:
        """An `__init__.py` there hides the library of that name from transformers in the root."""
        assert not list((ROOT / "packaging").rglob("__init__.py"))

    def test_hold_no_data_and_no_weights(self) -> None:
        assert [name_of(path) for path in files() if path.suffix in BINARY] == []
        assert [name_of(path) for path in files() if path.stat().st_size > 300_000] == []

    def test_document_links_to_what_is_there(self) -> None:
        missing = [
            f"{name_of(path)}: {link}"
            for path in files()
            if path.suffix == ".md"
            for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text_of(path))
            if not (path.parent / link).exists()
        ]
        assert missing == []
