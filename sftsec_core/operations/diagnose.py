"""Look at all that sftsec needs, and say what is wrong with it and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import ConnectorSpec, RecipeSpec
from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import PluginError, SftsecError
from sftsec_core.api.settings.secrets import SecretRef, is_reference
from sftsec_core.config.load import load_settings
from sftsec_core.config.settings import Settings
from sftsec_core.doctor import accelerator, access, clocks, installation, machine, state
from sftsec_core.doctor.finding import Finding, Level, fault, findings_of, ok, warning
from sftsec_core.operations.audit_anchor import AS_TASK, AuditCursor
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.check_connectors import check_connectors
from sftsec_core.operations.context import Context
from sftsec_core.operations.preflight import check_against_plugins, connector_config, named_by
from sftsec_core.plugins import Plugins
from sftsec_core.recipes.chosen import encoders_in
from sftsec_core.store.columns import utc_now
from sftsec_core.store.migrations import HEAD
from sftsec_core.store.store import DATABASE_FILE

if TYPE_CHECKING:
    from datetime import datetime

    from pydantic import BaseModel

    from sftsec_core.api.domain import Actor
    from sftsec_core.store.inspection import Inspection

_TORCH = "torch"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that was found."""

    findings: tuple[Finding, ...]

    def of(self, level: Level) -> tuple[Finding, ...]:
        """Those of a level."""
        return tuple(each for each in self.findings if each.level is level)

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "ok": not self.of(Level.FAULT),
            "faults": len(self.of(Level.FAULT)),
            "warnings": len(self.of(Level.WARNING)),
            "findings": [each.to_json() for each in self.findings],
        }


def diagnose(
    actor: Actor,
    file: Path | None,
    *,
    offline: bool = False,
    now: Callable[[], datetime] = utc_now,
    on_finding: Callable[[Finding], None] = lambda _finding: None,
) -> Diagnosis:
    """Look at the machine, the installation, the configuration, the state and the platforms.

    Nothing is written, but for what `connector check` makes in the state folder. Without a
    configuration, or with one that is wrong, all that does not need it is looked at.

    Args:
        actor: who asks.
        file: the configuration; None where there is none.
        offline: ask no platform.
        now: gives the present moment.
        on_finding: called with each finding at once.

    Raises:
        AuthorizationError: when the actor may not read.
    """
    authorize(actor, Permission.READ)
    found: list[Finding] = []
    for each in _findings(_Site(actor, file, offline, now)):
        found.append(each)
        on_finding(each)
    return Diagnosis(tuple(found))


def _findings(site: _Site) -> Iterator[Finding]:
    yield from findings_of(
        "configuration", site.configuration, "correct it, then: sftsec config check"
    )
    yield from findings_of("python", installation.check_python)
    yield from findings_of("packages", site.packages)
    yield from findings_of("time zones", installation.check_zones)
    yield from findings_of("open files", site.limits)
    yield from findings_of("torch", site.torch)
    yield from findings_of("encoder", site.encoders)
    yield from findings_of("disk", site.disk)
    yield from findings_of("memory", machine.check_memory)
    yield from findings_of("secrets", site.secrets)
    yield from findings_of("certificate", site.certificate)
    yield from findings_of("store", site.store)
    if not site.offline:
        yield from findings_of("connectors", site.connectors)


