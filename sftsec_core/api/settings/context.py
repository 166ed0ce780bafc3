"""What `tasks.NAME.context` may say: figures of the events before an event, as numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Literal

from pydantic import Field, field_validator, model_validator

from sftsec_core.api.settings.values import Duration, Strict, format_duration

PREFIX = "context."
SEQUENCE_INPUT = f"{PREFIX}sequence"
_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(days=366)
_MOST_INPUTS = 500


class Of(Strict):
    """The field that a figure is of."""

    of: str = Field(min_length=1, description="Dotted name of the field.")


class Distinct(Strict):
    """How many values of another field the key had in a window; 1,000 at most are told apart."""

    distinct: Of


class SumOf(Strict):
    """The sum of a field's numbers in a window."""

    sum: Of


class Mean(Strict):
    """The mean of a field's numbers in a window."""

    mean: Of


class Deviation(Strict):
    """By how many standard deviations the event's own number differs from the window's mean."""

    deviation: Of


class Delay(Strict):
    """When a verdict counts."""

    delay: Duration = Field(
        timedelta(days=7),
        ge=timedelta(0),
        description="Time from a verdict until it counts: at least as long as from one retraining "
        "to the next, so that scoring knows what training knew.",
    )


class VerdictShare(Strict):
    """How many verdicts became known in a window, and the share of them that were attacks."""

    verdicts: Delay


Figure = (
    Literal["count", "new", "since_first", "since_last"]
    | Distinct
    | SumOf
    | Mean
    | Deviation
    | VerdictShare
)
ContextKey = str | tuple[str, ...]
_OF_FIGURES = frozenset({"keys", "windows", "figures", "clock"})
_NO_FIGURES: dict[str, object] = {"keys": (), "figures": ("count",), "clock": ()}


class SequenceSettings(Strict):
    """The texts of a key's last events, which the model reads behind the event's own."""

    of: str | tuple[str, ...] = Field(
        min_length=1, description="Fields whose values are an event's text, in this order."
    )
    by: ContextKey = Field(
        min_length=1,
        description="Field whose values tell sequences apart; a list is a combination.",
    )
    last: int = Field(20, ge=1, le=100, description="Events, at most.")
    chars: int = Field(
        200,
        ge=10,
        le=2_000,
        description="Characters kept of an event's text; what follows is cut, and counted.",
    )

    @property
    def key(self) -> tuple[str, ...]:
        """The fields that tell sequences apart."""
        return (self.by,) if isinstance(self.by, str) else self.by

    @property
    def sources(self) -> tuple[str, ...]:
        """The fields of an event's text."""
        return (self.of,) if isinstance(self.of, str) else self.of


