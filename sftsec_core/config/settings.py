"""What sftsec.yaml may say at the top. Every default is here; every unknown key is refused."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from sftsec_core.api.errors import unknown
from sftsec_core.api.settings.paths import ConfigPath
from sftsec_core.api.settings.rate import RateSetting
from sftsec_core.api.settings.secrets import SecretRef
from sftsec_core.api.settings.task import TaskSettings
from sftsec_core.api.settings.values import Duration, Fraction, Strict
from sftsec_core.config.access import AccessSettings, tasks_of
from sftsec_core.config.notify import NotifySettings
from sftsec_core.config.schedules import ScheduleSettings, check_schedule_name

_DEVICE = re.compile(r"^(\d+(:\d+)?|(GPU|MIG)-[0-9A-Za-z/-]+)$")

_OWNER = re.compile(r"[A-Za-z0-9_.-]{1,64}")


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


class ConnectorSettings(BaseModel):
    """One SIEM; the keys besides `type` are the connector's own."""

    model_config = ConfigDict(extra="allow", frozen=True)

    type: str = Field(description="A connector that an enabled plugin registers, e.g. files.")

    def options(self) -> dict[str, Any]:
        """The connector's own keys."""
        return dict(self.model_extra or {})


def _named_references(value: object) -> object:
    """Refuse what is no mapping of names, without a word of it: it may be the token itself."""
    if not isinstance(value, dict):
        raise ValueError("write a name and a reference for each: {splunk: env:NAME}")  # noqa: TRY004 - pydantic's
    if not all(isinstance(name, str) and _OWNER.fullmatch(name) for name in value):
        raise ValueError("a token's name is 1 to 64 letters, digits, dots, dashes or underscores")
    return value


class ServeSettings(Strict):
    """What `sftsec serve` answers, to whom, and where it listens."""

    host: str = Field("127.0.0.1", min_length=1, description="Where it listens.")
    port: int = Field(8765, ge=0, le=65535, description="0 takes one that is free.")
    certificate: ConfigPath | None = Field(
        None, description="PEM file of the certificate, with its chain; relative to sftsec.yaml."
    )
    key: ConfigPath | None = Field(None, description="PEM file of its key, not encrypted.")
    behind_proxy: bool = Field(
        False, description="Another program does TLS: plain http is allowed on any address."
    )
    tokens: Annotated[dict[str, SecretRef], BeforeValidator(_named_references)] = Field(
        default_factory=dict, description="Who may ask: a name for the log, where its token is."
    )
    analysts: tuple[str, ...] = Field(
        (),
        description="Names of `tokens` whose owners may label on the page /label; `sftsec labels "
        "request` puts incidents there when somebody may.",
    )
    tasks: tuple[str, ...] = Field((), description="Which may be scored; default: all.")
    max_batch: int = Field(1000, ge=1, le=100_000, description="Events a request.")
    max_body_bytes: int = Field(8 * 2**20, ge=1024, description="Bytes a request.")
    threads: int = Field(
        1, ge=1, le=64, description="Models that compute at once; one task's batches go one by one."
    )
    batch_events: int = Field(
        256,
        ge=1,
        le=100_000,
        description="Events of up to 2,000 characters that requests are scored by together.",
    )
    batch_wait: Duration = Field(
        timedelta(milliseconds=5),
        ge=timedelta(0),
        le=timedelta(seconds=1),
        description="How long a batch that is not full waits for requests that are being read.",
    )
    queue: int = Field(
        256, ge=1, le=100_000, description="Requests at once, of all tokens; past them 503."
    )
    queue_bytes: int = Field(
        256 * 2**20, ge=1024, description="Bytes of their bodies at once; past them 503."
    )
    rate: RateSetting | None = Field(
        None,
        description="Requests of a token; past them 429. 6000/m lets 6,000 come at once.",
    )
    event_rate: RateSetting | None = Field(
        None, description="Events of a token; who went past them waits with the next request."
    )
    drain: Duration = Field(
        timedelta(seconds=30),
        ge=timedelta(0),
        le=timedelta(hours=1),
        description="After SIGTERM: how long requests in hand are finished; new ones get 503.",
    )
    metrics: Literal["token", "open"] = Field(
        "token",
        description="Who may read /metrics: tokens with the role viewer, or anyone who reaches it.",
    )
    traces: str | None = Field(
        None,
        pattern=r"^https?://[^\s@]+$",
        description="Where a collector takes OTLP over HTTP (http://localhost:4318/v1/traces); it "
        "gets the spans of requests, batches and models. Needs the extra `otel`.",
    )
    max_connections: int = Field(
        256,
        ge=1,
        le=100_000,
        description="Open at once; then one without a request ends, or 503. Open files bound it.",
    )
    max_requests_per_token: int = Field(
        128, ge=1, le=100_000, description="Requests of a token at once; past them 429."
    )
    head_timeout: Duration = Field(
        timedelta(seconds=10),
        gt=timedelta(0),
        description="Within which a request's head must arrive; a TLS handshake too.",
    )
    body_timeout: Duration = Field(
        timedelta(seconds=30),
        gt=timedelta(0),
        description="Within which a request's body must arrive, and its response be read.",
    )

    wrong_token_delay: Duration = Field(
        timedelta(seconds=1),
        ge=timedelta(0),
        le=timedelta(seconds=10),
        description="How long the answer to a wrong token waits.",
    )

    @model_validator(mode="after")
    def _certificate_and_key_go_together(self) -> ServeSettings:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together: name both or neither")
        return self

    @model_validator(mode="after")
    def _analysts_have_tokens(self) -> ServeSettings:
        for name in self.analysts:
            if name not in self.tokens:
                raise ValueError(f"analysts: {unknown('token', name, self.tokens)}")
        return self


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


