"""Import each module named on standard input alone; print a JSON object of those that fail.

A process for each would pay for numpy and torch a hundred times. Third-party libraries are
imported once, then each module in a fork of its own, in which nothing of ours is loaded yet.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import traceback
from contextlib import suppress

LIGHT = (
    *("numpy", "scipy.sparse", "sklearn.linear_model", "pyarrow.parquet", "matplotlib"),
    *("sqlalchemy", "alembic.command", "pydantic", "click", "rich.console", "pytest"),
    *("fastapi", "uvicorn"),
)
HEAVY = ("torch", "transformers.trainer", "peft")


def main() -> None:
    """Read names, fork for each, print what failed; those that hold torch come last."""
    names = sys.stdin.read().split()
    failures: dict[str, str] = {}
    for libraries, with_torch in ((LIGHT, False), (HEAVY, True)):
        chosen = [name for name in names if ("recipes.encoder" in name) == with_torch]
        prepare(libraries if chosen else ())
        failures |= {name: problem for name in chosen if (problem := in_a_fork(name))}
    if ours := [name for name in sys.modules if name.startswith("sftsec")]:
        failures["the libraries"] = f"imported {ours}"
    json.dump(failures, sys.stdout)


def prepare(libraries: tuple[str, ...]) -> None:
    """Import libraries, and keep the collector from touching, and so copying, their pages."""
    for library in libraries:
        with suppress(ImportError):  # an extra that is not installed
            importlib.import_module(library)
    gc.freeze()


def in_a_fork(name: str) -> str:
    """Import one module in a child; return its trace, or what it printed, or nothing."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.dup2(writer, 1)
        os.dup2(writer, 2)
        code = 0
        try:
            importlib.import_module(name)
        except BaseException:  # noqa: BLE001 - whatever it raises is the finding
            traceback.print_exc()
            code = 1
        sys.stdout.flush()
        os._exit(code)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8", errors="replace") as output:
        printed = output.read()
    os.waitpid(child, 0)
    return printed


if __name__ == "__main__":
    main()
