"""The wheel is the same wherever and whenever it is built; a build that is not is found."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.release.wheel import DiffersError, check_wheel

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "thing"
version = "1.0"
[tool.hatch.build.targets.wheel]
only-include = ["thing.py", "build.txt"]
[tool.hatch.build.targets.wheel.hooks.custom]
"""
HOOK = """
import os
from pathlib import Path
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

class Hook(BuildHookInterface):
    def initialize(self, version, build_data):
        Path(self.root, "build.txt").write_text(os.environ["TZ"])
"""


class TestWheel:
    def test_of_this_checkout_is_reproducible(self) -> None:
        name, digest = check_wheel()
        assert name.startswith("sftsec-")
        assert len(digest) == 64

    def test_that_tells_of_its_machine_differs(self, tmp_path: Path) -> None:
        for name, text in (("pyproject.toml", PROJECT), ("hatch_build.py", HOOK), ("thing.py", "")):
            (tmp_path / name).write_text(text)
        for command in (("init", "--quiet"), ("add", "--all")):
            subprocess.run(("git", *command), cwd=tmp_path, check=True)
        with pytest.raises(DiffersError, match=r"thing-1.0-.* has the digests"):
            check_wheel(tmp_path)
