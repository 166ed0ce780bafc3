"""The interpreter and the installed packages, against what the configuration needs."""

from __future__ import annotations

import platform
import resource
import sys
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from packaging.requirements import Requirement as Wanted

from sftsec_core.doctor.finding import Finding, fault, ok, warning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

DISTRIBUTION = "sftsec"
_ALL = "all"  # repeats the other extras
OLDEST, NEWEST = (3, 11), (3, 13)
# A zone with daylight saving time, which the database must hold.
_ZONE = "Europe/Berlin"
# Beside connections: the store, snapshots, libraries and the log.
_OTHER_FILES = 128


def check_python(running: tuple[int, ...] = tuple(sys.version_info[:3])) -> Iterator[Finding]:
    """Whether this Python is one of those that are tested."""
    shown = ".".join(map(str, running))
    allowed = " to ".join(".".join(map(str, each)) for each in (OLDEST, NEWEST))
    if OLDEST <= running[:2] <= NEWEST:
        yield ok("python", f"{shown} ({platform.python_implementation()})")
    else:
        yield fault("python", f"{shown} is not tested", f"install Python {allowed}")


def check_versions(extras: Mapping[str, str]) -> Iterator[Finding]:
    """Whether what sftsec needs is installed, and new enough.

    Args:
        extras: those that the configuration needs, each with what needs it.
    """
    try:
        lines = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        yield warning(
            "packages",
            f"{DISTRIBUTION} is not installed as a distribution: versions cannot be checked",
            "pip install it, or `make setup` in a checkout",
        )
        return
    names = metadata(DISTRIBUTION).get_all("Provides-Extra") or []
    wanted = [(one, _extra_of(one, names)) for one in map(Wanted, lines)]
    found = [each for one, extra in wanted for each in _judge(one, extra, extras)]
    own = f"{DISTRIBUTION} {version(DISTRIBUTION)}"
    yield from found or [ok("packages", f"{own} and what it needs")]


def _extra_of(wanted: Wanted, names: Iterable[str]) -> str | None:
    """The extra that asks for a requirement; "" for none, None where it does not apply here."""
    if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
        return ""
    holding = (name for name in names if wanted.marker.evaluate({"extra": name}))
    return next((name for name in holding if name != _ALL), None)


def _judge(wanted: Wanted, extra: str | None, extras: Mapping[str, str]) -> Iterator[Finding]:
    if extra is None:
        return
    asked = f"{wanted.name}{wanted.specifier}"
    try:
        installed = version(wanted.name)
    except PackageNotFoundError:
        if not extra:
            yield fault("packages", f"{wanted.name} is missing", f"pip install '{asked}'")
        elif extra in extras:
            yield fault(
                "packages",
                f"{extras[extra]} needs {wanted.name}, which is not installed",
                f"pip install 'sftsec[{extra}]'",
            )
        return
    if not wanted.specifier.contains(installed, prereleases=True):
        judge = fault if not extra or extra in extras else warning
        yield judge(
            "packages",
            f"{wanted.name} {installed} is installed, not {wanted.specifier}",
            f"pip install '{asked}'",
        )


def check_missing(missing: Iterable[str]) -> Iterator[Finding]:
    """What the recipes, connectors and the rest that is configured cannot import.

    Args:
        missing: lines of `Spec.missing`: what is missing, a colon, and how to install it.
    """
    for line in dict.fromkeys(missing):
        text, _, remedy = line.partition(": ")
        yield fault("packages", text, remedy)


def check_zones() -> Iterator[Finding]:
    """Whether the database of time zones can be read."""
    try:
        ZoneInfo(_ZONE)
    except ZoneInfoNotFoundError:
        yield fault("time zones", "there is no database of time zones", "pip install tzdata")
    else:
        yield ok("time zones", "present")


def check_limits(connections: int, soft: int | None = None) -> Iterator[Finding]:
    """Whether the limit on open files leaves room for the connections of `sftsec serve`.

    Args:
        connections: `serve.max_connections`.
        soft: the limit; default: this process's.
    """
    found = resource.getrlimit(resource.RLIMIT_NOFILE)[0] if soft is None else soft
    needed = connections + _OTHER_FILES
    if found != resource.RLIM_INFINITY and found < needed:
        yield warning(
            "open files",
            f"at most {found:,}; `sftsec serve` may need {needed:,}",
            f"ulimit -n {needed}, or LimitNOFILE={needed} in the unit",
        )
    else:
        shown = "unlimited" if found == resource.RLIM_INFINITY else f"at most {found:,}"
        yield ok("open files", shown)
