"""What decides: how a text is rendered, how data is split, what is promoted, what is pushed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sftsec_core.api.contracts.base import ConfigT, Spec

if TYPE_CHECKING:
    from sftsec_core.api.domain import (
        Detection,
        EvalReport,
        Example,
        Incident,
        Split,
        Suppression,
        TaskSpec,
        Vote,
    )
    from sftsec_core.api.settings.split import SplitSettings
    from sftsec_core.api.settings.task import GateSettings

BUILT_IN_SPLITS = frozenset({"auto", "given", "time", "group", "stratified"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RendererSpec(Spec[ConfigT]):
    """How an incident becomes the text that a model reads: `render` of a task.

    Attributes:
        render: (settings, incident, cleaned and redacted; task) to the text, the same in training
            and in scoring. "" drops the incident.
    """

    hook: ClassVar[str] = "sftsec_register_renderers"
    kind: ClassVar[str] = "renderer"

    render: Callable[[ConfigT, Incident, TaskSpec], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitterSpec(Spec[ConfigT]):
    """How examples are divided: `split.method` of a task; the leak check follows.

    Attributes:
        split: (own settings, examples sorted by uid, the task's `split:`) to the three parts.
    """

    hook: ClassVar[str] = "sftsec_register_splitters"
    kind: ClassVar[str] = "splitter"
    reserved: ClassVar[frozenset[str]] = BUILT_IN_SPLITS

    split: Callable[[ConfigT, Sequence[Example], SplitSettings], Split]


@dataclass(frozen=True, slots=True, kw_only=True)
class VoterSpec(Spec[ConfigT]):
    """A voter of the promotion gate. It votes on every task; `gate.voters.NAME` has its settings.

    Attributes:
        vote: (own settings, candidate's report, live model's report or None, the task's `gate:`)
            to one vote or several; None abstains. One rejection or exception rejects the model.
    """

    hook: ClassVar[str] = "sftsec_register_voters"
    kind: ClassVar[str] = "voter"

    vote: Callable[
        [ConfigT, EvalReport, EvalReport | None, GateSettings], Vote | Sequence[Vote] | None
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressorSpec(Spec[ConfigT]):
    """A reason not to push a detection: `suppress.NAME` of a task.

    Attributes:
        suppress: (own settings, detection) to the reason, or None when it may go out.
    """

    hook: ClassVar[str] = "sftsec_register_suppressors"
    kind: ClassVar[str] = "suppressor"

    suppress: Callable[[ConfigT, Detection], Suppression | None]
