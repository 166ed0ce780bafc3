"""What a recipe trains on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from sftsec_core.api.domain.inputs import TEXT_INPUT, Inputs, inputs_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Example:
    """One incident's inputs with their label, and what keeps it out of the wrong part of a split.

    Attributes:
        uid: the incident's uid.
        inputs: input name to value, as the model reads them; texts are cleaned and redacted.
        label: one of the task's labels.
        cluster: examples that are near-duplicates of each other share this number; -1 for none.
        groups: the cases, hosts or reports that it belongs to, when the task names a field.
        at: the event's time (timezone-aware).
        split: the part that the source itself put it in, if it did.
        weight: the trust in its label, 0 (none) to 1 (full).
        facets: field name to value, of the fields by which an evaluation groups figures; no model
            reads them.
        judged: whether an analyst gave the label; what has another's is learned from, and is not
            what settings or models are compared on.
        extents: name of a TEXT input of several fields to the length of each of `InputField.fields`
            in it, 0 where that has no value: for what changes texts by field. None: not known.
        analysts: on whom its label rests, sorted, by the names that the task's steps leave them;
            empty where that is not known. No model reads them.
        digest: of the inputs: examples of one digest are copies of each other.
    """

    uid: str
    inputs: Inputs
    label: str
    cluster: int = -1
    groups: tuple[str, ...] = ()
    at: datetime | None = None
    split: str | None = None
    weight: float = 1.0
    facets: Mapping[str, str] = field(default_factory=dict)
    judged: bool = True
    extents: Mapping[str, tuple[int, ...]] | None = None
    analysts: tuple[str, ...] = ()
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", inputs_digest(self.inputs))

    @classmethod
    def of_text(cls, uid: str, text: str, label: str, **more: Any) -> Self:  # noqa: ANN401 - the other attributes
        """Make an example of a task whose one input is a text."""
        return cls(uid, {TEXT_INPUT: text}, label, **more)


@dataclass(frozen=True, slots=True)
class Split:
    """Train to fit, dev to choose, test to report; no inputs, cluster or group in two of them.

    Attributes:
        method: how it was made ("given", "time", "group", "stratified", a plugin's name).
        notes: what a reader of the report should know: rows dropped as copies, dev carved
            from train.
    """

    train: Sequence[Example]
    dev: Sequence[Example]
    test: Sequence[Example]
    method: str = "given"
    notes: tuple[str, ...] = ()

    def parts(self) -> tuple[tuple[str, Sequence[Example]], ...]:
        """The three parts with their names, in the order train, dev, test."""
        return (("train", self.train), ("dev", self.dev), ("test", self.test))
