"""What sftsec.yaml may say at the top. Every default is here; every unknown key is refused."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    model_validator,
)

from sftsec_core.api.errors import unknown
from sftsec_core.api.settings.paths import ConfigPath
from sftsec_core.api.settings.secrets import SecretRef
from sftsec_core.api.settings.task import TaskSettings
from sftsec_core.api.settings.values import Duration, Strict
from sftsec_core.config.access import AccessSettings, tasks_of
from sftsec_core.config.gpu import GpuSettings
from sftsec_core.config.notify import NotifySettings
from sftsec_core.config.schedules import ScheduleSettings, check_schedule_name
from sftsec_core.config.serve import ServeSettings

_TASK_NAME = re.compile(r"\w(?:[\w .-]{0,62}[\w.-])?")


def check_task_name(name: str) -> str:
    """Return a task's name, which names folders of the state and stands before an @ in references.

    Raises:
        ValueError: when it is none.
    """
    if not _TASK_NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is no name of a task: 1 to 64 letters, digits, spaces, dots, dashes or "
            "underscores, a letter or a digit first"
        )
    return name


class EncryptSettings(Strict):
    """How the state is encrypted."""

    key: SecretRef = Field(
        description="Where the key is: 32 bytes in base64 or hex (openssl rand -base64 32). "
        "Without it the state cannot be read again."
    )


class StateSettings(Strict):
    """Where sftsec keeps its own state."""

    folder: Path = Field(
        Path(".sftsec"), description="Snapshots, runs and models; relative to sftsec.yaml."
    )
    url: str | None = Field(
        None,
        description="SQLAlchemy URL of the store; default: SQLite in the folder. "
        "May be a secret reference (env:NAME).",
    )
    artifacts: str | None = Field(
        None,
        min_length=1,
        description="A place that hosts with one database share, for models and snapshots: a "
        "folder, relative to sftsec.yaml, or a URL (s3://, gs://, abfs://, by the extras of these "
        "names). They need the same salt and keys.json.",
    )
    encrypt: EncryptSettings | None = Field(
        None,
        description="Encrypt incidents' texts, verdicts' reasons and detections in the state; "
        "`sftsec store encrypt` does it to what is there already.",
    )
    lease: Duration = Field(
        timedelta(seconds=15),
        ge=timedelta(seconds=1),
        description="How long a run counts as alive after its last heartbeat; a killed run can be "
        "resumed after it.",
    )
    resume_within: Duration = Field(
        timedelta(days=1), description="A run that was interrupted longer ago starts again."
    )


class SignatureSettings(Strict):
    """By whom models must be signed."""

    public_key: ConfigPath = Field(
        description="PEM file, of a key on P-256, P-384 or P-521; relative to sftsec.yaml."
    )


class PromotionSettings(Strict):
    """How many people make a model live."""

    people: int = Field(
        1,
        ge=1,
        le=10,
        description="Who have to approve a model by `sftsec model promote`, also a forced one; "
        "with more than 1, `retrain` leaves what the gate approves waiting.",
    )
    not_requester: bool = Field(
        False,
        description="Who asked for the training may not be the only one who approves its model.",
    )
    rollback_people: int = Field(
        1,
        ge=1,
        le=10,
        description="Who have to approve a rollback; 1, since it is for emergencies.",
    )


class RegistrySettings(Strict):
    """Who vouches for models; signatures take the extra `sign`."""

    sign_key: SecretRef | None = Field(
        None,
        description="Where the private key is (PEM) that `retrain` signs each model with; "
        "default: a person signs, by `sftsec model sign`.",
    )
    require_signature: SignatureSettings | None = Field(
        None, description="No model is loaded or made live that is not signed with this key."
    )
    promotion: PromotionSettings = PromotionSettings()
    replace_within: Duration = Field(
        timedelta(days=30),
        description="How long a model may serve, or be promoted, that learned from incidents which "
        "`sftsec forget` erased since.",
    )


class ConnectorSettings(BaseModel):
    """One SIEM; the keys besides `type` are the connector's own."""

    model_config = ConfigDict(extra="allow", frozen=True)

    type: str = Field(description="A connector that an enabled plugin registers, e.g. files.")

    def options(self) -> dict[str, Any]:
        """The connector's own keys."""
        return dict(self.model_extra or {})


