"""Importing is free and silent."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import pytest

from tests.meta.tree import ROOT, modules

HEAVY = {
    *("torch", "transformers", "peft", "accelerate"),
    *("sklearn", "scipy", "pyarrow", "matplotlib", "sqlalchemy"),
    *("fastapi", "starlette", "uvicorn", "pynvml"),
}
NAMES = [name for name, _ in modules()]


@pytest.fixture(scope="module")
def failures() -> dict[str, str]:
    """What fails to import, or prints something, by module; one process takes those with torch."""
    driver = [sys.executable, "-W", "error", str(Path(__file__).with_name("import_all.py"))]
    halves = [
        [n for n in NAMES if ("recipes.encoder" in n) == with_torch] for with_torch in (True, False)
    ]
    running = [
        subprocess.Popen(driver, cwd=ROOT, text=True, stdin=PIPE, stdout=PIPE, stderr=PIPE)
        for _ in halves
    ]
    for process, names in zip(running, halves, strict=True):
        assert process.stdin is not None
        process.stdin.write("\n".join(names))
        process.stdin.close()
        process.stdin = None
    found: dict[str, str] = {}
    for process in running:
        printed, errors = process.communicate(timeout=200)
        assert process.returncode == 0, errors
        found |= json.loads(printed)
    return found


def test_libraries_import_nothing_of_ours(failures: dict[str, str]) -> None:
    assert "the libraries" not in failures


@pytest.mark.parametrize("name", NAMES)
def test_module_imports_alone_without_a_warning(name: str, failures: dict[str, str]) -> None:
    assert failures.get(name, "") == ""


def test_a_failing_module_is_found(tmp_path: Path) -> None:
    (tmp_path / "warns.py").write_text("import warnings\nwarnings.warn('old')\n", encoding="utf-8")
    (tmp_path / "prints.py").write_text("print('hello')\n", encoding="utf-8")
    driver = Path(__file__).with_name("import_all.py").read_text(encoding="utf-8")
    light = driver.replace("in libraries:", "in ():")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", light],
        cwd=tmp_path, input="warns prints json", capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert set(found) == {"warns", "prints"}
    assert "UserWarning: old" in found["warns"]


@pytest.mark.parametrize(
    "code",
    [
        "import sftsec_core.cli",
        "import sftsec_core.plugins, sftsec_core.config.load",
        "from sftsec_core.plugins import Plugins; Plugins(('core', 'files', 'pii'))",
        "from sftsec_core.cli import cli; cli.main(['--help'], standalone_mode=False)",
    ],
)
def test_nothing_heavy_is_loaded_by(code: str, tmp_path: Path) -> None:
    check = f"import sys; {code}; print('loaded:', *sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", check],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].split() == ["loaded:"]
