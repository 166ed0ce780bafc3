"""A transform: a change of the training part alone, between the leak check and the recipes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from sftsec_core.api.contracts.base import ConfigT, Spec

if TYPE_CHECKING:
    from sftsec_core.api.domain import Example, InputField, TaskSpec


@dataclass(frozen=True, slots=True)
class TransformResult:
    """What a transform made of the training examples.

    Attributes:
        examples: to train on. A row that it changed keeps its uid; one that it adds has a uid of
            its own and a label of the task's.
        notes: counts for the report, by name ({"copies": 120}); never a value of the data.
        review: a row's uid to why its label should be looked at again: `sftsec labels review` asks
            until there is a new verdict on it.
    """

    examples: Sequence[Example]
    notes: Mapping[str, int] = field(default_factory=dict)
    review: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformSpec(Spec[ConfigT]):
    """A change of the training part: `train.transforms` of a task; dev and test never see it.

    Rows that it adds, removes, re-weights or labels otherwise are counted. A row that is, or is
    near, one of dev or test is taken out of what it adds.

    Attributes:
        run: (own settings, training examples, task, seed) to the result; examples are not changed
            in place, and the seed is the only chance.
        check: (own settings, the task's inputs), called before anything is pulled: raises a
            ConfigError that says in one line which of the settings the inputs do not allow.
    """

    hook: ClassVar[str] = "sftsec_register_transforms"
    kind: ClassVar[str] = "transform"

    run: Callable[[ConfigT, Sequence[Example], TaskSpec, int], TransformResult]
    check: Callable[[ConfigT, Sequence[InputField]], object] | None = None
