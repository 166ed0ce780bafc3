"""The streaming state: an event in, the figures of the events before it out.

A dataset build and scoring run this code, event by event, so that a model is given in scoring what
it was given in training. The rules:

1. Events come in the order of their times, those of one time by uid. The figures of an event are
   of those before it in this order, never of itself.
2. An event that comes late, behind a newer one of its key, is counted in the bucket of its own
   time, and reads what lies in that bucket and before: nothing newer than a sixtieth of a window.
3. An event dated after `until` is given figures and is not counted: a wrong clock must not push
   what is known out of its windows.
4. A key that had no event for the settings' `memory` is new again. Beyond `max_keys` the key that
   was unseen for longest is forgotten, and counted.
5. A sequence has the texts of events of strictly earlier times, the newest last, those of one time
   in the order of their texts.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sftsec_core.api.settings.context import Deviation, Distinct, Mean, SumOf, VerdictShare
from sftsec_core.dataset.context.key_state import BUCKETS, KeyState, Shape

if TYPE_CHECKING:
    from sftsec_core.api.settings.context import ContextSettings, Figure
    from sftsec_core.dataset.context.events import ContextEvent
    from sftsec_core.dataset.context.verdicts import VerdictHistory

Value = float | tuple[str, ...] | None
_MICROSECOND = timedelta(microseconds=1)
_HOT = 50_000  # keys held as objects, the others packed: about a tenth of the memory
_DAY, _HOUR = 86_400_000_000, 3_600_000_000


def shape_of(settings: ContextSettings) -> Shape:
    """How a key's state is laid out under these settings."""
    windows = tuple(window // _MICROSECOND for window in settings.windows)
    return Shape(
        tuple(window // BUCKETS for window in windows),
        windows,
        len(settings.numbers_of),
        len(settings.distinct_of),
        settings.sequence.last if settings.sequence else 0,
    )


@dataclass(slots=True)
class ContextCounts:
    """What has become of events.

    Attributes:
        added: counted.
        late: of those, the ones that came behind a newer event of one of their keys.
        ahead: dated after `until`, and so not counted.
        evicted: keys that were forgotten, since there were more than `max_keys`.
        cut: characters that texts of a sequence lost, of events that were added.
    """

    added: int = 0
    late: int = 0
    ahead: int = 0
    evicted: int = 0
    cut: int = 0


@dataclass(slots=True)
class ContextState:
    """The state of a task's keys.

    Attributes:
        settings: what is counted.
        until: the latest time, in microseconds since 1970, of an event that is counted.
        verdicts: what is known of verdicts; None for nothing.
        bound: forget keys beyond `max_keys`; a part of a state that is kept elsewhere does not.
        counts: what has become of events so far.
    """

    settings: ContextSettings
    until: int
    verdicts: VerdictHistory | None = None
    bound: bool = True
    counts: ContextCounts = field(default_factory=ContextCounts)
    shape: Shape = field(init=False)
    _memory: int = field(init=False)
    _hot: OrderedDict[bytes, KeyState] = field(init=False, default_factory=OrderedDict)
    _cold: OrderedDict[bytes, bytes] = field(init=False, default_factory=OrderedDict)
    _figures: tuple[tuple[Callable[..., Sequence[Value]], ...], ...] = field(init=False)
    _plain: tuple[Callable[[int, bytes | None, KeyState | None], Value], ...] = field(init=False)

    def __post_init__(self) -> None:
        """Lay out what the settings ask for."""
        self.shape = shape_of(self.settings)
        self._memory = self.settings.memory // _MICROSECOND
        self._plain = tuple(_PLAIN[name] for name in self.settings.plain)
        self._figures = tuple(
            tuple(map(self._figure, self.settings.windowed(key)))
            for key in self.settings.combinations
        )

    def __len__(self) -> int:
        return len(self._hot) + len(self._cold)

    def load(self, packed: Mapping[bytes, bytes]) -> None:
        """Take up keys that were packed before."""
        self._cold.update(packed)

    def packed(self) -> Iterator[tuple[bytes, int, bytes]]:
        """Each key, when it was last seen, and its packed state; the longest unseen come first."""
        for key, raw in self._cold.items():
            yield key, KeyState.unpack(raw, self.shape).last, raw
        for key, state in self._hot.items():
            yield key, state.last, state.pack()

    def add(self, event: ContextEvent) -> tuple[Value, ...]:
        """Count an event, and return the figures of the events before it.

        Returns:
            A value for each of `settings.inputs`, in their order; None where it is not known.
        """
        values = self.read(event)
        if event.at > self.until:
            self.counts.ahead += 1
            return values
        late = False
        for number, key in enumerate(event.keys):
            if key is not None:
                late |= self._count(event, number, key)
        self.counts.added += 1
        self.counts.late += late
        self.counts.cut += event.cut
        self._keep_bounds()
        return values

    def _count(self, event: ContextEvent, number: int, key: bytes) -> bool:
        """Count an event for one of its keys, and tell whether it came late there."""
        state = self._known(key, event.at)
        if state is None:
            state = KeyState(self.shape)
        late = state.first is not None and event.at < state.last
        if number < len(self._figures):
            state.add(event.at, self.shape, event.numbers, event.values)
        else:  # the sequence's key is the last
            state.remember(event.at, event.text, self.shape.last)
        self._hot[key] = state
        self._hot.move_to_end(key)
        return late

    def read(self, event: ContextEvent) -> tuple[Value, ...]:
        """The figures of the events before one, which is not counted."""
        values: list[Value] = []
        values += (_CLOCK[name](event.at) for name in self.settings.clock)
        for number, key in enumerate(event.keys[: len(self._figures)]):
            state = None if key is None else self._known(key, event.at)
            for index, length in enumerate(self.shape.buckets):
                totals = state.rings[index].totals(event.at // length) if state else None
                for figure in self._figures[number]:
                    values += figure(event, key, state, totals, index)
            values += (figure(event.at, key, state) for figure in self._plain)
        if self.shape.last:
            values.append(self._sequence(event))
        return tuple(values)

    def _sequence(self, event: ContextEvent) -> Value:
        key = event.keys[-1]
        if key is None:
            return None
        state = self._known(key, event.at)
        return state.texts_before(event.at, self.shape.last) if state else ()

    def _known(self, key: bytes, at: int) -> KeyState | None:
        """The state of a key; None where it is new."""
        state = self._hot.get(key)
        if state is None and (raw := self._cold.pop(key, None)) is not None:
            state = self._hot[key] = KeyState.unpack(raw, self.shape)
        return None if state is None or at - state.last > self._memory else state

    def _keep_bounds(self) -> None:
        while len(self._hot) > _HOT:
            key, state = self._hot.popitem(last=False)
            self._cold[key] = state.pack()
        while self.bound and len(self) > self.settings.max_keys:
            (self._cold or self._hot).popitem(last=False)
            self.counts.evicted += 1

    # --- the figures of a window

    def _figure(self, figure: Figure) -> Callable[..., Sequence[Value]]:
        """The function of a figure: (event, key, state, totals, number of the window) to values."""
        if isinstance(figure, Distinct):
            return self._distinct(self.settings.distinct_of.index(figure.distinct.of))
        if isinstance(figure, VerdictShare):
            return self._judged
        if isinstance(figure, SumOf | Mean | Deviation):
            ((name, of),) = figure.model_dump().items()
            return _of_numbers(name, self.settings.numbers_of.index(of["of"]))
        return _count

    def _distinct(self, field_: int) -> Callable[..., Sequence[Value]]:
        def figure(
            event: ContextEvent,
            key: bytes | None,
            state: KeyState | None,
            _totals: object,
            window: int,
        ) -> Sequence[Value]:
            if key is None or state is None:
                return (None if key is None else 0.0,)
            after = event.at - self.shape.windows[window]
            return (float(state.distinct_since(field_, after, event.at)),)

        return figure

    def _judged(
        self,
        event: ContextEvent,
        key: bytes | None,
        _state: object,
        _totals: object,
        window: int,
    ) -> Sequence[Value]:
        if key is None:
            return (None, None)
        length, history = self.shape.windows[window], self.verdicts
        known, attacks = history.known(key, event.at, length) if history else (0, 0)
        return (float(known), attacks / known if known else None)


def _count(
    _event: object, key: bytes | None, _state: object, totals: Sequence[float] | None, _window: int
) -> Sequence[Value]:
    return (None if key is None else float(totals[0]) if totals else 0.0,)


def _of_numbers(name: str, place: int) -> Callable[..., Sequence[Value]]:
    """Sum, mean or deviation of the field at a place of the settings' `numbers_of`."""

    def figure(
        event: ContextEvent,
        _key: object,
        _state: object,
        totals: Sequence[float] | None,
        _window: int,
    ) -> Sequence[Value]:
        count, total, squares = totals[1 + 3 * place : 4 + 3 * place] if totals else (0, 0.0, 0.0)
        if name == "sum":
            return (total,)
        if not count:
            return (None,)
        mean = total / count
        if name == "mean":
            return (mean,)
        spread = math.sqrt(max(0.0, squares / count - mean * mean))
        own = event.numbers[place]
        return (None if own is None or spread <= 1e-9 * abs(mean) else (own - mean) / spread,)

    return figure


def _since(at: int, then: int | None) -> Value:
    return None if then is None else max(0, at - then) / 1e6


_CLOCK: Mapping[str, Callable[[int], float]] = {
    "hour": lambda at: at % _DAY / _HOUR,
    "weekday": lambda at: float((at // _DAY + 3) % 7),  # 1970 began on a Thursday; Monday is 0
}
_PLAIN: Mapping[str, Callable[[int, bytes | None, KeyState | None], Value]] = {
    "new": lambda _at, key, state: None if key is None else float(state is None),
    "since_first": lambda at, _key, state: _since(at, state.first) if state else None,
    "since_last": lambda at, _key, state: _since(at, state.last) if state else None,
}


def latest_counted(now: datetime) -> int:
    """The latest time of an event that counts: a day ahead of now, as clocks and zones differ."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return (now + timedelta(days=1) - epoch) // _MICROSECOND
