"""What a plugin gives and what it is given: protocols and specs.

A connector is two files, whole::

    # my_siem/hooks.py
    from collections.abc import Sequence
    from sftsec_core.contracts import ConnectorSpec
    from sftsec_core.hookspecs import hookimpl
    from my_siem.connector import MySiemConfig, MySiemConnector

    @hookimpl
    def sftsec_register_connectors() -> Sequence[ConnectorSpec]:
        return [ConnectorSpec("my_siem", "Incidents of My SIEM", MySiemConfig, MySiemConnector)]

    # my_siem/connector.py
    class MySiemConfig(BaseModel):
        url: str

    class MySiemConnector:
        def __init__(self, config: MySiemConfig) -> None: ...
        def check(self) -> Sequence[str]: return []
        def pull(self, window, *, cursor=None): yield IncidentPage(...)
        def push(self, detections): return PushReceipt(...)
        def request_labels(self, incident_uids): return 0
        def close(self) -> None: ...

and an entry point `my_siem = "my_siem.hooks"` in the group `sftsec`. Its test class inherits
`sftsec_core.testing.ConnectorContract`, which says whether the contract is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sftsec_core.config.models import TrainSettings
    from sftsec_core.domain import (
        AuditEntry,
        Detection,
        Example,
        Incident,
        IncidentPage,
        LabelRequest,
        PullWindow,
        PushReceipt,
        TaskSpec,
        Verdict,
    )


class EmptyConfig(BaseModel):
    """The configuration of something that has none."""

    model_config = ConfigDict(extra="forbid")


# --- connectors ---------------------------------------------------------------------------------


class Connector(Protocol):
    """One SIEM, or whatever holds incidents and takes detections."""

    def check(self) -> Sequence[str]:
        """Say what stands in the way of a pull or a push, a line each; empty when all is well.

        Raises:
            ConnectorError: when the other side cannot be reached at all.
        """
        ...

    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        """Bring incidents a page at a time, in an order that does not change between calls.

        Memory is bounded by the page. A record that cannot be read goes into the page's
        `rejected`; the pull goes on.

        Raises:
            ConnectorUnavailableError: when a lost connection did not come back within the bound.
        """
        ...

    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        """Write detections; one whose uid is there already is a duplicate, not a copy.

        Raises:
            ConnectorUnavailableError: when nothing is known to have been written; the same
                call may be repeated.
        """
        ...

    def request_labels(self, incident_uids: Sequence[str]) -> int:
        """Ask the analysts to judge these; return how many were asked for."""
        ...

    def close(self) -> None:
        """Let go of connections and files; may be called twice."""
        ...


class Yardstick(Protocol):
    """What a user would write without the connector: the vendor's own client, on made-up data.

    `sftsec bench connector` measures both in the same run. Everything that a yardstick makes on
    the platform carries the name that it was made with; nothing else there is touched. Each
    process of the benchmark makes one of its own, with the same name.
    """

    def set_up(self, records: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Make a place for records and write these, each with its id; called once.

        Raises:
            ConnectorError: when something of that name is there already: it stays as it is.
        """
        ...

    def empty(self, target: str) -> None:
        """Make a place for detections, or make it anew when this yardstick made it before."""
        ...

    def connect(self, target: str) -> Connector:
        """Open the connector as configured, pulling `set_up`'s records, pushing to the target."""
        ...

    def scan(self, fields: Sequence[str]) -> Iterator[object]:
        """Read all records with the plain client, as its documentation shows.

        Args:
            fields: the dotted names to bring; empty for whole records.
        """
        ...

    def document(self, detection: Detection) -> Mapping[str, Any]:
        """The document that the connector makes of a detection."""
        ...

    def write(self, target: str, documents: Iterable[tuple[str, Mapping[str, Any]]]) -> int:
        """Write documents, each with its id, with the plain client; return how many arrived."""
        ...

    def count(self, target: str) -> int:
        """How many documents a search finds in a target by now."""
        ...

    def clear(self) -> None:
        """Delete all that `set_up` and `empty` of this object made; may be called twice.

        Raises:
            ConnectorError: naming what could not be deleted.
        """
        ...

    def close(self) -> None:
        """Let go of connections; may be called twice."""
        ...


@runtime_checkable
class NeedsSetup(Protocol):
    """A connector whose other side must be prepared before the first push."""

    def setup(self) -> Sequence[str]:
        """Make what is missing (templates, indices), and say what was made, a line each.

        Doing it again changes nothing.

        Raises:
            ConnectorError: when a right is missing.
        """
        ...


@runtime_checkable
class TakesVerdicts(Protocol):
    """A connector that keeps verdicts for analysts whose platform has no place for them."""

    def add_verdicts(self, verdicts: Sequence[tuple[str, Verdict]]) -> int:
        """Keep verdicts, each beside its incident's uid; return how many are new.

        Raises:
            ConnectorError: when they cannot be kept.
        """
        ...


@runtime_checkable
class AsksForLabels(Protocol):
    """A connector that shows analysts why it asks: called instead of `request_labels`."""

    def ask_for_labels(self, requests: Sequence[LabelRequest]) -> int:
        """Ask the analysts to judge these, the first ones first; return how many are new.

        Raises:
            ConnectorError: when nobody can be asked.
        """
        ...


