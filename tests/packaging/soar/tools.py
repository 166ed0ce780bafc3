"""Splunk's SDK for SOAR apps, and the environment that SOAR would give the app.

Both are made once and kept: `sdk` holds the SDK with its builder, `runtime` what is in the lock of
the app's project and nothing else. They run on SOAR's Python, 3.13.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from sftsec_core.packages.soar import FOLDER, build_soar_app
from tests.needs import need
from tests.servers.engines.cache import cached
from tests.servers.splunkd.pythons import need_python

_REQUIREMENTS = Path(__file__).parent / "sdk" / "requirements.txt"
_MAKE_S = 120
_RUN_S = 90


@dataclass(frozen=True)
class Tools:
    """Where they are.

    Attributes:
        soarapps: the SDK's program.
        python: an interpreter that has what the app's package brings.
        lock: the uv.lock of the app's project.
    """

    soarapps: Path
    python: Path
    lock: Path


def need_tools() -> Tools:
    """The tools; without what they need the test is skipped, or fails in CI."""
    uv = need(
        shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv"),
        "run make setup: uv makes the environment of Splunk's SDK for SOAR apps",
    )
    python = str(need_python("3.13"))
    project = build_soar_app().files["pyproject.toml"]
    digest = hashlib.sha256(_REQUIREMENTS.read_bytes() + project).hexdigest()[:12]

    def make(folder: Path) -> None:
        # The project's own settings must not reach the other environment: it has a folder.
        app = folder / "app"
        app.mkdir()
        (app / "pyproject.toml").write_bytes(project)
        _run(uv, "lock", "--quiet", "--python", python, where=app)
        exported = folder / "runtime.txt"
        options = ["--quiet", "--frozen", "--no-hashes", "--output-file", str(exported)]
        _run(uv, "export", *options, "--python", python, where=app)
        for name, wanted in (("sdk", _REQUIREMENTS), ("runtime", exported)):
            # Relocatable: the cache renames the folder when it is whole.
            options = ["--quiet", "--relocatable", "--no-project", "--python", python]
            _run(uv, "venv", *options, str(folder / name), where=folder)
            options = ["--quiet", "--no-deps", "--python", str(folder / name / "bin" / "python")]
            _run(uv, "pip", "install", *options, "--requirement", str(wanted), where=folder)

    made = cached(f"soar-sdk-{digest}", make)
    return Tools(
        made / "sdk" / "bin" / "soarapps",
        made / "runtime" / "bin" / "python",
        made / "app" / "uv.lock",
    )


def lay(folder: Path, lock: Path | None = None) -> Path:
    """Write the app's project as its archive unpacks, with a lock; return its own folder."""
    project = folder / FOLDER
    for path, content in build_soar_app().files.items():
        file = project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    if lock is not None:
        shutil.copy(lock, project / "uv.lock")
    return project


def soarapps(tools: Tools, *arguments: str, where: Path) -> subprocess.CompletedProcess[str]:
    """Run the SDK's program."""
    return subprocess.run(
        [str(tools.soarapps), *arguments],
        cwd=where,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=_RUN_S,
        check=False,
    )


def _run(*command: str, where: Path) -> None:
    told = subprocess.run(
        command, cwd=where, capture_output=True, text=True, timeout=_MAKE_S, check=False
    )
    need(told.returncode == 0, f"uv could not install Splunk's SDK: {told.stderr[-500:]}")
