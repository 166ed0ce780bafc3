"""Splunk's own validator, AppInspect: in an environment of its own, made once and kept."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from ctypes.util import find_library
from dataclasses import dataclass
from pathlib import Path

from tests.needs import need
from tests.servers.engines.cache import cached

_REQUIREMENTS = Path(__file__).parent / "appinspect" / "requirements.txt"
TAGS = ("cloud", "private_victoria", "private_classic", "splunk_appinspect")
_MAKE_S = 240
_INSPECT_S = 120


@dataclass(frozen=True)
class Inspection:
    """What it found.

    Attributes:
        exit_code: 0 clean, 103 a warning, 101 a failure, 104 what will be one, 3 a broken archive.
        summary: how many checks came to what.
        told: for each check that is neither passed nor out of place, its result and messages.
    """

    exit_code: int
    summary: Mapping[str, int]
    told: Mapping[str, tuple[str, Sequence[str]]]

    def of(self, *results: str) -> dict[str, Sequence[str]]:
        """The checks with one of these results, and what they say."""
        return {name: said for name, (result, said) in self.told.items() if result in results}


def need_inspector() -> Path:
    """The program; without what it needs the test is skipped, or fails in CI."""
    need(find_library("magic"), "install libmagic1: Splunk's AppInspect looks at files with it")
    uv = need(
        shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv"),
        "run make setup: uv makes the environment of Splunk's AppInspect",
    )
    # The interpreter is the tests' own, 3.11 to 3.13; what it is given fits all of them.
    named = f"{sys.version_info[:2]}\n".encode() + _REQUIREMENTS.read_bytes()
    digest = hashlib.sha256(named).hexdigest()[:12]

    def make(folder: Path) -> None:
        # Relocatable: the cache renames the folder when it is whole.
        options = ["--quiet", "--relocatable", "--allow-existing", "--python", sys.executable]
        _run(uv, "venv", *options, str(folder))
        options = ["--quiet", "--no-deps", "--python", str(folder / "bin" / "python")]
        _run(uv, "pip", "install", *options, "--requirement", str(_REQUIREMENTS))

    return cached(f"appinspect-{digest}", make) / "bin" / "splunk-appinspect"


def _run(*command: str) -> None:
    told = subprocess.run(command, capture_output=True, text=True, timeout=_MAKE_S, check=False)
    need(told.returncode == 0, f"uv could not install AppInspect: {told.stderr[-500:]}")


def inspect(archive: Path, folder: Path) -> Inspection:
    """Look at an app.

    Args:
        archive: the app's.
        folder: for the report.
    """
    report = folder / "report.json"
    command = [str(need_inspector()), "inspect", str(archive), "--ci"]
    options = ["--skip-trusted-libraries-update", "--data-format", "json"]
    tags = [part for tag in TAGS for part in ("--included-tags", tag)]
    told = subprocess.run(
        [*command, *options, *tags, "--output-file", str(report)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_INSPECT_S,
        check=False,
    )
    assert report.is_file(), told.stdout[-1000:] + told.stderr[-1000:]
    found = json.loads(report.read_text(encoding="utf-8"))
    checks = [
        each for one in found["reports"] for group in one["groups"] for each in group["checks"]
    ]
    told_of = {
        each["name"]: (each["result"], [message["message"] for message in each["messages"]])
        for each in checks
        if each["result"] not in {"success", "not_applicable"}
    }
    return Inspection(told.returncode, found["summary"], told_of)
