"""Splunk's SDK reads the app's manifest off its code, and builds the package that SOAR installs."""

from __future__ import annotations

import io
import json
import tarfile
import tomllib
from pathlib import Path
from typing import Any

import pytest

from sftsec_core import __version__
from sftsec_core.packages.soar import build_soar_app
from tests.packaging.soar.tools import Tools, lay, soarapps

# SOAR has these itself, so the SDK packs none of them.
SOARS_OWN = {
    "beautifulsoup4", "certifi", "charset-normalizer", "idna", "requests", "soupsieve", "urllib3",
}  # fmt: skip
_TRIES = 3  # the SDK gives each download ten seconds, once


@pytest.fixture(scope="module")
def manifest(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `soarapps manifests create` makes of the project."""
    folder = tmp_path_factory.mktemp("manifest")
    project = lay(folder, tools.lock)
    file = folder / "manifest.json"
    told = soarapps(tools, "manifests", "create", str(file), project.name, where=folder)
    assert told.returncode == 0, told.stdout[-2000:] + told.stderr[-2000:]
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def unpacked(archive: Path) -> dict[str, bytes]:
    """The files of a package."""
    with tarfile.open(fileobj=io.BytesIO(archive.read_bytes())) as tar:
        members = [(member.name, tar.extractfile(member)) for member in tar if member.isfile()]
        return {name: content.read() for name, content in members if content is not None}


def locked(tools: Tools) -> set[str]:
    """The packages of the project's lock."""
    lock = tomllib.loads(tools.lock.read_text(encoding="utf-8"))
    return {each["name"] for each in lock["package"]}


def drop_time(manifest: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in manifest.items() if name != "utctime_updated"}


class TestManifest:
    def test_describes_the_app(self, manifest: dict[str, Any]) -> None:
        assert manifest["name"] == "sftsec"
        assert manifest["app_version"] == __version__
        assert manifest["appid"] == "4ecd0135-18dd-49b6-9fd7-855c0531c75c"  # an update keeps it
        assert manifest["python_version"] == "3.13"
        assert manifest["main_module"] == "src.app:app"
        assert manifest["license"] == "Apache-2.0"
        assert manifest["pip315_dependencies"]["wheel"] == []

    def test_the_asset_marks_secrets_and_required(self, manifest: dict[str, Any]) -> None:
        kinds = {name: each["data_type"] for name, each in manifest["configuration"].items()}
        assert kinds == {
            "service_url": "string", "service_token": "password", "service_ca": "file",
            "timeout": "numeric",
            "splunk_url": "string", "splunk_token": "password", "splunk_ca": "file",
        }  # fmt: skip
        required = {name for name, each in manifest["configuration"].items() if each["required"]}
        assert required == {"service_url", "service_token"}
        assert not [name for name in kinds if "verify" in name]  # it is not for an asset to say

    def test_has_the_actions_of_the_readme(self, manifest: dict[str, Any]) -> None:
        actions = {each["action"]: each for each in manifest["actions"]}
        assert set(actions) == {"test connectivity", "score event", "submit verdict", "get report"}
        changing = {name for name, each in actions.items() if not each["read_only"]}
        assert changing == {"submit verdict"}
        readme = build_soar_app().files["README.md"].decode()
        for name, action in actions.items():
            assert f"**{name}**" in readme
            for parameter in action["parameters"]:
                assert f"`{parameter}`" in readme, (name, parameter)
        for setting in manifest["configuration"]:
            assert f"`{setting}`" in readme, setting

    def test_every_output_has_its_path(self, manifest: dict[str, Any]) -> None:
        actions = {each["action"]: each for each in manifest["actions"]}
        paths = {each["data_path"] for each in actions["score event"]["output"]}
        ours = {"label", "probability", "detection", "reason", "model", "classes.*.probability"}
        assert {f"action_result.data.*.{name}" for name in ours} <= paths


class TestPackage:
    def test_holds_our_files_and_locked_libraries(
        self, tools: Tools, tmp_path: Path, manifest: dict[str, Any]
    ) -> None:
        project = lay(tmp_path, tools.lock)
        for _ in range(_TRIES):
            told = soarapps(
                tools, "package", "build", str(project), "-o", "app.tgz", where=tmp_path
            )
            if told.returncode == 0:
                break
        assert told.returncode == 0, told.stdout[-2000:] + told.stderr[-2000:]
        packed = unpacked(tmp_path / "app.tgz")
        ours = build_soar_app().files
        for path in ours.keys() - {"pyproject.toml"}:
            assert packed[f"sftsec/{path}"] == ours[path], path
        made = json.loads(packed["sftsec/manifest.json"])
        assert drop_time(made) == drop_time(manifest)
        wheels = {path.removeprefix("sftsec/") for path in packed if path.endswith(".whl")}
        named = made["pip313_dependencies"]["wheel"]
        assert wheels == {
            each[key] for each in named for key in ("input_file", "input_file_aarch64")
        }
        assert {each["module"] for each in named} == locked(tools) - SOARS_OWN - {"sftsec"}
        others = packed.keys() - {f"sftsec/{path}" for path in {*ours, *wheels, "manifest.json"}}
        assert others == {"sftsec/templates/base/base_template.html"}

    def test_the_lock_has_the_named_versions(self, tools: Tools) -> None:
        project = tomllib.loads(build_soar_app().files["pyproject.toml"].decode())
        pinned = {
            *project["tool"]["uv"]["constraint-dependencies"],
            *project["project"]["dependencies"],
        }
        lock = tomllib.loads(tools.lock.read_text(encoding="utf-8"))
        found = {f"{each['name']}=={each['version']}" for each in lock["package"]}
        assert found - {f"sftsec=={__version__}"} == pinned

    @pytest.mark.parametrize(
        ("right", "wrong", "said"),
        [
            (
                "    service_token: str = AssetField(",
                "    service_token: int = AssetField(",
                "must be type str",
            ),
            (") -> ScoreOutput:", ") -> dict:", "must be derived from ActionOutput"),
        ],
    )
    def test_the_sdk_finds_a_broken_app(
        self, tools: Tools, tmp_path: Path, right: str, wrong: str, said: str
    ) -> None:
        project = lay(tmp_path, tools.lock)
        code = (project / "src" / "app.py").read_text(encoding="utf-8")
        assert code.count(right) == 1
        (project / "src" / "app.py").write_text(code.replace(right, wrong), encoding="utf-8")
        told = soarapps(tools, "manifests", "create", "x.json", project.name, where=tmp_path)
        assert told.returncode != 0
        assert said in " ".join((told.stdout + told.stderr).split())
