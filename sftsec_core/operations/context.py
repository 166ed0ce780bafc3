"""What a use case works in: settings, plugins, store, registry, the actor and the event stream."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sftsec_core.api.contracts import (
    CalibratorSpec,
    Connector,
    ConnectorContext,
    DeciderSpec,
    RecipeSpec,
    StepContext,
)
from sftsec_core.api.domain import Event, Message, TaskSpec
from sftsec_core.api.errors import ConfigError, PluginError
from sftsec_core.api.settings.secrets import SecretRef, is_reference
from sftsec_core.dataset.steps import step_context
from sftsec_core.operations.preflight import check_against_plugins, connector_config, read
from sftsec_core.operations.stages import Stage, stage
from sftsec_core.plugins import Plugins, get

if TYPE_CHECKING:
    from types import TracebackType

    from pydantic import BaseModel

    from sftsec_core.api.domain import Actor
    from sftsec_core.api.settings.task import TaskSettings
    from sftsec_core.config.settings import Settings
    from sftsec_core.notify.notifier import Notifier
    from sftsec_core.registry.registry import ModelRegistry
    from sftsec_core.store.artifacts import Artifacts
    from sftsec_core.store.label_queue import LabellingQueue
    from sftsec_core.store.run_queue import ClaimedRun
    from sftsec_core.store.store import Store
    from sftsec_core.store.vault import Vault

log = logging.getLogger(__name__)
Sink = Callable[[Event], None]


class Context:
    """What a use case works in; a context manager that closes what it opened.

    Attributes:
        file: the configuration file.
        settings: what it says.
        plugins: those that it enables.
        actor: who acts; stands in the audit log.
        claimed: the run that a worker gave this process to carry out; None where there is none.
    """

    def __init__(
        self,
        file: Path,
        settings: Settings,
        plugins: Plugins,
        *,
        actor: Actor,
        sinks: Sequence[Sink] = (),
    ) -> None:
        self.file = file
        self.settings = settings
        self.plugins = plugins
        self.actor = actor
        self.claimed: ClaimedRun | None = None
        self._sinks = tuple(sinks)
        self._private = ExitStack()

    @classmethod
    def open(cls, file: Path, *, actor: Actor, sinks: Sequence[Sink] = ()) -> Self:
        """Read the configuration and its plugins, and check one against the other.

        Args:
            file: the configuration file.
            actor: who acts.
            sinks: called with each event, in this order; the plugins are told first.

        Raises:
            ConfigError: when the configuration is wrong.
            PluginError: when an enabled plugin cannot be had.
        """
        settings, plugins = read(file)
        check_against_plugins(settings, plugins, file)
        return cls(file, settings, plugins, actor=actor, sinks=sinks)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def emit(self, event: Event) -> None:
        """Send an event to the log, the plugins and the sinks; its time is filled in."""
        event = event if event.at else replace(event, at=datetime.now(UTC))
        if isinstance(event, Message) and event.level == "warning":
            log.warning("%s", event.text)
        else:
            log.debug("%s", event)
        self.plugins.event(event)
        for sink in self._sinks:
            sink(event)
        if self.settings.notify:
            self.notifier(event)

    def stage(self, name: str, task: str, detail: str = "") -> AbstractContextManager[Stage]:
        """Emit the beginning and the end of a stage that belongs to no run."""
        return stage(lambda event: self.emit(replace(event, task=task)), name, detail)

    def reconfigure(self, settings: Settings) -> None:
        """Take up other settings; the store, its folder and the plugins stay those that are open.

        Args:
            settings: checked against the plugins, with the same `state`.
        """
        if notifier := self.__dict__.pop("notifier", None):
            notifier.close()
        self.settings = settings

    def close(self) -> None:
        """Close the store, if it was opened, and let files be made as before."""
        if "notifier" in self.__dict__:
            self.notifier.close()
        if "store" in self.__dict__:
            self.store.close()
        self._private.close()

    @cached_property
    def folder(self) -> Path:
        """The state folder, made now, readable by this user alone.

        Until the context is closed, files that the process makes are this user's alone.

        Raises:
            StoreError: when it cannot be made private or is another user's.
        """
        from sftsec_core.store.private import make_private, private_files

        folder = self.file.resolve().parent / self.settings.state.folder
        make_private(folder)
        self._private.enter_context(private_files())
        return folder

    @cached_property
    def vault(self) -> Vault | None:
        """The keys of an encrypted state, made when it is first opened; None: it is plain.

        Raises:
            ConfigError: when the key is missing, is none, or is not the one of this state.
        """
        from sftsec_core.store.vault import is_encrypted, open_vault

        encrypt = self.settings.state.encrypt
        if encrypt is None:
            if is_encrypted(self.folder):
                raise ConfigError(
                    f"{self.folder} is encrypted: name its key ({{encrypt: {{key: env:NAME}}}})",
                    file=self.file,
                    path="state.encrypt",
                )
            return None
        vault = open_vault(self.folder, encrypt.key)
        if not vault.complete:
            text = "the state holds files from before it was encrypted: sftsec store encrypt"
            self.emit(Message(text=text, level="warning"))
        return vault

    @cached_property
    def store(self) -> Store:
        """The state store, migrated to this version; the context's actor is in its audit log."""
        return self.open_store(self.settings.state.url, actor=self.actor.name)

    def open_store(self, url: str | None, *, actor: str | None, even_moved: bool = False) -> Store:
        """Open a store of this state folder; the caller closes it.

        Args:
            url: as `state.url`; it may be a secret reference.
            actor: who acts, as it stands in the audit log; None for no one's acts.
            even_moved: open one that was moved to another place too.

        Raises:
            StoreError: when it cannot be opened.
            ConfigError: when the secret is missing.
        """
        from sftsec_core.store.store import Store

        return Store.open(
            self.revealed(url),
            folder=self.folder,
            actor=actor,
            lease=self.settings.state.lease,
            vault=self.vault,
            even_moved=even_moved,
        )

    @property
    def store_url(self) -> str:
        """The URL of the store, revealed; it may hold a password."""
        from sftsec_core.store.store import url_of

        return url_of(self.revealed(self.settings.state.url), self.folder)

    def revealed(self, url: str | None) -> str | None:
        """A URL of a store, read from where it is where it is a secret reference."""
        if url and is_reference(url):
            return SecretRef(url, self.file.resolve().parent).reveal()
        return url

    @cached_property
    def notifier(self) -> Notifier:
        """Tells the places of `notify` of what happens."""
        from sftsec_core.notify.notifier import Notifier

        base = self.file.resolve().parent
        return Notifier(self.settings.notify, self.store, base, open_connector=self.connector)

    @cached_property
    def label_queue(self) -> LabellingQueue:
        """What the labelling page of `sftsec serve` shows."""
        from sftsec_core.store.label_queue import LabellingQueue

        return LabellingQueue(self.folder, self.vault)

    def acting_as(self, actor: Actor) -> Context:
        """The same context for another actor, such as the owner of a token of `sftsec serve`.

        It shares the store of this one, which closes it.
        """
        self.store  # noqa: B018 - a cached property: opened once, for both
        if self.settings.notify:
            self.notifier  # noqa: B018 - the same
        other = copy(self)
        other.actor = actor
        return other

    def with_budget(self, task: str, budget: timedelta) -> Context:
        """The same context in which a task's training may take so long."""
        self.store  # noqa: B018 - a cached property: opened once, for both
        train = self.task(task).train.model_copy(update={"budget": budget})
        changed = self.task(task).model_copy(update={"train": train})
        other = copy(self)
        tasks = {**self.settings.tasks, task: changed}
        other.settings = self.settings.model_copy(update={"tasks": tasks})
        return other

    @cached_property
    def registry(self) -> ModelRegistry:
        """The models."""
        from sftsec_core.registry.registry import ModelRegistry
        from sftsec_core.registry.signing import SignaturePolicy

        registry = self.settings.registry
        required = registry.require_signature
        return ModelRegistry(
            self.store.models,
            self.folder / "models",
            self.plugins.specs(RecipeSpec),
            calibrators=self.plugins.specs(CalibratorSpec),
            deciders=self.plugins.specs(DeciderSpec),
            base=self.plugins.base,
            shared=lambda: self.artifacts,
            signatures=SignaturePolicy(
                registry.sign_key, required.public_key if required else None
            ),
        )

    @cached_property
    def salt(self) -> bytes:
        """This site's secret, made once; two processes at once agree on it.

        Raises:
            ConfigError: when the hosts of the site share another one.
        """
        from sftsec_core.store.salt import make_salt, salt_mark

        if salt_mark(self.folder) is None:
            self.artifacts  # noqa: B018 - a site that shares a place has its salt already
        return make_salt(self.folder)

    @cached_property
    def artifacts(self) -> Artifacts | None:
        """The place that hosts share for models and snapshots; None where there is none.

        Raises:
            ConfigError: when it cannot be used, or this host's salt is not that of the site.
            StoreError: when it cannot be reached.
        """
        url = self.settings.state.artifacts
        if url is None:
            return None
        from sftsec_core.store.artifacts import Artifacts
        from sftsec_core.store.salt import make_salt, salt_mark

        found = Artifacts(url, self.file.resolve().parent)
        if (mark := salt_mark(self.folder)) is None:
            found.check_salt(mark)
            make_salt(self.folder)
        found.check_salt(salt_mark(self.folder))
        return found

    def share(self, folder: Path, only: Sequence[str] | None = None) -> None:
        """Upload a folder of models, snapshots or runs where hosts share a place.

        Args:
            folder: below the state folder.
            only: the names of these files in it; default: all.

        Raises:
            StoreError: when the shared place cannot be reached.
            IntegrityError: when a file does not arrive as it was sent.
        """
        if self.artifacts is not None:
            self.artifacts.push(folder.parent.name, folder, only)

    def at_hand(self, folder: Path) -> Path:
        """A folder of models, snapshots or runs, downloaded where it is missing and shared.

        Raises:
            StoreError: when the shared place cannot be reached.
            IntegrityError: when what lies there is damaged.
        """
        shared = None if folder.exists() else self.artifacts
        if shared is not None and folder.parent.parent == self.folder:
            shared.fetch(folder.parent.name, folder)
        return folder

    def task(self, name: str) -> TaskSettings:
        """A task's settings.

        Raises:
            NotFoundError: when there is no such task.
        """
        return get("task", name, self.settings.tasks)

    def task_spec(self, name: str) -> TaskSpec:
        """A task as its models see it: labels sorted, the benign one first."""
        task = self.task(name)
        labels = sorted(task.labels, key=lambda label: (label != task.benign, label))
        read = task.context.to_json() if task.context else ""
        return TaskSpec(
            name, task.inputs, tuple(labels), task.benign, task.group, read, task.objective
        )

    def step_context(self, name: str) -> StepContext:
        """What the task's steps may know."""
        return step_context(self.task(name), self.salt)

    def connector_config(self, name: str) -> BaseModel:
        """A connector's checked options; secrets stand in them as references.

        Raises:
            NotFoundError: when the configuration names no such connector.
            ConfigError: when its keys are wrong.
        """
        return connector_config(self.settings, self.plugins, self.file, name)[1]

    @contextmanager
    def connector(self, name: str) -> Iterator[Connector]:
        """Open a connector; close it at the end.

        Raises:
            NotFoundError: when the configuration names no such connector.
            ConfigError: when its keys are wrong or a secret is missing.
            PluginError: when what the connector needs is not installed.
        """
        spec, config = connector_config(self.settings, self.plugins, self.file, name)
        if missing := spec.missing():
            raise PluginError(missing)
        own = self.folder / "connectors" / name
        own.mkdir(parents=True, exist_ok=True, mode=0o700)
        connector = spec.create(
            config,
            ConnectorContext(
                name, self.salt, own, known=lambda uids: self.store.outbox.known(name, uids)
            ),
        )
        try:
            yield connector
        finally:
            connector.close()
