"""Import each module named on standard input, one after another; print those that fail as JSON.

Third-party libraries are imported first: what they print or warn of is not ours. No two of our
modules import each other (`TestOrder` in test_imports.py), so that what a module needs is there
in whatever order they are imported, and one process can take them all.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import traceback
from contextlib import suppress

LIBRARIES = (
    *("numpy", "scipy.sparse", "sklearn.linear_model", "pyarrow.parquet", "matplotlib"),
    *("sqlalchemy", "alembic.command", "pydantic", "click", "rich.console", "pytest"),
    *("fastapi", "uvicorn", "torch", "transformers.trainer", "peft"),
)


def main() -> None:
    """Read names, import each, print what failed."""
    for library in LIBRARIES:
        with suppress(ImportError):  # an extra that is not installed
            importlib.import_module(library)
    failures: dict[str, str] = {}
    if ours := [name for name in sys.modules if name.startswith("sftsec")]:
        failures["the libraries"] = f"imported {ours}"
    failures |= {name: told for name in sys.stdin.read().split() if (told := problem_of(name))}
    json.dump(failures, sys.stdout)


def problem_of(name: str) -> str:
    """Import one module; return its trace, or what it printed, or nothing."""
    kept = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as printed:
        os.dup2(printed.fileno(), 1)
        os.dup2(printed.fileno(), 2)
        try:
            importlib.import_module(name)
        except BaseException:  # noqa: BLE001 - whatever it raises is the finding
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for descriptor, number in zip(kept, (1, 2), strict=True):
                os.dup2(descriptor, number)
                os.close(descriptor)
        printed.seek(0)
        return printed.read()


if __name__ == "__main__":
    main()