class DriftSettings(Strict):
    """How what is scored is watched for drift."""

    window: int = Field(
        500,
        ge=100,
        le=100_000,
        description="Scored events of a window; each full one is compared with the training data.",
    )
    false_alarms: float = Field(
        1e-6,
        gt=0,
        le=1e-3,
        description="How many false alarms an event may cost; 1e-6 is one in a million events.",
    )
    verdict_delay: Duration = Field(
        timedelta(days=1),
        ge=timedelta(0),
        description="How old a detection must be to count in the live precision.",
    )


class WorkerSettings(Strict):
    """How `sftsec worker run` carries out runs, each in a process of its own."""

    slots: int = Field(1, ge=1, le=256, description="Runs at once.")
    nice: int = Field(10, ge=0, le=19, description="Added to the niceness of a run's processes.")
    memory_gb: float | None = Field(
        None,
        gt=0,
        description="A run whose processes together hold more resident memory is ended, and fails.",
    )
    timeout: Duration | None = Field(
        None,
        gt=timedelta(0),
        description="A run that takes longer is ended, and fails; a run may have its own limit.",
    )
    grace: Duration = Field(
        timedelta(seconds=30),
        ge=timedelta(seconds=1),
        description="How long a run that is to stop may take to write a checkpoint.",
    )


class Settings(Strict):
    """The whole of sftsec.yaml."""

    version: Literal[1] = 1
    state: StateSettings = StateSettings()
    registry: RegistrySettings = RegistrySettings()
    plugins: tuple[str, ...] = Field(
        ("core", "files", "pii"), description="Entry points of the group `sftsec` to load."
    )
    connectors: dict[str, ConnectorSettings] = Field(default_factory=dict)
    tasks: dict[Annotated[str, AfterValidator(check_task_name)], TaskSettings] = Field(
        default_factory=dict
    )
    serve: ServeSettings = ServeSettings()
    drift: DriftSettings = DriftSettings()
    notify: dict[str, NotifySettings] = Field(
        default_factory=dict, description="Who is told of what happens: a name for each place."
    )
    access: AccessSettings | None = Field(
        None, description="Who may do what; default: who can read the state folder may do all."
    )
    gpu: GpuSettings = GpuSettings()
    worker: WorkerSettings = WorkerSettings()
    schedules: (
        dict[Annotated[str, AfterValidator(check_schedule_name)], ScheduleSettings] | None
    ) = Field(
        None,
        description="What runs when. With this section, empty too, `sftsec schedule add`, "
        "`edit` and `remove` are refused; without it the store holds the schedules.",
    )

    @model_validator(mode="after")
    def _scheduled_tasks_exist(self) -> Settings:
        for name, schedule in (self.schedules or {}).items():
            for key, task in schedule.named_tasks.items():
                if task not in self.tasks:
                    raise ValueError(f"schedules.{name}.{key}: {unknown('task', task, self.tasks)}")
        return self

    @model_validator(mode="after")
    def _served_tasks_exist(self) -> Settings:
        for name in self.serve.tasks:
            if name not in self.tasks:
                raise ValueError(f"serve.tasks: {unknown('task', name, self.tasks)}")
        return self

    @model_validator(mode="after")
    def _notified_tasks_exist(self) -> Settings:
        for place, settings in self.notify.items():
            for name in settings.tasks:
                if name not in self.tasks:
                    raise ValueError(f"notify.{place}.tasks: {unknown('task', name, self.tasks)}")
            name = settings.connector or ""
            if name and name not in self.connectors:
                said = unknown("connector", name, self.connectors)
                raise ValueError(f"notify.{place}.connector: {said}")
        return self

    @model_validator(mode="after")
    def _tasks_of_roles_exist(self) -> Settings:
        for name in tasks_of(self.access):
            if name not in self.tasks:
                raise ValueError(f"access: {unknown('task', name, self.tasks)}")
        return self

    @model_validator(mode="after")
    def _names_exist(self) -> Settings:
        for name, task in self.tasks.items():
            for connector in (*task.connectors, *task.destinations):
                if connector not in self.connectors:
                    raise ValueError(
                        f"task {name!r} names connector {connector!r}, which is not one of "
                        f"{sorted(self.connectors)}"
                    )
        return self
