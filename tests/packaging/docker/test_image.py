"""The image's Dockerfile, its health check and the script that builds it; no builder is needed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from dockerfile_parse import DockerfileParser
from packaging.specifiers import SpecifierSet

from tests.meta.tree import ROOT

FOLDER = ROOT / "packaging" / "docker"
WHOLE = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = WHOLE["project"]
INSTRUCTIONS = [
    (each["instruction"], each["value"])
    for each in DockerfileParser(str(FOLDER / "Dockerfile")).structure
]


def values(instruction: str) -> list[str]:
    return [value for name, value in INSTRUCTIONS if name == instruction]


def argument(name: str) -> str:
    return next(v for v in values("ARG") if v.startswith(f"{name}=")).partition("=")[2]


class TestDockerfile:
    def test_copies_only_what_is_there(self) -> None:
        sources = [
            word
            for value in values("COPY")
            if not value.startswith("--from=build")
            for word in value.split()[:-1]
        ]
        assert len(sources) > 5
        assert [each for each in sources if not (ROOT / each).exists()] == []
        ignored = (FOLDER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
        assert {f"!{each}" for each in sources} == {one for one in ignored if one.startswith("!")}

    def test_copies_all_that_the_wheel_holds(self) -> None:
        hatch = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
            "hatch"
        ]
        packed = {each.split("/")[0] for each in hatch["build"]["targets"]["wheel"]["packages"]}
        copied = {word for value in values("COPY") for word in value.split()[:-1]}
        assert packed | {PROJECT["readme"], *PROJECT["license-files"]} <= copied

    def test_installs_only_pinned_versions(self) -> None:
        parts = [part for value in values("RUN") for part in re.split(r"&&|;", value)]
        installs = [part for part in parts if " pip install " in part]
        assert len(installs) == 4
        loose = [p for p in installs if "--constraint constraints.txt" not in p]
        assert [part.split()[-2:] for part in loose] == [["--no-deps", "/dist/sftsec-*.whl"]]
        assert "--build-constraints constraints.txt" in next(p for p in parts if "uv build" in p)

    def test_python_and_extras_are_known(self) -> None:
        assert argument("PYTHON") in SpecifierSet(PROJECT["requires-python"])
        assert set(argument("EXTRAS").split(",")) <= PROJECT["optional-dependencies"].keys()

    def test_last_stage_runs_as_nobody_known(self) -> None:
        last = max(n for n, (name, _) in enumerate(INSTRUCTIONS) if name == "FROM")
        names = [name for name, _ in INSTRUCTIONS[last:]]
        assert dict(INSTRUCTIONS[last:])["USER"] == "10001:10001"
        # Nothing of the last stage is made as root after that, and programs run without a shell.
        assert "RUN" not in names[names.index("USER") :]
        for name in ("ENTRYPOINT", "CMD"):
            assert isinstance(json.loads(dict(INSTRUCTIONS[last:])[name]), list)


class Health(BaseHTTPRequestHandler):
    """Answers as a live or a dead server does."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz" else 503)
        self.end_headers()

    def log_message(self, *_given: object) -> None:
        """Keep quiet."""


class TestHealthCheck:
    @pytest.fixture
    def address(self) -> Iterator[str]:
        with HTTPServer(("127.0.0.1", 0), Health) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()

    def test_tells_a_live_server_from_others(self, address: str) -> None:
        command = json.loads(values("HEALTHCHECK")[0].partition(" CMD ")[2])
        codes = [
            subprocess.run(
                [sys.executable, *command[1:]],
                env={"SFTSEC_HEALTH_URL": url},
                capture_output=True,
                check=False,
            ).returncode
            for url in (f"{address}/healthz", f"{address}/readyz", "http://127.0.0.1:9/healthz")
        ]
        assert (command[0], codes) == ("python", [0, 1, 1])


class TestBuildScript:
    @pytest.fixture
    def builders(self, tmp_path: Path) -> Path:
        """A folder of programs where a Docker client has no daemon."""
        for name in ("bash", "sed", "dirname", "env"):
            found = shutil.which(name)
            assert found is not None
            (tmp_path / name).symlink_to(found)
        self.program(tmp_path, "docker", "exit 1")
        return tmp_path

    @staticmethod
    def program(folder: Path, name: str, text: str) -> None:
        (folder / name).write_text(f"#!{shutil.which('bash')}\n{text}\n", encoding="utf-8")
        (folder / name).chmod(0o755)

    @staticmethod
    def build(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [FOLDER / "build.sh", *arguments],
            env={**os.environ, "PATH": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )

    def test_says_when_nothing_can_build(self, builders: Path) -> None:
        done = self.build(builders)
        assert done.returncode == 69
        assert "install podman or buildah" in done.stderr

    def test_takes_the_builder_that_works(self, builders: Path) -> None:
        self.program(builders, "podman", 'printf "%s\\n" "$PWD" "$@"')
        done = self.build(builders, "--torch-index", "https://mirror.example/cpu")
        where, *words = done.stdout.splitlines()
        assert Path(where) == ROOT
        assert words[-1] == "."
        assert f"sftsec:{PROJECT['version']}" in words
        assert "TORCH_INDEX=https://mirror.example/cpu" in words

    @pytest.mark.parametrize("words", [["--tga", "x"], ["--tag"]])
    def test_refuses_what_it_cannot_read(self, words: list[str], builders: Path) -> None:
        done = self.build(builders, *words)
        assert (done.returncode, words[0] in done.stderr) == (2, True)
