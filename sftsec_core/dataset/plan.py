"""What an ingest is to do, and what it says of each page."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.dataset.forgotten import Forgotten
from sftsec_core.dataset.snapshot import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sftsec_core.api.domain import Incident, InputKind, Inputs, Rejection
    from sftsec_core.api.settings.task import DedupeSettings
    from sftsec_core.dataset.steps import StepChain

_RULES = 3  # of what a copy is and how parts are stored: no build goes on under other ones


@dataclass(frozen=True, slots=True)
class PageSummary:
    """The result of one page.

    Attributes:
        cursor: the page's own.
        read: incidents on it, those rejected not counted.
        rejected: records that could not be read, for the quarantine. A page may be seen again
            after a kill: keep a rejection by `where` and `digest`.
        judged: its incidents with a verdict, after the steps, with the kept fields only.
        judged_inputs: the digest of what was read of each of them, in their order.
        connector: where the page is from; "" where all are from one connector.
    """

    cursor: str
    read: int
    rejected: tuple[Rejection, ...]
    judged: tuple[Incident, ...] = ()
    judged_inputs: tuple[str, ...] = ()
    connector: str = ""


@dataclass(frozen=True, slots=True)
class IngestPlan:
    """What a build is to do.

    Attributes:
        fields: dotted names to keep, with their kinds: the inputs' and what a detection carries.
        group_field: the field whose value keeps incidents together in a split.
        steps: what happens to incidents before anything else.
        dedupe: when incidents count as copies.
        render: an incident, cleaned and with the kept fields only, as the inputs that the model
            reads; none drop it.
        connectors: whose pages come as `SourcePage`, where there are several.
        events: keep each record as an event of its own, whatever others hold: the model reads
            how many there were.
        forgotten: what is left out as if it had not been pulled.
        sample: of a pool of unlabelled incidents: rows kept at most, and the salt of the draw;
            None keeps all.
    """

    fields: Mapping[str, InputKind]
    group_field: str | None
    steps: StepChain
    dedupe: DedupeSettings
    render: Callable[[Incident], Inputs]
    connectors: tuple[str, ...] = ()
    events: bool = False
    sample: tuple[int, bytes] | None = None
    forgotten: Forgotten = field(default_factory=lambda: Forgotten((), b""))

    def digest(self) -> str:
        """Name the plan: a work folder of one plan is never resumed under another one."""
        settings = [self.steps.settings, self.dedupe.model_dump()]
        said: list[Any] = [SCHEMA_VERSION, _RULES, list(self.fields.items()), self.group_field]
        said += settings
        if self.connectors:  # a plan of before there were several keeps its name
            said.append(self.connectors)
        if self.events:
            said.append("events")
        if self.sample:
            said.append(f"sample {self.sample[0]}")
        return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()
