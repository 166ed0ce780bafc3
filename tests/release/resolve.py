"""Resolve each extra for each Python under the pins, as a user's installer would: `make resolve`.

python -m tests.release.resolve [UV'S OPTIONS...]      # exit 1: one does not resolve
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

PYTHONS = ("3.11", "3.12", "3.13")


class Resolved(NamedTuple):
    """An extra on one Python.

    Attributes:
        extra: its name; "" for none.
        python: the version.
        pins: how many distributions it takes.
        error: the first line of what uv says; "" where it resolves.
    """

    extra: str
    python: str
    pins: int
    error: str


def extras(project: Path = Path("pyproject.toml")) -> list[str]:
    """The extras of the project, behind "" for none."""
    found = tomllib.loads(project.read_text(encoding="utf-8"))
    return ["", *sorted(found["project"]["optional-dependencies"])]


def resolve(
    extra: str,
    python: str,
    options: Sequence[str] = (),
    *,
    project: Path = Path("pyproject.toml"),
    constraints: Path = Path("constraints.txt"),
) -> Resolved:
    """Resolve one extra on one Python.

    Args:
        extra: its name; "" for none.
        python: the version.
        options: of uv.
        project: whose extra.
        constraints: the pins.
    """
    command = [sys.executable, "-m", "uv", "pip", "compile", str(project), "--quiet"]
    command += ["--python-version", python, "--constraints", str(constraints), "--no-annotate"]
    command += ["--no-header", *(["--extra", extra] if extra else []), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        told = " ".join(done.stderr.split()) or f"uv ended with {done.returncode}"
        return Resolved(extra, python, 0, told)
    return Resolved(extra, python, sum("==" in line for line in done.stdout.splitlines()), "")


def main(options: Sequence[str]) -> int:
    """Print how many distributions each takes; 1 where one does not resolve."""
    failed = 0
    for extra in extras():
        found = [resolve(extra, python, options) for python in PYTHONS]
        told = "  ".join(f"{each.python}: {each.pins or 'none'}" for each in found)
        print(f"{extra or '(none)':12}  {told}", flush=True)
        for each in found:
            if each.error:
                failed += 1
                print(f"  {each.python}: {each.error}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