@runtime_checkable
class KeepsAudit(Protocol):
    """A connector that keeps a copy of the audit log, out of reach of who runs sftsec."""

    def push_audit(self, entries: Sequence[AuditEntry]) -> PushReceipt:
        """Write entries, named by their hash; one that is there already is a duplicate.

        Raises:
            ConnectorUnavailableError: when the other side does not answer; repeat the call.
        """
        ...


@dataclass(frozen=True, slots=True)
class ConnectorSpec:
    """A kind of connector: `type:` in the configuration, its model and its constructor.

    Attributes:
        config_model: checks what `connectors.NAME` says.
        create: opens a connector with such a configuration.
        yardstick: for `sftsec bench connector`, where there is a plain client to compare with:
            from such a configuration, and a name of lower-case letters, digits and dashes.
        example: YAML lines with comments, what `sftsec init --connector NAME` writes below
            `type: NAME`; "" offers none.
    """

    name: str
    summary: str
    config_model: type[BaseModel]
    create: Callable[[Any], Connector]
    yardstick: Callable[[Any, str], Yardstick] | None = None
    example: str = ""


# --- steps --------------------------------------------------------------------------------------


class Step(Protocol):
    """A transform of incidents, before anything is written to disk."""

    def __call__(self, incidents: Sequence[Incident]) -> Sequence[Incident]:
        """Return the batch transformed, fewer perhaps, never more, in the same order."""
        ...

    def counts(self) -> Mapping[str, int]:
        """What was done so far, for the report ({"email": 12}); never a value of the data."""
        ...


@dataclass(frozen=True, slots=True)
class StepContext:
    """What a step may know besides its own configuration.

    Attributes:
        text_fields: the dotted names that the task reads.
        salt: this site's secret, 32 bytes: equal values get equal placeholders here only.
    """

    text_fields: tuple[str, ...]
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class StepSpec:
    """A kind of step. Steps run by `order`, then by name: 100 normalise, 200 redact."""

    name: str
    summary: str
    order: int
    config_model: type[BaseModel]
    create: Callable[[Any, StepContext], Step]


# --- recipes ------------------------------------------------------------------------------------


class TrainedModel(Protocol):
    """A model that scores texts and can be kept.

    It may also have `notes`, a mapping of JSON values for the run's log and the benchmark, and
    `cost`, an int that stands for its recipe's where that depends on what was chosen.
    """

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, in the order of `predict_proba`'s columns."""
        ...

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities, shape (len(texts), len(labels)); rows sum to 1, in the texts' order."""
        ...

    def save(self, folder: Path) -> None:
        """Write weights (safetensors) and settings (JSON) into an existing empty folder."""
        ...


@dataclass(frozen=True, slots=True)
class TrainJob:
    """One order to a recipe.

    Attributes:
        task: what is asked; `task.labels` gives the columns' order.
        train: to fit on; at least two of its labels occur.
        dev: to choose and stop early on; may be empty.
        settings: everything under `train:` of the task.
        workdir: a folder of the job's own, kept between a kill and the rerun: checkpoints.
        log: called with a step's number and its figures, now and then.
        deadline_s: seconds that the job may take; None for no bound.
        device: the accelerator that the run was lent ("cuda:0"); None leaves the choice to torch.
    """

    task: TaskSpec
    train: Sequence[Example]
    dev: Sequence[Example]
    settings: TrainSettings
    workdir: Path
    log: Callable[[int, Mapping[str, float]], None] = lambda _step, _values: None
    deadline_s: float | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class RecipeSpec:
    """A way to make a model.

    Attributes:
        name: `recipe:` in the configuration.
        cost: relative expense of scoring one text; the gate's "equal and cheaper" compares it.
        requires: importable modules that it needs; missing ones are named with their extra.
        train: fits a model; resumes from what an earlier, killed call left in `job.workdir`.
        load: reads a folder that the model's `save` wrote, without unpickling anything.
    """

    name: str
    summary: str
    cost: int
    train: Callable[[TrainJob], TrainedModel]
    load: Callable[[Path], TrainedModel]
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """A place to run a recipe: this process (`local`), a cluster, ..."""

    name: str
    summary: str
    run: Callable[[RecipeSpec, TrainJob], TrainedModel]


# --- the rest -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """A figure of quality for the report.

    Attributes:
        compute: (true classes as column numbers, shape (n,); probabilities, shape (n, k);
            the benign column or None) to the figure, or None where it is undefined.
    """

    name: str
    summary: str
    higher_is_better: bool
    compute: Callable[[NDArray[np.int64], NDArray[np.float64], int | None], float | None]


@dataclass(frozen=True, slots=True)
class TaskTemplate:
    """A ready-made task: `sftsec init --task NAME` writes it; `body` is what `tasks.NAME` holds."""

    name: str
    summary: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AttackSpec:
    """A way to disguise a text while it still does the same: for robustness tests."""

    name: str
    summary: str
    perturb: Callable[[str, Random], str]


@dataclass(frozen=True, slots=True)
class ExplainerSpec:
    """A way to say why: for each text its most telling pieces, with their weights."""

    name: str
    summary: str
    explain: Callable[[TrainedModel, Sequence[str]], Sequence[Sequence[tuple[str, float]]]]


@dataclass(frozen=True, slots=True)
class GpuRequest:
    """What a run wants of an accelerator."""

    run_id: str
    task: str
    memory_gb: float | None = None


@dataclass(frozen=True, slots=True)
class GpuLease:
    """The device that a run may use while it holds the lease, as torch names it ("cuda:0")."""

    device: str