class _Site:
    """What is looked at; what the configuration does not give stands as its default."""

    def __init__(
        self, actor: Actor, file: Path | None, offline: bool, now: Callable[[], datetime]
    ) -> None:
        self.actor = actor
        self.file = file
        self.offline = offline
        self.now = now
        self.settings = Settings()
        self.plugins: Plugins | None = None

    @property
    def base(self) -> Path:
        return self.file.resolve().parent if self.file else Path.cwd()

    @property
    def folder(self) -> Path:
        return self.base / self.settings.state.folder

    def configuration(self) -> Iterator[Finding]:
        if self.file is None:
            yield warning("configuration", "there is no sftsec.yaml here or above", "sftsec init")
            return
        self.settings = load_settings(self.file)
        yield from access.check_config_file(self.file)
        plugins = Plugins(self.settings.plugins, base=self.base)
        broken = False
        for each in plugins.statuses:
            if each.error:
                broken = True
                remedy = "mend or install it, or take it out of `plugins`"
                yield fault("plugins", f"{each.name}: {each.error}", remedy)
        if broken:
            return
        with suppress(PluginError):  # two specs of one name: `require` of every command says it
            plugins.require()
        check_against_plugins(self.settings, plugins, self.file)
        self.plugins = plugins
        counts = f"{len(self.settings.tasks)} tasks, {len(self.settings.connectors)} connectors"
        yield ok("configuration", f"{self.file}: {counts}")

    def packages(self) -> Iterator[Finding]:
        yield from installation.check_versions(self._extras())
        yield from installation.check_missing(self._missing())

    def _extras(self) -> Mapping[str, str]:
        """The extras that the configuration itself asks for, each with what asks."""
        settings, found = self.settings, {}
        if settings.serve.tokens or settings.serve.certificate:
            found["serve"] = "`serve`"
        if settings.registry.sign_key or settings.registry.require_signature:
            found["sign"] = "`registry`"
        if self._url().startswith("postgresql"):
            found["postgresql"] = "`state.url`"
        if any(each.kind == "keyring" for _, each in self._references()):
            found["keyring"] = "a secret in the keyring"
        return found

    def _missing(self) -> Iterator[str]:
        if self.plugins is None:
            return
        specs = self.plugins.specs(ConnectorSpec)
        for chosen in self.settings.connectors.values():
            yield from filter(None, (specs[chosen.type].missing(),))
        for task in self.settings.tasks.values():
            for kind, name, _, _ in named_by(task):
                spec = self.plugins.specs(kind).get(name)
                yield from filter(None, (spec.missing() if spec else None,))

    def limits(self) -> Iterator[Finding]:
        yield from installation.check_limits(self.settings.serve.max_connections)

    def torch(self) -> Iterator[Finding]:
        gpus = accelerator.ask_driver()
        needed = any(_TORCH in {one.module for one in each.requires} for each, _ in self._recipes())
        yield from accelerator.check_torch(accelerator.ask_torch(), gpus, needed=needed)
        yield from accelerator.check_driver(gpus)

    def encoders(self) -> Iterator[Finding]:
        configs = [
            spec.configure(options, base=self.base)
            for spec, options in self._recipes()
            if spec.missing() is None
        ]
        found = [encoder for config in configs for _, encoder in encoders_in(config)]
        yield from accelerator.check_encoders(found, self.base)

    def _recipes(self) -> list[tuple[RecipeSpec[Any], Mapping[str, Any]]]:
        if self.plugins is None:
            return []
        specs = self.plugins.specs(RecipeSpec)
        return [
            (specs[name], options)
            for task in self.settings.tasks.values()
            for kind, name, options, _ in named_by(task)
            if kind is RecipeSpec
        ]

    def disk(self) -> Iterator[Finding]:
        needed = machine.needed_by_runs(self.folder)
        yield from access.check_folder(self.folder)
        yield from machine.check_file_system(self.folder, sqlite=self._is_sqlite())
        yield from machine.check_disk(self.folder, needed)
        yield from machine.check_temp(needed)
        yield from machine.check_inodes(self.folder)

    def secrets(self) -> Iterator[Finding]:
        yield from access.check_secrets(self._references())

    def _references(self) -> Iterator[tuple[str, SecretRef]]:
        yield from access.secrets_in(self.settings)
        url = self.settings.state.url
        if url and is_reference(url):
            yield "state.url", SecretRef(url, self.base)
        for name, config in self._connector_configs():
            yield from access.secrets_in(config, f"connectors.{name}")

    def _connector_configs(self) -> Iterator[tuple[str, BaseModel]]:
        if self.plugins is not None and self.file is not None:
            for name in sorted(self.settings.connectors):
                yield name, connector_config(self.settings, self.plugins, self.file, name)[1]

    def certificate(self) -> Iterator[Finding]:
        file = self.settings.serve.certificate
        if file is not None:
            yield from access.check_certificate(file, self.now())

    def _url(self) -> str:
        """The store's address; "" for a file in the state folder, or where it cannot be had."""
        url = self.settings.state.url or ""
        if not is_reference(url):
            return url
        try:
            return SecretRef(url, self.base).reveal()
        except SftsecError:
            return ""

    def _is_sqlite(self) -> bool:
        return not self.settings.state.url or self._url().startswith("sqlite")

    def store(self) -> Iterator[Finding]:
        from sftsec_core.store.inspection import Inspection

        url, database = self._url(), self.folder / DATABASE_FILE
        if not url and self.settings.state.url:
            return  # that the secret is not there was said
        if not url and not database.is_file():
            yield ok("store", "is made by the first command that needs it")
            return
        with Inspection(url or f"sqlite:///{database}", self.now) as store:
            yield from state.check_revision(store)
            if store.revision() == HEAD:
                yield from self._contents(store)

    def _contents(self, store: Inspection) -> Iterator[Finding]:
        yield from findings_of("clock", lambda: state.check_clocks(store, self.now()))
        yield from findings_of("runs", lambda: state.check_runs(store))
        yield from findings_of("workers", lambda: state.check_workers(store))
        yield from findings_of("outbox", lambda: state.check_outbox(store, self.now()))
        yield from findings_of("audit log", lambda: self._audit(store))
        yield from findings_of("hosts", lambda: state.check_hosts(_versions(store)))

    def _audit(self, store: Inspection) -> Iterator[Finding]:
        copied = {
            name: AuditCursor.of(cursor).seq
            for name, (cursor, _) in store.cursors_of(AS_TASK).items()
        }
        yield from state.check_audit(store.audit_entries(), copied)

    def connectors(self) -> Iterator[Finding]:
        if self.plugins is None or self.file is None:
            return
        with Context(self.file, self.settings, self.plugins, actor=self.actor) as context:
            for name, config in self._connector_configs():
                label = f"connector {name}"
                yield from findings_of(label, partial(_checked, context, name))
                yield from clocks.check_platform_clock(name, config, self.now)


def _versions(store: Inspection) -> Mapping[str, Mapping[str, str]]:
    """The versions of each host: of its newest run's plugins, and of its live worker."""
    found = {host: dict(plugins) for host, plugins in store.versions_by_host().items()}
    for worker in store.workers():
        if worker.alive:
            found.setdefault(worker.host, {}).setdefault("sftsec", worker.version)
    return found


def _checked(context: Context, name: str) -> Iterator[Finding]:
    errors = check_connectors(context, [name])[name]
    for error in errors:
        yield fault(f"connector {name}", error, f"sftsec connector check {name}")
    if not errors:
        yield ok(f"connector {name}", "answers, and a first page can be read")
