"""The plugin manager: the only module that touches pluggy's manager.

Only the entry points that the configuration enables are loaded, each guarded: one that fails to
import is recorded with its reason and the others go on. After loading, a misspelt hook is an
error (`check_pending`), two registrations of one name are an error that names both
distributions, and observers are called one by one so that none can stop another.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from sftsec_core.api import hookspecs
from sftsec_core.api.errors import NotFoundError, PluginError, unknown

if TYPE_CHECKING:
    import click

    from sftsec_core.api.contracts import (
        AttackSpec,
        ConnectorSpec,
        ExplainerSpec,
        GpuLease,
        GpuRequest,
        LauncherSpec,
        MetricSpec,
        RecipeSpec,
        StepSpec,
        TaskPreset,
    )
    from sftsec_core.api.domain import (
        Decision,
        Detection,
        EvalReport,
        Example,
        Incident,
        ModelRef,
        PushReceipt,
        RunInfo,
        Split,
        Suppression,
        TaskSpec,
        Vote,
    )
    from sftsec_core.api.settings.task import GateSettings, SplitSettings

ENTRY_POINT_GROUP = "sftsec"
log = logging.getLogger(__name__)
SpecT = TypeVar("SpecT")


@dataclass(frozen=True, slots=True)
class PluginStatus:
    """One entry point of the group: where it comes from and what became of it."""

    name: str
    distribution: str
    version: str
    enabled: bool
    error: str | None = None


class Plugins:
    """The loaded plugins, behind one typed method a hook."""

    def __init__(
        self, enabled: Sequence[str], *, found: Iterable[EntryPoint] | None = None
    ) -> None:
        """Load the enabled entry points.

        Args:
            enabled: names of entry points, in the order in which they are asked last to first.
            found: the entry points to choose from; default: the installed ones.
        """
        self._pm = pluggy.PluginManager(hookspecs.PROJECT)
        self._pm.add_hookspecs(hookspecs)
        self._distributions: dict[str, str] = {}
        self.statuses: list[PluginStatus] = []
        points = list(entry_points(group=ENTRY_POINT_GROUP) if found is None else found)
        _refuse_twins(points)
        by_name = {point.name: point for point in points}
        for name in enabled:
            if name not in by_name:
                raise PluginError(unknown("plugin", name, by_name))
            self._load(by_name[name])
        self.statuses += [_status(p, enabled=False) for p in points if p.name not in enabled]
        self._check()
        self._registry: dict[str, dict[str, Any]] = {}

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
        self._check()
        self._registry = {}

    def _load(self, point: EntryPoint) -> None:
        try:
            self._pm.register(point.load(), point.name)
        except Exception as error:  # noqa: BLE001 - a stranger's import may raise anything
            log.warning("plugin %s was not loaded: %s", point.name, _one_line(error))
            self._pm.unregister(name=point.name) if self._pm.has_plugin(point.name) else None
            reason = f"{type(error).__name__}: {_one_line(error)}"
            self.statuses.append(_status(point, enabled=True, error=reason))
            return
        self._distributions[point.name] = _distribution(point)
        self.statuses.append(_status(point, enabled=True))

    def _check(self) -> None:
        try:
            self._pm.check_pending()
        except pluggy.PluginValidationError as error:
            raise PluginError(_one_line(error)) from error

    # --- registration

    def _collect(self, hook: str) -> dict[str, Any]:
        if hook in self._registry:
            return self._registry[hook]
        specs: dict[str, Any] = {}
        owners: dict[str, str] = {}
        for impl in getattr(self._pm.hook, hook).get_hookimpls():
            owner = self._distributions.get(impl.plugin_name, impl.plugin_name)
            for spec in impl.function() or ():
                if spec.name in specs:
                    raise PluginError(
                        f"{spec.name!r} is registered twice through {hook}: "
                        f"by {owners[spec.name]} and by {owner}; disable one in `plugins`"
                    )
                specs[spec.name] = spec
                owners[spec.name] = owner
        self._registry[hook] = specs
        return specs

    def connectors(self) -> Mapping[str, ConnectorSpec]:
        """Kinds of connector by name."""
        return self._collect("sftsec_register_connectors")

    def steps(self) -> Mapping[str, StepSpec]:
        """Steps by name."""
        return self._collect("sftsec_register_steps")

    def recipes(self) -> Mapping[str, RecipeSpec]:
        """Recipes by name."""
        return self._collect("sftsec_register_recipes")

    def metrics(self) -> Mapping[str, MetricSpec]:
        """Metrics by name, besides the built-in ones of the evaluation."""
        return self._collect("sftsec_register_metrics")

    def tasks(self) -> Mapping[str, TaskPreset]:
        """Ready-made tasks by name."""
        return self._collect("sftsec_register_tasks")

    def attacks(self) -> Mapping[str, AttackSpec]:
        """Attacks by name."""
        return self._collect("sftsec_register_attacks")

    def explainers(self) -> Mapping[str, ExplainerSpec]:
        """Explainers by name."""
        return self._collect("sftsec_register_explainers")

    def launchers(self) -> Mapping[str, LauncherSpec]:
        """Launchers by name."""
        return self._collect("sftsec_register_launchers")

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

    def render_example(self, incident: Incident, task: TaskSpec) -> str | None:
        """The first plugin's text for an incident, None when no plugin has one."""
        text: str | None = self._pm.hook.sftsec_render_example(incident=incident, task=task)
        return text

    def renders(self) -> bool:
        """Whether any plugin renders, so that the default path need not ask for each incident."""
        return bool(self._pm.hook.sftsec_render_example.get_hookimpls())

    def split_examples(self, examples: Sequence[Example], policy: SplitSettings) -> Split | None:
        """The first plugin's split, None when no plugin splits."""
        split: Split | None = self._pm.hook.sftsec_split_examples(examples=examples, policy=policy)
        return split

    def acquire_gpu(self, request: GpuRequest) -> AbstractContextManager[GpuLease] | None:
        """The first plugin's lease, None when no plugin lends."""
        lease: AbstractContextManager[GpuLease] | None = self._pm.hook.sftsec_acquire_gpu(
            request=request
        )
        return lease

    def vote_promotion(
        self, candidate: EvalReport, incumbent: EvalReport | None, policy: GateSettings
    ) -> list[tuple[str, Vote | Sequence[Vote] | Exception | None]]:
        """Every voter's name with its vote, or with the exception that it raised."""
        given = {"candidate": candidate, "incumbent": incumbent, "policy": policy}
        return self._ask_each("sftsec_vote_promotion", given)

    def suppress_detection(self, detection: Detection) -> Suppression | None:
        """The first plugin's suppression, None when the detection may go out."""
        found: Suppression | None = self._pm.hook.sftsec_suppress_detection(detection=detection)
        return found

    # --- observers

    def run_started(self, run: RunInfo) -> None:
        """Tell the observers."""
        self._tell("sftsec_run_started", {"run": run})

    def step_logged(self, run: RunInfo, step: int, values: Mapping[str, float]) -> None:
        """Tell the observers."""
        self._tell("sftsec_step_logged", {"run": run, "step": step, "values": values})

    def run_finished(self, run: RunInfo, report: EvalReport | None) -> None:
        """Tell the observers."""
        self._tell("sftsec_run_finished", {"run": run, "report": report})

    def model_promoted(
        self, model: ModelRef, previous: ModelRef | None, decision: Decision | None
    ) -> None:
        """Tell the observers."""
        given = {"model": model, "previous": previous, "decision": decision}
        self._tell("sftsec_model_promoted", given)

    def detections_pushed(self, connector: str, receipt: PushReceipt) -> None:
        """Tell the observers."""
        self._tell("sftsec_detections_pushed", {"connector": connector, "receipt": receipt})

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


def get(kind: str, name: str, known: Mapping[str, SpecT]) -> SpecT:
    """Look a spec up by name.

    Raises:
        NotFoundError: with what is known and what was perhaps meant.
    """
    if name not in known:
        raise NotFoundError(kind, name, known)
    return known[name]


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
