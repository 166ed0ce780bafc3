"""List the installed plugins with what each needs, without a heavy import.

A plugin that is not enabled is not imported, unless it is one of sftsec's own: the hooks of these
import nothing but declarations, which a test holds. A stranger's code runs once it is enabled.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from sftsec_core.plugins import ENTRY_POINT_GROUP, KINDS, Plugins, PluginStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from importlib.metadata import EntryPoint

OURS = "sftsec"


@dataclass(frozen=True, slots=True)
class PluginNeed:
    """A module that a plugin needs for some of what it offers.

    Attributes:
        module: its importable name.
        installed: whether it is there.
        install: the command that installs it.
        used_by: what needs it: kind and name ("audit fairness").
    """

    module: str
    installed: bool
    install: str
    used_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListedPlugin:
    """One installed plugin.

    Attributes:
        status: where it comes from, whether it is enabled, and why it does not load.
        offers: what it registers: kind and name.
        needs: by module; None where that is not known before it is enabled.
    """

    status: PluginStatus
    offers: tuple[str, ...] = ()
    needs: tuple[PluginNeed, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        needs = None if self.needs is None else [asdict(need) for need in self.needs]
        return {**asdict(self.status), "offers": list(self.offers), "needs": needs}

    @property
    def missing(self) -> tuple[PluginNeed, ...]:
        """What is not installed."""
        return tuple(need for need in self.needs or () if not need.installed)


def list_plugins(
    enabled: Sequence[str], found: Iterable[EntryPoint] | None = None
) -> list[ListedPlugin]:
    """Return every installed plugin and every one that is enabled, by name.

    Args:
        enabled: names, as `plugins` of the configuration has them.
        found: the entry points to choose from; default: the installed ones.
    """
    points = list(entry_points(group=ENTRY_POINT_GROUP) if found is None else found)
    by_name = {point.name: point for point in points}
    statuses = Plugins(enabled, found=points).statuses
    listed = [_listed(status, by_name.get(status.name)) for status in statuses]
    return sorted(listed, key=lambda each: each.status.name)


def _listed(status: PluginStatus, point: EntryPoint | None) -> ListedPlugin:
    if point is None or not (status.enabled or status.distribution == OURS):
        return ListedPlugin(status)
    alone = Plugins((point.name,), found=(point,))
    (loaded,) = alone.statuses
    if loaded.error:
        return ListedPlugin(replace(status, error=loaded.error))
    specs = [spec for kind in KINDS for spec in alone.specs(kind).values()]
    offers = tuple(f"{spec.kind} {spec.name}" for spec in specs)
    needed: dict[str, tuple[str, list[str]]] = {}
    for spec, offer in zip(specs, offers, strict=True):
        for one in spec.requires:
            needed.setdefault(one.module, (one.install_hint, []))[1].append(offer)
    needs = (
        PluginNeed(module, find_spec(module) is not None, hint, tuple(users))
        for module, (hint, users) in sorted(needed.items())
    )
    return ListedPlugin(status, offers, tuple(needs))
