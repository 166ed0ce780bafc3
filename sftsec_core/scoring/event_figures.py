"""Figures of the events before those of a page, from the state that scoring keeps.

The state begins with the data set that the model was made of, replayed as for its training. An
event that the data set holds has the figures that training gave it and is not counted again; any
other is counted as it comes. What a page has changed is written with the cursor: see `record`.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Inputs
from sftsec_core.dataset.context.events import ContextReader
from sftsec_core.dataset.context.replay import named_figures
from sftsec_core.dataset.sources import scoped_uid
from sftsec_core.store.context_states import ContextHead

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from sftsec_core.api.domain import Incident
    from sftsec_core.dataset.context.events import ContextEvent
    from sftsec_core.dataset.context.replay import ContextPlan
    from sftsec_core.dataset.context.state import ContextState, Value
    from sftsec_core.dataset.context.verdicts import VerdictHistory
    from sftsec_core.store.context_states import ContextStates


@dataclass(frozen=True, slots=True)
class ContextSeed:
    """What a state begins with.

    Attributes:
        snapshot: digest of the data set; "" where there is none.
        state: after its last event.
        values: an event's uid to its figures, of all that it holds.
        until: time of its newest event, in microseconds since 1970.
    """

    snapshot: str
    state: ContextState
    values: Mapping[str, tuple[Value, ...]]
    until: int


@dataclass(slots=True)
class EventFigures:
    """Gives a page's incidents their figures.

    Attributes:
        task: the task's name.
        plan: what is counted, as the model was trained.
        states: where the states of tasks are kept.
        make_seed: makes what a state begins with, when that is needed: of the data set of a
            digest, or of the model's for "".
        verdicts: what is known of verdicts by now.
        source: the connector's name where the data set is of several; else "".
        keeps: whether a page counts: `score` keeps the state, all others only read it.
        again: begin the state again, as what comes now was counted before.
    """

    task: str
    plan: ContextPlan
    states: ContextStates
    make_seed: Callable[[str], ContextSeed]
    verdicts: VerdictHistory | None = None
    source: str = ""
    keeps: bool = False
    again: bool = False
    _seed: ContextSeed | None = field(init=False, default=None)
    _page: _PageState | None = field(init=False, default=None)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def beside(
        self,
        rows: Sequence[tuple[Incident, Inputs]],
        others: Sequence[tuple[Incident, Inputs]],
    ) -> list[tuple[Incident, Inputs]]:
        """The rows with their figures beside their inputs.

        Args:
            rows: of one page.
            others: of the same page, which count and are not scored.
        """
        found = self.figures([incident for incident, _ in (*rows, *others)])
        return [
            (incident, {**inputs, **read})
            for (incident, inputs), read in zip(rows, found[: len(rows)], strict=True)
        ]

    def figures(self, incidents: Sequence[Incident]) -> list[Inputs]:
        """The figures of each incident, in their order; none of one without a time.

        Raises:
            StoreError: when the state cannot be read.
        """
        reader = ContextReader(self.plan.settings, self.plan.salt)
        events = [reader(each, scoped_uid(self.source, each.uid)) for each in incidents]
        order = sorted((event, place) for place, event in enumerate(events) if event is not None)
        read: list[tuple[Value, ...] | None] = [None] * len(events)
        with self._lock:  # endpoints read from several threads
            page = self._open([event for event, _ in order])
            for event, place in order:
                read[place] = self._values(event, page)
            self._page = page
        names = self.plan.settings.inputs
        return [named_figures(names, values) for values in read]

    def record(self, connection: Connection) -> None:
        """Write what the last page has changed.

        Args:
            connection: the transaction that moves the cursor.

        Raises:
            StoreError: when another process scores the same task.
        """
        page, self._page = self._page, None
        if page is None or not self.keeps:
            return
        if page.begins:
            head = ContextHead(self.settings_digest, page.snapshot, page.until)
            self.states.replace_all(self.task, head, page.state.packed(), page.before, connection)
            self.again = False
        elif page.before is not None and page.touched:
            rows = [row for row in page.state.packed() if row[0] in page.touched]
            new, most = len(page.touched - page.known), self.plan.settings.max_keys
            self.states.update(self.task, page.before, rows, new, most, connection)

    def _seed_of(self, snapshot: str) -> ContextSeed:
        if self._seed is None or snapshot not in ("", self._seed.snapshot):
            self._seed = self.make_seed(snapshot)
        return self._seed

    @property
    def settings_digest(self) -> str:
        """Names the settings that the state is made by."""
        said = self.plan.settings.to_json().encode()
        return hashlib.blake2b(said, digest_size=32, key=self.plan.salt[:64]).hexdigest()

    def _open(self, events: Sequence[ContextEvent]) -> _PageState:
        head = self.states.head(self.task)
        if self.again or head is None or head.settings != self.settings_digest:
            seed = self._seed_of("")
            seed.state.verdicts = self.verdicts
            return _PageState(seed.state, head, seed.snapshot, seed.until, begins=True)
        keys = {key for event in events for key in event.keys if key is not None}
        packed = self.states.load(self.task, keys)
        state = self.plan.state(self.verdicts, bound=False)
        state.load(packed)
        return _PageState(state, head, head.snapshot, head.until, known=frozenset(packed))

    def _values(self, event: ContextEvent, page: _PageState) -> tuple[Value, ...]:
        if event.at <= page.until and page.snapshot:
            known = self._seed_of(page.snapshot).values.get(event.uid)
            if known is not None:
                return known
        if not self.keeps:
            return page.state.read(event)
        if event.at <= page.state.until:
            page.touched.update(_keys(event))
        return page.state.add(event)


def _keys(event: ContextEvent) -> Iterable[bytes]:
    return (key for key in event.keys if key is not None)


@dataclass(slots=True)
class _PageState:
    """The part of the state that a page needs.

    Attributes:
        before: the head as it was read; None where the task had no state.
        begins: whether the whole state is written with the page.
        known: the keys that the store had.
        touched: the keys that the page has changed.
    """

    state: ContextState
    before: ContextHead | None
    snapshot: str
    until: int
    begins: bool = False
    known: frozenset[bytes] = frozenset()
    touched: set[bytes] = field(default_factory=set)