def _device_name(value: object) -> object:
    """Read an index, which YAML takes for a number, as the text that it is here."""
    name = str(value)
    if isinstance(value, int) and value >= 60:
        # YAML 1.1 takes 1:0 for a minute; no machine has so many GPUs.
        name = f"{value // 60}:{value % 60}"
    if isinstance(value, bool) or not _DEVICE.fullmatch(name):
        raise ValueError("write an index (0; 0:1 for a MIG slice) or a UUID (GPU-..., MIG-...)")
    return name


def _device_names(value: object) -> object:
    """Read indices, which YAML takes for numbers, as the texts that they are here."""
    if isinstance(value, list | tuple):
        return [str(each) if isinstance(each, int) else each for each in value]
    return value


DeviceName = Annotated[
    str,
    BeforeValidator(_device_name),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": _DEVICE.pattern},
            ]
        }
    ),
]


class GpuSettings(Strict):
    """Which GPUs runs may lease, and what happens when none is free; takes the extra `gpu`."""

    allow: tuple[DeviceName, ...] = Field(
        (),
        description="Indices (0; 0:1 for a MIG slice) or UUIDs (GPU-..., MIG-...) of those that "
        "may be leased; default: all that CUDA_VISIBLE_DEVICES leaves.",
    )
    min_free: ByteSize = Field(
        ByteSize(2 * 2**30),
        ge=0,
        description="Memory that must be free on a GPU before it is leased (2GiB); a task may "
        "need more (`train.needs.memory`).",
    )
    max_foreign: Fraction = Field(
        0.2,
        description="Fraction of a GPU's memory that processes other than the run's may hold; "
        "beyond it the GPU is not leased, and a run on it ends to be resumed elsewhere.",
    )
    fallback: Literal["cpu", "wait"] = Field(
        "cpu",
        description="When no GPU is free: `cpu` trains tasks there whose `train.device` does not "
        "ask for one, `wait` lets every task wait.",
    )
    wait: Duration = Field(
        timedelta(minutes=30),
        ge=timedelta(0),
        description="How long a run waits for a GPU; then it ends, to be resumed.",
    )
    lease: Duration = Field(
        timedelta(minutes=1),
        ge=timedelta(seconds=3),
        description="How long a lease lasts after its last renewal: what a killed run held is "
        "free after it.",
    )
    watch: Duration = Field(
        timedelta(seconds=5),
        ge=timedelta(seconds=1),
        description="How often a run looks at its GPUs: lost, released or taken by others.",
    )
    rest: Duration = Field(
        timedelta(minutes=30),
        ge=timedelta(0),
        description="How long a GPU that a run lost is not leased again.",
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
    tasks: dict[str, TaskSettings] = Field(default_factory=dict)
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
