"""Write what an installation needs, pinned and with hashes: `make requirements`.

python -m tests.release.requirements dist/requirements.txt --extra train -- --default-index URL

`pip install --require-hashes --no-index --find-links FOLDER -r requirements.txt` then takes files
of these contents and no others, wherever they come from. The file names no index.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_PIN = re.compile(r"[A-Za-z0-9][\w.-]*==\S+")


class IncompleteError(Exception):
    """A line has no hash, or names where it comes from."""


def write_requirements(
    project: Path,
    constraints: Path,
    out: Path,
    extras: Sequence[str] = (),
    options: Sequence[str] = (),
) -> int:
    """Resolve a project within constraints, for all its Pythons and platforms; count the pins.

    Args:
        project: its pyproject.toml.
        constraints: the versions to take.
        out: the file to write; its folder is made.
        extras: of the project.
        options: of `uv pip compile`: where the files come from.

    Raises:
        IncompleteError: when a pin has no hash, or an address stands in the file.
        subprocess.CalledProcessError: when nothing fits; uv has said why.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    command = ["uv", "pip", "compile", str(project), "--constraint", str(constraints)]
    command += [part for extra in extras for part in ("--extra", extra)]
    command += ["--universal", "--generate-hashes", "--no-annotate", "--no-header", "--quiet"]
    command += ["--output-file", str(out), *options]
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([str(uv), *command[1:]], check=True, stdout=subprocess.DEVNULL)
    return check(out.read_text(encoding="utf-8"))


def check(text: str) -> int:
    """Count the pins of a file of requirements.

    Raises:
        IncompleteError: when a pin has no hash, or an address stands in it.
    """
    if "://" in text:
        raise IncompleteError("it names an address")
    blocks = text.replace("\\\n", " ").splitlines()
    for block in blocks:
        if not _PIN.match(block) or "--hash=sha256:" not in block:
            raise IncompleteError(f"no pin with a hash: {block[:80]}")
    return len(blocks)


def main(arguments: list[str]) -> int:
    """Write the file, say how many pins it has, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.release.requirements")
    parser.add_argument("out", type=Path)
    parser.add_argument("--extra", action="append", default=[])
    parser.epilog = "Options of `uv pip compile` stand behind --."
    end = arguments.index("--") if "--" in arguments else len(arguments)
    given = parser.parse_args(arguments[:end])
    # What was there before must not decide what is there now.
    given.out.unlink(missing_ok=True)
    pins = write_requirements(
        Path("pyproject.toml"),
        Path("constraints.txt"),
        given.out,
        given.extra,
        arguments[end + 1 :],
    )
    print(f"{given.out}: {pins} pins with hashes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
