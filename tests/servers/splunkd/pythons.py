"""Real interpreters of the versions that Splunk brings: 3.9, and 3.13 from Splunk 10.2 on."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.needs import need

SPLUNK_PYTHONS = ("3.9", "3.13")
_PATIENCE_S = 30


@cache
def find_python(version: str) -> Path | None:
    """An interpreter of a minor version ("3.9") that really starts; None when there is none."""
    return next((path for path in _candidates(version) if _is(path, version)), None)


def need_python(version: str) -> Path:
    """The same; without one the test is skipped, or fails in CI."""
    return need(
        find_python(version),
        f"install Python {version} (pyenv install {version}, or uv python install {version})",
    )


def _candidates(version: str) -> Iterator[Path]:
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted((root / "versions").glob(f"{version}*/bin/python{version}"), reverse=True)
    uv = shutil.which("uv")
    if uv is not None:
        command = [uv, "python", "find", "--no-python-downloads", "--no-project", version]
        told = subprocess.run(command, capture_output=True, text=True, check=False)
        if told.returncode == 0:
            yield Path(told.stdout.strip())
    on_path = shutil.which(f"python{version}")
    if on_path is not None:
        yield Path(on_path)


def _is(path: Path, version: str) -> bool:
    """Ask it: a pyenv shim is there for versions that cannot be used."""
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        told = subprocess.run(
            [str(path), "-c", ask],
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
    except OSError:
        return False
    return told.stdout.strip() == version
