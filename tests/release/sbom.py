"""Write a bill of materials in CycloneDX of pinned requirements, and validate it: `make sbom`.

python -m tests.release.sbom dist/requirements.txt dist/sftsec.cdx.json
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

VERSION = SchemaVersion.V1_6


class InvalidError(Exception):
    """A document is not as CycloneDX's own schema wants it."""


def write_sbom(requirements: Path, out: Path, project: Path = Path("pyproject.toml")) -> None:
    """Write the document; the same requirements give the same bytes.

    Args:
        requirements: pins with hashes.
        out: the document to write.
        project: what the pins are installed for.

    Raises:
        InvalidError: when the requirements cannot be read, or the document is not valid.
    """
    # It warns that requirements do not say what needs what, and validates less strictly.
    command = [sys.executable, "-W", "ignore::UserWarning", "-m", "cyclonedx_py"]
    command += ["requirements", str(requirements), "--no-validate"]
    command += ["--pyproject", str(project), "--mc-type", "application"]
    command += ["--output-reproducible", "--spec-version", VERSION.to_version()]
    command += ["--output-format", "JSON", "--output-file", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InvalidError((done.stderr.strip().splitlines() or ["no document was written"])[-1])
    validate(out.read_text(encoding="utf-8"))


def validate(document: str) -> None:
    """Compare a document with the schema.

    Raises:
        InvalidError: naming the first fault.
    """
    fault = JsonStrictValidator(VERSION).validate_str(document)
    if fault is not None:
        raise InvalidError(str(fault))


if __name__ == "__main__":
    write_sbom(Path(sys.argv[1]), Path(sys.argv[2]))
    print(f"{sys.argv[2]}: valid CycloneDX {VERSION.to_version()}")
