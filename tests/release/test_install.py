"""Requirements with hashes are installed without an index, and only with the files they name."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.release.requirements import IncompleteError, check, write_requirements
from tests.release.sbom import InvalidError, validate, write_sbom

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "{name}"
version = "1.0"
requires-python = ">=3.11"
dependencies = [{needs}]
[tool.hatch.build.targets.wheel]
only-include = ["{name}.py"]
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of wheels, `outer` needs `inner`, and the requirements of a project of `outer`."""
    root = tmp_path_factory.mktemp("release")
    for name, needs in (("inner", ""), ("outer", '"inner"')):
        folder = root / name
        folder.mkdir()
        (folder / "pyproject.toml").write_text(PROJECT.format(name=name, needs=needs))
        (folder / f"{name}.py").write_text("X = 1\n")
        command = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d")
        subprocess.run((*command, root / "wheels"), cwd=folder, check=True, capture_output=True)
    project = root / "pyproject.toml"
    project.write_text(PROJECT.format(name="whole", needs='"outer"'))
    (root / "constraints.txt").write_text("outer==1.0\ninner==1.0\n")
    options = ("--no-index", "--find-links", str(root / "wheels"))
    out = root / "dist" / "requirements.txt"
    assert write_requirements(project, root / "constraints.txt", out, options=options) == 2
    return root


def install(site: Path, wheels: Path, target: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index"]
    command += ["--disable-pip-version-check", "--find-links", str(wheels), "--require-hashes"]
    command += ["--target", str(target), "-r", str(site / "dist" / "requirements.txt")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


class TestRequirements:
    def test_are_installed_without_an_index(self, site: Path, tmp_path: Path) -> None:
        done = install(site, site / "wheels", tmp_path)
        assert done.returncode == 0, done.stderr
        assert {path.name for path in tmp_path.glob("*.py")} == {"inner.py", "outer.py"}

    def test_refuse_a_file_of_other_content(self, site: Path, tmp_path: Path) -> None:
        wheels = tmp_path / "wheels"
        wheels.mkdir()
        for path in (site / "wheels").iterdir():
            added = b"\0" if path.name.startswith("inner") else b""
            (wheels / path.name).write_bytes(path.read_bytes() + added)
        done = install(site, wheels, tmp_path / "installed")
        assert done.returncode == 1
        assert "DO NOT MATCH THE HASHES" in done.stderr
        assert not (tmp_path / "installed" / "inner.py").exists()

    @pytest.mark.parametrize(
        "text",
        ["a==1 \\\n    --hash=sha256:0\nb==1\n", "--index-url https://host/simple\na==1\n", "a>=1"],
    )
    def test_without_hash_or_with_address_fail(self, text: str) -> None:
        with pytest.raises(IncompleteError):
            check(text)


class TestSbom:
    def test_names_each_pin_with_its_hash(self, site: Path, tmp_path: Path) -> None:
        out = tmp_path / "sbom.json"
        write_sbom(site / "dist" / "requirements.txt", out, site / "pyproject.toml")
        document = json.loads(out.read_text())
        assert not {"serialNumber", "timestamp"} & {*document, *document["metadata"]}
        assert document["metadata"]["component"]["name"] == "whole"
        assert {each["purl"] for each in document["components"]} == {
            "pkg:pypi/inner@1.0",
            "pkg:pypi/outer@1.0",
        }
        pinned = (site / "dist" / "requirements.txt").read_text()
        for component in document["components"]:
            (reference,) = component["externalReferences"]
            assert all(each["content"] in pinned for each in reference["hashes"])

    def test_of_missing_requirements_fails(self, site: Path, tmp_path: Path) -> None:
        with pytest.raises(InvalidError, match="No such file"):
            write_sbom(tmp_path / "none.txt", tmp_path / "out.json", site / "pyproject.toml")

    def test_that_is_not_cyclonedx_fails(self) -> None:
        with pytest.raises(InvalidError, match="bomFormat"):
            validate('{"bomFormat": "other", "specVersion": "1.6"}')
