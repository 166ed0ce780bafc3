"""Importing is free and silent."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.meta import import_all
from tests.meta.import_graph import import_loop, imported_at_once
from tests.meta.tree import ROOT, modules

HEAVY = {
    *("torch", "transformers", "peft", "accelerate"),
    *("sklearn", "scipy", "pyarrow", "matplotlib", "sqlalchemy"),
    *("fastapi", "starlette", "uvicorn", "pynvml"),
}


def failures(names: str, *, driver: str | None = None, folder: Path = ROOT) -> dict[str, str]:
    """What fails to import, or prints something, by module."""
    program = driver or Path(import_all.__file__).read_text(encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=folder, input=names, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


class TestOrder:
    def test_no_modules_import_each_other(self) -> None:
        assert import_loop(imported_at_once()) == ()

    def test_a_loop_is_found(self) -> None:
        assert set(import_loop({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})) == {*"abc"}


class TestEachModule:
    def test_imports_without_a_warning(self) -> None:
        assert failures("\n".join(name for name, _ in modules())) == {}

    def test_that_fails_is_found(self, tmp_path: Path) -> None:
        (tmp_path / "warns.py").write_text("import warnings\nwarnings.warn('old')\n", "utf-8")
        (tmp_path / "prints.py").write_text("print('hello')\n", "utf-8")
        light = Path(import_all.__file__).read_text("utf-8").replace("in LIBRARIES:", "in ():")
        found = failures("warns prints json", driver=light, folder=tmp_path)
        assert set(found) == {"warns", "prints"}
        assert "UserWarning: old" in found["warns"]


def loaded(code: str, heavy: set[str], folder: Path) -> list[str]:
    """Which of the heavy modules a program has imported at its end."""
    check = f"import sys; {code}; print('loaded:', *sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", check],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()[1:]


@pytest.mark.parametrize(
    "code",
    [
        "import sftsec_core.cli",
        "import sftsec_core.plugins, sftsec_core.config.load",
        "from sftsec_core.plugins import Plugins; Plugins(('core', 'files', 'pii'))",
        "import sftsec_core.operations.check_config",
        "from sftsec_core.cli import cli; cli.main(['--help'], standalone_mode=False)",
    ],
)
def test_nothing_heavy_is_loaded_by(code: str, tmp_path: Path) -> None:
    # What loads plugins or settings needs more than what shows the help.
    heavy = HEAVY | ({"numpy", "pydantic"} if "sftsec_core.cli" in code else set())
    assert loaded(code, heavy, tmp_path) == []


def test_a_store_needs_no_other_database(tmp_path: Path) -> None:
    found = loaded("import sftsec_core.store.store", {"sqlalchemy.dialects.postgresql"}, tmp_path)
    assert found == []


def test_checking_a_configuration_needs_no_numpy(tmp_path: Path) -> None:
    code = "import sftsec_core.operations.check_config, sftsec_core.builtin"
    assert loaded(code, {"numpy"}, tmp_path) == []


def test_scoring_nothing_new_needs_a_store(tmp_path: Path) -> None:
    loaded_then = (
        "cli.live operations.redeliver recipes.linear recipes.saved_encoders "
        "evaluation.calibration sdk.threshold"
    )
    code = "; ".join(f"import sftsec_core.{name}" for name in loaded_then.split())
    heavy = HEAVY - {"sqlalchemy", "pyarrow"} | {"pyarrow.parquet", "rich"}
    assert loaded(code, heavy, tmp_path) == []
