"""The skeleton of a plugin works as it is written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sftsec_core.api.errors import ConfigError
from sftsec_core.operations.new_plugin import new_plugin


class TestNewPlugin:
    def test_writes_a_plugin_whose_tests_pass(self, tmp_path: Path) -> None:
        files = new_plugin("my-plugin", tmp_path)
        folder = tmp_path / "my-plugin"
        assert {file.relative_to(folder).parts[0] for file in files} == {
            *("pyproject.toml", "src", "tests")
        }
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"],
            cwd=folder, capture_output=True, text=True, check=False, timeout=200,
            env={**os.environ, "PYTHONPATH": str(folder / "src")},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert "failed" not in done.stdout
        assert " passed" in done.stdout

    def test_is_clean_for_the_projects_own_linter(self, tmp_path: Path) -> None:
        new_plugin("my-plugin", tmp_path)
        rules = "E,F,W,N,UP,B,C4,SIM,RET,ANN,RUF"
        done = subprocess.run(
            [sys.executable, "-m", "ruff", "check", "--isolated", "--line-length", "100",
             "--select", rules, str(tmp_path)],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout

    @pytest.mark.parametrize("name", ["My-Plugin", "my_plugin", "", "../x", "a--b", "1st"])
    def test_refuses_a_name_that_cannot_be_one(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(ConfigError, match="no name for a plugin"):
            new_plugin(name, tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_overwrites_no_file(self, tmp_path: Path) -> None:
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "notes.txt").write_text("keep me")
        with pytest.raises(ConfigError, match="not empty"):
            new_plugin("mine", tmp_path)
        assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]
