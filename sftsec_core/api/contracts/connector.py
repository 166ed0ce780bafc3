"""A connector: one SIEM, or whatever holds incidents and takes detections."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from sftsec_core.api.contracts.base import ConfigT, Spec

if TYPE_CHECKING:
    from sftsec_core.api.domain import (
        AuditAnchor,
        AuditEntry,
        Detection,
        IncidentPage,
        LabelRequest,
        PullWindow,
        PushReceipt,
        Rejection,
        Verdict,
    )


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

    def request_labels(self, requests: Sequence[LabelRequest]) -> int:
        """Ask the analysts for verdicts on these incidents; return how many requests are new.

        Asking again for the same incident changes nothing and counts nothing.

        Raises:
            ConnectorError: when the platform cannot ask.
        """
        ...

    def close(self) -> None:
        """Let go of connections and files; may be called twice."""
        ...


class ReferenceClient(Protocol):
    """What a user would write without the connector: the vendor's own client, on made-up data.

    `sftsec bench connector` measures both in the same run. Everything that a reference client
    makes on the platform carries the name that it was made with; nothing else there is
    touched. Each process of the benchmark makes one of its own, with the same name.
    """

    def set_up(self, records: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Make a place for records and write these, each with its id; called once.

        Raises:
            ConnectorError: when something of that name is there already: it stays as it is.
        """
        ...

    def empty(self, target: str) -> None:
        """Make a place for detections; empty it when this reference client made it before."""
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
class AddsRecords(Protocol):
    """A reference client that can add to its records: a data set of them is built twice."""

    def add(self, records: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Write more records beside those of `set_up`, and wait until a search finds them."""
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
class DescribesReading(Protocol):
    """A connector that reads in a way that depends on what its platform holds."""

    def describe_reading(self) -> Sequence[str]:
        """Say how each source is read and why, a line each, for `sftsec connector check`.

        Raises:
            ConnectorError: when the platform does not answer, or refuses.
        """
        ...


@runtime_checkable
class TakesVerdicts(Protocol):
    """A connector that keeps verdicts for analysts whose platform has no place for them."""

    def add_verdicts(self, verdicts: Sequence[tuple[str, Verdict]]) -> int:
        """Keep verdicts, each beside its incident's uid; return how many are new.

        Called with none, it raises what keeps it from taking any.

        Raises:
            ConnectorError: when they cannot be kept.
        """
        ...


@runtime_checkable
class RetractsVerdicts(Protocol):
    """A connector that can take back a verdict that `TakesVerdicts.add_verdicts` has kept."""

    def retract_verdicts(self, verdicts: Sequence[tuple[str, Verdict]]) -> int:
        """Let verdicts count no longer, each named by what was given; return how many are new.

        Raises:
            ConnectorError: when that cannot be written down.
        """
        ...


class PullPart(Protocol):
    """A part of a pull that a later pull can leave out, when it would bring the same.

    `name` says where its records are and what they hold, as a digest: 1 to 64 letters, digits and
    dashes. What else its incidents depend on, such as verdicts that lie elsewhere or the window,
    goes into the proof.
    """

    @property
    def name(self) -> str:
        """Names the part, and what its records hold."""
        ...

    def pages(self, cursor: str | None) -> Iterator[IncidentPage]:
        """Bring its incidents, as `Connector.pull`, after a page's cursor or from its start."""
        ...

    def proof(self) -> str:
        """Return, once it was pulled to its end, what else its incidents depend on."""
        ...

    def holds(self, proof: str) -> bool:
        """Return whether a pull would bring the same as that which gave the proof."""
        ...


@runtime_checkable
class PullsParts(Protocol):
    """A connector that can tell what its source holds without bringing it.

    A part that an earlier pull brought, and that holds still, is not pulled again: the second pull
    of a million incidents of which a hundredth is new brings the hundredth.
    """

    def parts(self, window: PullWindow) -> Iterator[PullPart]:
        """Say of which parts a pull consists: one after the other they bring what `pull` brings.

        Args:
            window: as for `pull`.

        Raises:
            ConnectorError: as `pull` does.
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


@runtime_checkable
class ReadsAudit(Protocol):
    """A connector that can tell how far its copy of the audit log goes: what anchors the log."""

    def last_audit(self, log: str) -> AuditAnchor | None:
        """Return the end of the copy of one log, read from the platform; None where it has none.

        An entry that was written a moment ago may not show yet.

        Args:
            log: the hash of the log's first entry, which its copies carry (`AuditEntry.log`).

        Raises:
            ConnectorUnavailableError: when the other side does not answer; repeat the call.
            ConnectorError: when it may not be read.
        """
        ...


class KnownDetections(Protocol):
    """Gives those of some uids that are detections of ours, by uid."""

    def __call__(self, uids: Sequence[str], /) -> Mapping[str, Detection]:
        """Look them up; those that are not ours are left out."""
        ...


def none_known(uids: Sequence[str]) -> Mapping[str, Detection]:
    """Know no detection: `ConnectorContext.known` where there is no outbox."""
    del uids
    return {}


@dataclass(frozen=True, slots=True)
class ConnectorContext:
    """What a connector may know besides its own configuration.

    Attributes:
        name: its name under `connectors`, for messages.
        salt: this site's secret, 32 bytes.
        folder: a folder of its own in the state folder; it exists.
        known: gives those of some uids that are detections of ours for this connector, by uid, as
            the outbox holds them; after a loss of the state it knows none.
    """

    name: str
    salt: bytes = field(repr=False)
    folder: Path
    known: KnownDetections = field(default=none_known, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Records of a file or a folder, read before there is a configuration.

    Attributes:
        options: the connector's keys that bring these records, JSON values.
        label_options: names that stand in the records for what may hold the verdict beside their
            fields, such as the folder of a file, to the connector's keys that take it from there.
        keys: "id", "time", "time_format", "label", "analyst" and "verdict_time" to the connector's
            key that says it; without those that the connector finds by itself.
        records: flat records with dotted names, at most so many of each file (None: all), or the
            reason why one could not be read; each call begins at the first.
        time: the name of the event's time in the records (ISO 8601), where the connector finds it
            by itself and it is none of their fields.
        notes: keys of `options` that are a guess, or what is left out, to the reason.
    """

    options: Mapping[str, Any]
    keys: Mapping[str, str]
    records: Callable[[int | None], Iterator[Mapping[str, Any] | Rejection]]
    label_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    time: str | None = None
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorSpec(Spec[ConfigT]):
    """A kind of connector: `type:` in the configuration.

    Attributes:
        create: opens a connector with its checked configuration.
        reference_client: for `sftsec bench connector`: a plain client to compare with, made
            from such a configuration and a name of lower-case letters, digits and dashes.
        example: YAML lines with comments, what `sftsec init --connector NAME` writes below
            `type: NAME`; "" offers none.
        preset: the task that `sftsec init --connector NAME` writes where --task names none;
            "" leaves that to sftsec.
        sample: for `sftsec init --from PATH`: opens a file or a folder as records, given the folder
            of the configuration that is to be written; raises ConnectorError when it cannot.
        default_window: how far back to pull for a task that does not say; None for all time. A
            platform on which a search over all time is a burden has one.
        field_names: for `sftsec init`: the fields of task presets, which are ECS's, to the
            platform's own names for the same; a preset's other fields stay.
        entity_fields: for `sftsec init`: the platform's names for who and what an event concerns;
            a new task keeps them, so that its detections carry them.
        default_keep: given a connector's checked configuration, those of the entity fields that a
            task keeps which does not say `keep`: none that holds what analysts said.
    """

    hook: ClassVar[str] = "sftsec_register_connectors"
    kind: ClassVar[str] = "connector type"

    create: Callable[[ConfigT, ConnectorContext], Connector]
    reference_client: Callable[[ConfigT, str], ReferenceClient] | None = None
    example: str = ""
    preset: str = ""
    sample: Callable[[Path, Path], Sample] | None = None
    default_window: timedelta | None = None
    field_names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    entity_fields: Sequence[str] = ()
    default_keep: Callable[[ConfigT], Sequence[str]] | None = None
