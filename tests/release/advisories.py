"""Ask OSV whether a pinned version has a known vulnerability: `make audit`.

python -m tests.release.advisories constraints.txt

Exit 0: asked about every pin, nothing is known. 1: something is known. 2: it could not be asked,
or not about every pin; that is no pass.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

CLEAN, FOUND, NOT_ASKED = 0, 1, 2
Pin = tuple[str, str]


class NotAskedError(Exception):
    """OSV gave no answer on at least one pin."""


@dataclass(frozen=True, slots=True)
class Advisory:
    """What is known of a pinned version."""

    pin: Pin
    name: str
    fixed_in: tuple[str, ...]

    def __str__(self) -> str:
        fixed = f"fixed in {', '.join(self.fixed_in)}" if self.fixed_in else "no fixed version"
        return f"{'=='.join(self.pin)}: {self.name} ({fixed})"


def pins_of(constraints: Path) -> list[Pin]:
    """All pins, those of other platforms and Pythons too; one name may have several versions."""
    lines = constraints.read_text(encoding="utf-8").splitlines()
    wanted = [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
    return sorted({(each.name, next(iter(each.specifier)).version) for each in wanted})


def ask(pins: list[Pin], *, url: str | None = None) -> list[Advisory]:
    """Ask about pins.

    Args:
        pins: names and versions.
        url: of another service with OSV's interface, such as a mirror's; None for OSV itself.

    Raises:
        NotAskedError: when there was no answer on one of them.
    """
    found: list[Advisory] = []
    for group in _without_twins(pins):
        answered = {(each["name"], each.get("version")): each for each in _answers(group, url)}
        for pin in group:
            if "vulns" not in answered.get(pin, {}):
                raise NotAskedError(f"it gave no answer on {'=='.join(pin)}")
            known = answered[pin]["vulns"]
            found += [Advisory(pin, each["id"], tuple(each["fix_versions"])) for each in known]
    return found


def _without_twins(pins: list[Pin]) -> list[list[Pin]]:
    """In groups in which each name has one version, as pip-audit takes them."""
    groups: list[dict[str, Pin]] = []
    for pin in pins:
        free = next((group for group in groups if pin[0] not in group), None)
        if free is None:
            groups.append(free := {})
        free[pin[0]] = pin
    return [list(group.values()) for group in groups]


def _answers(pins: list[Pin], url: str | None) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder, "pins.txt"), Path(folder, "answers.json")
        # Without markers: this machine asks for the others too.
        asked.write_text("".join(f"{name}=={version}\n" for name, version in pins))
        command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps"]
        command += ["--vulnerability-service", "osv", "--cache-dir", str(Path(folder, "cache"))]
        command += ["--requirement", str(asked), "--format", "json", "--output", str(answered)]
        command += ["--progress-spinner", "off", *(["--osv-url", url] if url else [])]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not answered.is_file():
            last = (done.stderr.strip().splitlines() or ["no answer"])[-1]
            raise NotAskedError(last)
        read: list[dict[str, Any]] = json.loads(answered.read_text())["dependencies"]
        return read


def main(arguments: list[str]) -> int:
    """Print what is known, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.release.advisories")
    parser.add_argument("constraints", type=Path)
    parser.add_argument("--osv-url", help="another service with OSV's interface")
    given = parser.parse_args(arguments)
    pins = pins_of(given.constraints)
    try:
        found = ask(pins, url=given.osv_url)
    except NotAskedError as error:
        print(f"OSV could not be asked, so nothing is known of the {len(pins)} pins: {error}")
        return NOT_ASKED
    for each in found:
        print(each)
    print(f"OSV was asked about {len(pins)} pins and knows {len(found)} vulnerabilities")
    return FOUND if found else CLEAN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
