"""Which sftsec and which plugins a machine has, since only their names travel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, entry_points, version

from sftsec_core.api import PluginError

GROUP = "sftsec"


def versions_here(plugins: Iterable[str]) -> dict[str, str]:
    """The version of sftsec, and of each plugin's distribution; "" where it is not installed."""
    installed = {
        point.name: point.dist.version for point in entry_points(group=GROUP) if point.dist
    }
    found = {name: installed.get(name, "") for name in plugins}
    try:
        found[GROUP] = version(GROUP)
    except PackageNotFoundError:
        found[GROUP] = ""
    return found


def require_same_versions(here: Mapping[str, str], there: Mapping[str, str], node: str) -> None:
    """Refuse a node on which sftsec or a plugin is another one than here.

    Raises:
        PluginError: names what differs, and both versions.
    """
    differing = [
        f"{name} is {there.get(name) or 'not installed'} there and {mine or 'not installed'} here"
        for name, mine in here.items()
        if there.get(name, "") != mine
    ]
    if differing:
        raise PluginError(
            f"node {node}: {'; '.join(differing)}: install the same versions on each node"
        )
