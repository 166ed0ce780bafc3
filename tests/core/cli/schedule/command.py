"""`sftsec schedule` on a folder with a task."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from sftsec_core.cli import cli


def schedule(file: Path, *arguments: str) -> Result:
    """Run a verb."""
    return CliRunner().invoke(cli, ["-c", str(file), "schedule", *arguments])


def said(file: Path, *arguments: str) -> str:
    """What a verb that succeeds prints."""
    result = schedule(file, *arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def said_json(file: Path, *arguments: str) -> Any:
    """What it prints with --json."""
    return json.loads(said(file, *arguments, "--json"))


def refused(file: Path, *arguments: str) -> str:
    """What a verb that is refused says."""
    result = schedule(file, *arguments)
    assert result.exit_code != 0
    return result.output + str(result.exception)
