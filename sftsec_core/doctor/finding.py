"""What a check found: one line, and what to do about it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from sftsec_core.api.errors import SftsecError

log = logging.getLogger(__name__)
Check = Callable[[], Iterable["Finding"]]


class Level(StrEnum):
    """How bad it is: a fault stops some command, a warning may do so later."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        name: of what was looked at, such as "disk".
        level: how bad it is.
        text: what was found, in one line.
        remedy: what to do; "" where nothing has to be done.
    """

    name: str
    level: Level
    text: str
    remedy: str = ""

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def ok(name: str, text: str) -> Finding:
    """Something is as it should be."""
    return Finding(name, Level.OK, text)


def warning(name: str, text: str, remedy: str) -> Finding:
    """Something works now and may not do so later."""
    return Finding(name, Level.WARNING, text, remedy)


def fault(name: str, text: str, remedy: str) -> Finding:
    """Something that the configuration asks for does not work."""
    return Finding(name, Level.FAULT, text, remedy)


def findings_of(
    name: str, check: Check, remedy: str = "mend what the line names"
) -> Iterator[Finding]:
    """Run a check; one that fails is a finding, so that the others still run.

    Args:
        name: stands for the check where it fails.
        check: gives its findings, or raises.
        remedy: for an error of ours, whose line often has its own.
    """
    try:
        yield from check()
    except SftsecError as error:
        yield fault(name, " ".join(str(error).split()), remedy)
    except Exception as error:
        log.debug("%s", name, exc_info=True)
        told = f"{type(error).__name__}: {' '.join(str(error).split())}"
        yield fault(name, f"could not be checked: {told}", "run it with --debug for the trace")
