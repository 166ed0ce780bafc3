"""Commands run in this process or in one of their own, and what they printed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from sftsec_core.api.errors import SftsecError
from sftsec_core.cli import cli
from tests.e2e.site import PLAIN, Site


def invoke(site: Site, *arguments: str) -> Result:
    """Run a command on a site's configuration."""
    return CliRunner().invoke(cli, ["-c", str(site.config), *arguments])


def printed(site: Site, *arguments: str) -> str:
    """What a command that succeeds prints on standard output."""
    result = invoke(site, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def json_of(site: Site, *arguments: str) -> Any:
    """What a command prints with --json."""
    return json.loads(printed(site, *arguments, "--json"))


def error_of(site: Site, *arguments: str) -> SftsecError:
    """The error that a command ends with; `main` prints its line and exits with its code."""
    error = invoke(site, *arguments).exception
    assert isinstance(error, SftsecError), error
    return error


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process, through `main`, in a folder."""
    command = [sys.executable, "-c", PLAIN, *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
