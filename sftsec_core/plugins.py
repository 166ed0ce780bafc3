"""The plugin manager: the only module that touches pluggy's manager.

Only the entry points that the configuration enables are loaded. One that does not import, has a
misspelt hook, wrong arguments or specs of a wrong type is recorded with its reason, so that
`sftsec plugins list` can show all; `require` then ends every command that would work with less
than what the configuration enables. Observers are called one by one, so that none stops another.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from sftsec_core.api import contracts, hookspecs
from sftsec_core.api.contracts import Spec
from sftsec_core.api.errors import NotFoundError, PluginError, unknown

if TYPE_CHECKING:
    import click

    from sftsec_core.api.contracts import GpuLease, GpuRequest
    from sftsec_core.api.domain import Event

ENTRY_POINT_GROUP = "sftsec"
log = logging.getLogger(__name__)
T = TypeVar("T")
SpecT = TypeVar("SpecT", bound=Spec[Any])
# Every kind that has a hook; a new one is found here by itself.
KINDS: tuple[type[Spec[Any]], ...] = tuple(
    kind
    for kind in vars(contracts).values()
    if isinstance(kind, type) and issubclass(kind, Spec) and kind is not Spec
)


@dataclass(frozen=True, slots=True)
class PluginStatus:
    """One entry point of the group: where it comes from, and why it was not loaded."""

    name: str
    distribution: str
    version: str
    enabled: bool
    error: str | None = None


class Plugins:
    """The loaded plugins, behind one typed method a hook."""

    def __init__(
        self,
        enabled: Sequence[str],
        *,
        found: Iterable[EntryPoint] | None = None,
        base: Path | None = None,
    ) -> None:
        """Load the enabled entry points.

        Args:
            enabled: names of entry points, in the order in which they are asked last to first.
            found: the entry points to choose from; default: the installed ones.
            base: the folder of sftsec.yaml, from which paths in the settings of specs start.
        """
        self.base = base
        self._pm = pluggy.PluginManager(hookspecs.PROJECT)
        self._pm.add_hookspecs(hookspecs)
        self._distributions: dict[str, str] = {}
        self.statuses: list[PluginStatus] = []
        points = list(entry_points(group=ENTRY_POINT_GROUP) if found is None else found)
        _refuse_twins(points)
        by_name = {point.name: point for point in points}
        self._offers: dict[str, dict[type[Spec[Any]], list[Any]]] = {}
        for name in enabled:
            if name in by_name:
                self._load(by_name[name])
            else:
                reason = unknown("plugin", name, by_name)
                self.statuses.append(PluginStatus(name, "-", "-", enabled=True, error=reason))
        self.statuses += [_status(p, enabled=False) for p in points if p.name not in enabled]

    def require(self) -> None:
        """End the command when an enabled plugin is not whole.

        Raises:
            PluginError: naming each broken plugin with its cause, or two specs of one name.
        """
        broken = [f"plugin {s.name!r}: {s.error}" for s in self.statuses if s.error]
        if broken:
            raise PluginError("; ".join(broken) + "; mend it or take it out of `plugins`")
        for kind in KINDS:
            self.specs(kind)

    @classmethod
    def of_modules(cls, *modules: object) -> Plugins:
        """Take modules or objects as plugins, without entry points: for tests and scripts."""
        plugins = cls(())
        for module in modules:
            plugins.add(module)
        return plugins

    def add(self, module: object, name: str | None = None) -> None:
        """Register one more module or object.

        Raises:
            PluginError: when it names a hook that does not exist or has wrong arguments.
        """
        try:
            registered = self._pm.register(module, name)
        except (pluggy.PluginValidationError, ValueError) as error:
            raise PluginError(_one_line(error)) from error
        self._distributions.setdefault(str(registered), str(registered))
        try:
            self._take_offers(str(registered))
        except (pluggy.PluginValidationError, PluginError) as error:
            self._pm.unregister(name=str(registered))
            raise PluginError(_one_line(error)) from error

    def _load(self, point: EntryPoint) -> None:
        self._distributions[point.name] = _distribution(point)
        try:
            self._pm.register(point.load(), point.name)
            self._take_offers(point.name)
        except Exception as error:  # noqa: BLE001 - a third party's import may raise anything
            self._pm.unregister(name=point.name) if self._pm.has_plugin(point.name) else None
            ours = isinstance(error, PluginError | pluggy.PluginValidationError)
            reason = f"{'' if ours else f'{type(error).__name__}: '}{_one_line(error)}"
            self.statuses.append(_status(point, enabled=True, error=reason))
            return
        self.statuses.append(_status(point, enabled=True))

    # --- registration

    def _take_offers(self, plugin: str) -> None:
        """Ask a plugin that was just registered for its specs, once, and check them."""
        # After each plugin: a misspelt hook is the fault of the one that was just loaded.
        self._pm.check_pending()
        offers: dict[type[Spec[Any]], list[Any]] = {kind: [] for kind in KINDS}
        for kind in KINDS:
            for impl in getattr(self._pm.hook, kind.hook).get_hookimpls():
                if impl.plugin_name == plugin:
                    offers[kind] += _checked(impl.function(), kind)
        self._offers[plugin] = offers

    def specs(self, kind: type[SpecT]) -> Mapping[str, SpecT]:
        """Everything of a kind that the loaded plugins register, by name.

        Raises:
            PluginError: when two plugins register one name.
        """
        specs: dict[str, SpecT] = {}
        owners: dict[str, str] = {}
        for plugin, offers in self._offers.items():
            owner = self._distributions.get(plugin, plugin)
            for spec in offers[kind]:
                if spec.name in specs:
                    raise PluginError(
                        f"{kind.kind} {spec.name!r} is registered twice: "
                        f"by {owners[spec.name]} and by {owner}; disable one in `plugins`"
                    )
                specs[spec.name] = spec
                owners[spec.name] = owner
        return specs

    def provider(self, spec: Spec[Any]) -> str:
        """The plugin that registers a spec, "" when none does."""
        kind = type(spec)
        found = (
            plugin
            for plugin, offers in self._offers.items()
            if any(each is spec for each in offers[kind])
        )
        return next(found, "")

    def versions(self) -> dict[str, str]:
        """The enabled plugins with the versions of their distributions."""
        return {s.name: s.version for s in self.statuses if s.enabled}

    def register_commands(self, cli: click.Group) -> None:
        """Let plugins add commands; one that takes a name that is taken is an error."""
        for impl in self._pm.hook.sftsec_register_commands.get_hookimpls():
            before = dict(cli.commands)
            impl.function(cli)
            for name, command in before.items():
                if cli.commands.get(name) is not command:
                    owner = self._distributions.get(impl.plugin_name, impl.plugin_name)
                    raise PluginError(f"{owner} replaces the command {name!r}; disable the plugin")

    # --- decisions

    def acquire_gpu(self, request: GpuRequest) -> AbstractContextManager[GpuLease] | None:
        """The first plugin's lease, None when no plugin lends."""
        lease: AbstractContextManager[GpuLease] | None = self._pm.hook.sftsec_acquire_gpu(
            request=request
        )
        return lease

    # --- observers

    def event(self, event: Event) -> None:
        """Tell the observers."""
        self._tell("sftsec_event", {"event": event})

    def _tell(self, hook: str, given: Mapping[str, Any]) -> None:
        for name, answer in self._ask_each(hook, given):
            if isinstance(answer, Exception):
                log.warning("plugin %s failed in %s: %s", name, hook, _one_line(answer))

    def _ask_each(self, hook: str, given: Mapping[str, Any]) -> list[tuple[str, Any]]:
        """Call each implementation alone: pluggy stops at the first exception, we must not."""
        answers: list[tuple[str, Any]] = []
        for impl in getattr(self._pm.hook, hook).get_hookimpls():
            arguments = {name: given[name] for name in impl.argnames}
            answers.append((impl.plugin_name, _guarded(impl.function, arguments)))
        return answers


