"""The command that resolves each extra: what it asks uv, and that it names a failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.meta.tree import ROOT
from tests.release.resolve import PYTHONS, extras, resolve

PROJECT = """
[project]
name = "one"
version = "1"
dependencies = []
[project.optional-dependencies]
none = []
clash = ["no-such>1", "no-such<1"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "constraints.txt").write_text("")
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    return tmp_path / "pyproject.toml"


class TestResolve:
    def test_knows_all_extras_and_pythons(self) -> None:
        found = extras(ROOT / "pyproject.toml")
        assert {"", "all", "elastic", "train"} <= set(found)
        assert 'requires-python = ">=3.11,<3.14"' in (ROOT / "pyproject.toml").read_text("utf-8")
        assert PYTHONS == ("3.11", "3.12", "3.13")

    def test_counts_what_an_extra_takes(self, project: Path) -> None:
        pins = project.with_name("constraints.txt")
        found = resolve("none", "3.11", ["--offline"], project=project, constraints=pins)
        assert (found.pins, found.error) == (0, "")

    def test_names_what_does_not_resolve(self, project: Path) -> None:
        pins = project.with_name("constraints.txt")
        found = resolve("clash", "3.12", ["--offline"], project=project, constraints=pins)
        assert "no-such" in found.error
