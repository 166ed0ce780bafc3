"""Let Splunk's own SDK judge the double: its integration tests run against it.

`python -m tests.servers.splunkd.judge /path/to/splunk-sdk-python`, where that is a checkout of
splunk/splunk-sdk-python at 2.1.1. The checkout is copied to a temporary folder, so that nothing in
it changes; the packages that its tests want come from the index that pip is set up for.

Some of the tests take ports 8089 and 8088 on localhost, the user `admin` and the collector's token
for granted, whatever their `.env` says: the double has to be there.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import venv
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.servers.splunkd.server import start_splunkd

_REQUIREMENTS = ("pytest", "python-dotenv", "deprecation")
_PASSWORD = "changed!"
_HEC_TOKEN = "11111111-1111-1111-1111-1111111111113"
_LEFT_BEHIND = shutil.ignore_patterns(".git", "__pycache__", ".tox", "*.pyc")


@dataclass(frozen=True)
class Outcome:
    """How one test ended; `reason` is the first line of what went wrong."""

    name: str
    status: str
    reason: str = ""


def judge(checkout: Path, arguments: argparse.Namespace) -> list[Outcome]:
    """Run the suite and say how each test ended."""
    with tempfile.TemporaryDirectory(prefix="sftsec-judge-") as name:
        folder = Path(name)
        python = _environment(folder / "venv", arguments.python)
        copy = folder / "sdk"
        shutil.copytree(checkout, copy, ignore=_LEFT_BEHIND, symlinks=True)
        _write_settings(copy / ".env", arguments)
        report = folder / "report.xml"
        with start_splunkd(
            port=arguments.port,
            hec_port=arguments.hec_port,
            hec_token=_HEC_TOKEN,
            password=_PASSWORD,
            version=arguments.version,
        ):
            chosen = ["-k", arguments.only] if arguments.only else []
            command = [str(python), "-m", "pytest", "tests/integration", "-q", "--no-header"]
            told = ["--tb=line", "-p", "no:cacheprovider", f"--junitxml={report}", *chosen]
            subprocess.run([*command, *told], cwd=copy, check=False, stdout=sys.stderr)
        return _read(report)


def _environment(folder: Path, base: str | None) -> Path:
    """A virtual environment with what the tests need; the SDK itself is in the checkout."""
    if base is None:
        venv.create(folder, with_pip=True)
    else:
        subprocess.run([base, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    subprocess.run([str(python), "-m", "pip", "install", "-q", *_REQUIREMENTS], check=True)
    return python


def _write_settings(file: Path, arguments: argparse.Namespace) -> None:
    settings = {
        "host": "localhost",
        "port": arguments.port,
        "username": "admin",
        "password": _PASSWORD,
        "scheme": "https",
        "version": arguments.version,
    }
    file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))


def _read(report: Path) -> list[Outcome]:
    cases = ET.parse(report).iter("testcase")  # noqa: S314 - pytest has just written it
    return [_outcome(case) for case in cases]


def _outcome(case: ET.Element) -> Outcome:
    name = f"{case.get('classname', '').removeprefix('tests.integration.')}.{case.get('name')}"
    for status in ("failure", "error", "skipped"):
        found = case.find(status)
        if found is not None:
            lines = (found.get("message") or found.text or "").strip().splitlines()
            return Outcome(
                name, "failed" if status != "skipped" else status, lines[0] if lines else ""
            )
    return Outcome(name, "passed")


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.servers.splunkd.judge", description=__doc__
    )
    parser.add_argument("checkout", type=Path, help="of splunk/splunk-sdk-python, at 2.1.1")
    parser.add_argument("--port", type=int, default=8089)
    parser.add_argument("--hec-port", type=int, default=8088)
    parser.add_argument("--version", default="9.4.1", help="that the double says it is")
    parser.add_argument("--python", help="for the virtual environment; default: the one that runs")
    parser.add_argument("-k", dest="only", help="only tests whose names fit, as for pytest")
    arguments = parser.parse_args(given)
    outcomes = judge(arguments.checkout.resolve(), arguments)
    # A test that fails and whose clean-up fails too is there twice.
    failed = {each.name: each for each in outcomes if each.status == "failed"}
    skipped = [each for each in outcomes if each.status == "skipped"]
    passed = {each.name for each in outcomes if each.status == "passed"} - set(failed)
    for each in [*failed.values(), *skipped]:
        print(f"{each.status} {each.name}: {each.reason}")
    print(f"{len(passed)} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 0 if outcomes else 1


if __name__ == "__main__":
    sys.exit(main())