def get(kind: str, name: str, known: Mapping[str, T]) -> T:
    """Look something up by name.

    Raises:
        NotFoundError: with what is known and what was perhaps meant.
    """
    if name not in known:
        raise NotFoundError(kind, name, known)
    return known[name]


def _checked(answer: object, kind: type[SpecT]) -> list[SpecT]:
    if answer is None:
        return []
    if not isinstance(answer, Iterable) or isinstance(answer, str | bytes):
        raise PluginError(f"{kind.hook} returns a {type(answer).__name__}, not a list of specs")
    specs: list[SpecT] = []
    for spec in answer:
        if not isinstance(spec, kind):
            raise PluginError(f"{kind.hook} returns a {type(spec).__name__}, not a {kind.__name__}")
        if spec.name in kind.reserved:
            raise PluginError(f"{kind.kind} {spec.name!r} is a name of the core: take another")
        specs.append(spec)
    return specs


def _guarded(function: Callable[..., Any], arguments: Mapping[str, Any]) -> object:
    try:
        return function(**arguments)
    except Exception as error:  # noqa: BLE001 - the answer carries it; the caller decides
        return error


def _refuse_twins(points: Sequence[EntryPoint]) -> None:
    seen: dict[str, EntryPoint] = {}
    for point in points:
        other = seen.setdefault(point.name, point)
        if other is not point and other.value != point.value:
            raise PluginError(
                f"two plugins are named {point.name!r}: in {_distribution(other)} and in "
                f"{_distribution(point)}; uninstall one"
            )


def _distribution(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value


def _status(point: EntryPoint, *, enabled: bool, error: str | None = None) -> PluginStatus:
    name = point.dist.name if point.dist else point.value
    version = point.dist.version if point.dist else ""
    return PluginStatus(point.name, name, version, enabled, error)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