class ContextSettings(Strict):
    """Figures of the events that came before, as inputs of the model."""

    keys: tuple[ContextKey, ...] = Field(
        ("rule.name", "host.name", ("rule.name", "host.name")),
        description="Fields whose values events are counted by; a list is a combination.",
    )
    windows: tuple[Duration, ...] = Field(
        (timedelta(hours=1), timedelta(days=1), timedelta(days=7)),
        min_length=1,
        description="How far back each figure looks, 1m to 366d.",
    )
    figures: tuple[Figure, ...] = Field(
        ("count", Distinct(distinct=Of(of="rule.name")), "since_first", "since_last", "new"),
        min_length=1,
        description="count, new, since_first, since_last (seconds), distinct: {of: FIELD}, "
        "sum, mean or deviation: {of: FIELD}, verdicts: {delay: 7d}.",
    )
    sequence: SequenceSettings | None = Field(
        None,
        description="Texts of the last events of a user or a host. Without `keys`, `windows` and "
        "`figures` there are no figures beside it.",
    )
    within: str | None = Field(
        None, description="Field whose values never share a count, such as a site or a customer."
    )
    clock: tuple[Literal["hour", "weekday"], ...] = Field(
        ("hour", "weekday"), description="Of the event's own time, in UTC: hour, weekday, or none."
    )
    repeats: float = Field(
        0.5,
        ge=0,
        le=1,
        description="How much less repetition counts in training: of n examples of one label that "
        "differ in their figures alone each weighs n ** -repeats.",
    )
    memory: Duration = Field(
        timedelta(days=90),
        description="How long a key without events is known; at least the longest window.",
    )
    max_keys: int = Field(
        1_000_000, ge=1_000, description="Keys that are known; beyond it the longest unseen goes."
    )

    def to_json(self) -> str:
        """All of it as one line, equal for settings that make equal figures."""
        return json.dumps(self.model_dump(mode="json", exclude={"repeats"}), sort_keys=True)

    @property
    def combinations(self) -> tuple[tuple[str, ...], ...]:
        """The fields of each key."""
        return tuple((key,) if isinstance(key, str) else key for key in self.keys)

    @property
    def distinct_of(self) -> tuple[str, ...]:
        """The fields whose distinct values are counted."""
        found = (each.distinct.of for each in self.figures if isinstance(each, Distinct))
        return tuple(dict.fromkeys(found))

    @property
    def numbers_of(self) -> tuple[str, ...]:
        """The fields whose numbers are added up."""
        found = (
            each.sum.of
            if isinstance(each, SumOf)
            else each.mean.of
            if isinstance(each, Mean)
            else each.deviation.of
            for each in self.figures
            if isinstance(each, SumOf | Mean | Deviation)
        )
        return tuple(dict.fromkeys(found))

    @property
    def delay(self) -> timedelta | None:
        """From a verdict until it counts; None where none does."""
        found = (each.verdicts.delay for each in self.figures if isinstance(each, VerdictShare))
        return next(found, None)

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields that it reads."""
        keys = (name for key in self.combinations for name in key)
        within = (self.within,) if self.within else ()
        sequence = (*self.sequence.key, *self.sequence.sources) if self.sequence else ()
        named = (*keys, *within, *self.distinct_of, *self.numbers_of, *sequence)
        return tuple(dict.fromkeys(named))

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs, `context.KEY.WINDOW.FIGURE`, in the order of their values."""
        return tuple(self._names())

    def _names(self) -> Iterator[str]:
        yield from (PREFIX + each for each in self.clock)
        for key in self.combinations:
            name = PREFIX + "+".join(key)
            for window in self.windows:
                for figure in self.windowed(key):
                    yield from (f"{name}.{_name(window)}.{s}" for s in suffixes(figure))
            yield from (f"{name}.{figure}" for figure in self.plain)
        if self.sequence:
            yield SEQUENCE_INPUT

    def windowed(self, key: tuple[str, ...]) -> tuple[Figure, ...]:
        """The figures that each window of a key has: no distinct values of the key itself."""
        return tuple(
            each
            for each in self.figures
            if each not in self.plain
            and not (isinstance(each, Distinct) and each.distinct.of in key)
        )

    @property
    def plain(self) -> tuple[str, ...]:
        """The figures that look at no window."""
        return tuple(e for e in self.figures if isinstance(e, str) and e != "count")

    @model_validator(mode="before")
    @classmethod
    def _take_a_sequence_alone(cls, value: object) -> object:
        if not isinstance(value, dict) or not value.get("sequence"):
            return value
        return value if value.keys() & _OF_FIGURES else {**value, **_NO_FIGURES}

    @field_validator("keys")
    @classmethod
    def _keys_make_sense(cls, value: tuple[ContextKey, ...]) -> tuple[ContextKey, ...]:
        wholes = [(key,) if isinstance(key, str) else key for key in value]
        if any(not key or not all(key) or len(set(key)) < len(key) for key in wholes):
            raise ValueError("a key names one field, or several different ones in a list")
        twice = next((key for key in wholes if wholes.count(key) > 1), None)
        if twice:
            raise ValueError(f"the key {'+'.join(twice)!r} is listed twice")
        return value

    @field_validator("windows")
    @classmethod
    def _windows_make_sense(cls, value: tuple[timedelta, ...]) -> tuple[timedelta, ...]:
        if any(not _SHORTEST <= each <= _LONGEST for each in value):
            raise ValueError("a window is from 1m to 366d long")
        return tuple(sorted(set(value)))

    @model_validator(mode="after")
    def _all_makes_sense(self) -> ContextSettings:
        if not self.keys and not self.sequence:
            raise ValueError("name at least one key, or a sequence")
        if self.memory < self.windows[-1]:
            raise ValueError("memory must be at least as long as the longest window")
        if any(self.figures.count(each) > 1 for each in self.figures):
            raise ValueError("a figure is listed twice")
        if sum(isinstance(each, VerdictShare) for each in self.figures) > 1:
            raise ValueError("list `verdicts` once: a task has one delay")
        count = len(self.inputs)
        if count > _MOST_INPUTS:
            raise ValueError(
                f"that is {count:,} inputs, more than {_MOST_INPUTS}: list fewer keys, windows or "
                "figures"
            )
        return self


def _name(window: timedelta) -> str:
    """A window in an input's name, the same however it was written: 45m, 24h, 7d."""
    days = window / timedelta(days=1)
    if days > 1 and days.is_integer():
        return f"{int(days)}d"
    return f"{int(24 * days)}h" if (24 * days).is_integer() else format_duration(window)


def suffixes(figure: Figure) -> tuple[str, ...]:
    """What the names of a figure's inputs end in; the share of attacks has its count beside it."""
    if isinstance(figure, str):
        return (figure,)
    if isinstance(figure, VerdictShare):
        return ("verdicts", "attacks")
    ((name, of),) = figure.model_dump().items()
    return (f"{name}.{of['of']}",)
