"""A step: a transform of incidents before the first write to disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from sftsec_core.api.contracts.base import ConfigT, Spec
from sftsec_core.api.domain.inputs import InputKind

if TYPE_CHECKING:
    from sftsec_core.api.domain import Incident, Rejection


class Step(Protocol):
    """A transform of incidents, before anything is written to disk; it never sees a verdict."""

    def __call__(self, incidents: Sequence[Incident]) -> Sequence[Incident]:
        """Return the batch transformed, fewer perhaps, never more, in the same order."""
        ...

    def counts(self) -> Mapping[str, int]:
        """What was done so far, for the report ({"email": 12}); never a value of the data."""
        ...


@runtime_checkable
class CleansVerdictText(Protocol):
    """A step that also cleans what people wrote in verdicts; it sees no value and no incident."""

    def clean_reason(self, text: str) -> str:
        """Return a verdict's free text cleaned."""
        ...

    def clean_analyst(self, name: str) -> str:
        """Return the name of a verdict's analyst, or what stands for it."""
        ...


@runtime_checkable
class RejectsIncidents(Protocol):
    """A step that finds some incidents unusable: it leaves them out of what it returns."""

    def take_rejected(self) -> Sequence[Rejection]:
        """What was found unusable since the last call, in order, for the quarantine.

        `where` is the incident's uid; `reason` holds no value of the data. What a step leaves out
        and does not name here is counted as dropped.
        """
        ...


@dataclass(frozen=True, slots=True)
class StepContext:
    """What a step may know besides its own configuration.

    Attributes:
        text_fields: the dotted names that the task reads as text.
        salt: this site's secret, 32 bytes: equal values get equal placeholders here only.
        earlier: the task's steps that run before this one, in their order. A step that adds text,
            such as "decode", has them run on it first; their counts include it.
        image_fields: the dotted names that the task reads as images.
    """

    text_fields: tuple[str, ...]
    salt: bytes = field(repr=False)
    earlier: tuple[Step, ...] = field(default=(), repr=False)
    image_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledText:
    """A made-up text of which is known what a step has to replace in it.

    Attributes:
        kind: the group in which it is counted: "email".
        fields: an incident's fields.
        hidden: the values that must not remain; none for what only looks alike and must stay.
        held_out: whether it was left unseen while the step's rules were written.
    """

    kind: str
    fields: Mapping[str, Any]
    hidden: tuple[str, ...] = ()
    held_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSpec(Spec[ConfigT]):
    """A kind of step. Steps run by `order`, then by name: 100 normalise, 200 redact, 250 decode.

    Attributes:
        order: when it runs.
        create: makes the step from its settings.
        labelled_texts: what `sftsec bench redaction` measures a step on that replaces values.
        checks: kinds of input that such a step checks before anything is written; a task with an
            IMAGE must name one that checks it.
    """

    hook: ClassVar[str] = "sftsec_register_steps"
    kind: ClassVar[str] = "step"

    order: int
    create: Callable[[ConfigT, StepContext], Step]
    labelled_texts: Callable[[], Iterable[LabelledText]] | None = None
    checks: frozenset[InputKind] = frozenset()
