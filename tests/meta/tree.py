"""What the tests of this folder look at: the tracked files and what they import."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("sftsec_core", "connectors", "plugins")


@cache
def files() -> tuple[Path, ...]:
    """The files of the repository, new ones too, those that git ignores not."""
    listed = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    done = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True)
    paths = (ROOT / name for name in done.stdout.split("\0") if name)
    return tuple(sorted(path for path in paths if path.is_file()))


def name_of(path: Path) -> str:
    """A file's path from the root."""
    return path.relative_to(ROOT).as_posix()


def text_of(path: Path) -> str:
    """What stands in a file; what is no UTF-8 is replaced."""
    return path.read_text(encoding="utf-8", errors="replace")


def modules() -> Iterator[tuple[str, Path]]:
    """The importable modules of the distribution, with their files."""
    for path in files():
        name = path.relative_to(ROOT)
        if path.suffix != ".py" or name.parts[0] not in PACKAGES:
            continue
        inner = name if name.parts[0] == "sftsec_core" else Path(*name.parts[1:])
        parts = inner.with_suffix("").parts
        if "versions" not in parts and parts[-1] != "env":  # Alembic runs those itself
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


@cache
def imports(path: Path, *, typing_too: bool = True, later_too: bool = True) -> frozenset[str]:
    """The modules that a file imports, anywhere in it; `from a import b` gives a and a.b.

    Args:
        path: a Python file.
        typing_too: False leaves out what stands under `if TYPE_CHECKING`.
        later_too: False leaves out what stands in functions.
    """
    found: set[str] = set()
    todo: list[ast.AST] = [ast.parse(text_of(path))]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not later_too:
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            todo += [*node.orelse, *(node.body if typing_too else ())]
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        todo += ast.iter_child_nodes(node)
    return frozenset(found)
