"""What the state takes of an incident: its time, its keys as hashes, its values."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sftsec_core.dataset.values import as_number
from sftsec_core.sdk.fields import as_text

if TYPE_CHECKING:
    from sftsec_core.api.domain import Incident
    from sftsec_core.api.settings.context import ContextSettings

KEY_BYTES = 16
_VALUE_BYTES = 8
_LARGEST = 1e100  # so that no sum of squares overflows
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, order=True)
class ContextEvent:
    """An event as the state sees it; events are ordered by time, those of one time by uid.

    Attributes:
        at: microseconds since 1970.
        uid: the incident's.
        keys: a hash for each key of the settings, then for the sequence's, if they have one; None
            where the event lacks one of its fields.
        values: a hash for each field whose distinct values are counted; None where it is missing.
        numbers: a number for each field whose numbers are added up; None where it is missing.
        text: its line in the sequence; "" where it has none.
        cut: characters of the text that are not in the line.
    """

    at: int
    uid: str
    keys: tuple[bytes | None, ...] = field(compare=False)
    values: tuple[int | None, ...] = field(compare=False)
    numbers: tuple[float | None, ...] = field(compare=False)
    text: str = field(default="", compare=False)
    cut: int = field(default=0, compare=False)


def microseconds(at: datetime) -> int:
    """A time as whole microseconds since 1970, exactly."""
    return (at - _EPOCH) // _MICROSECOND


class ContextReader:
    """Reads events of incidents; hosts and users leave it as hashes under the site's salt."""

    def __init__(self, settings: ContextSettings, salt: bytes) -> None:
        """Take the settings, and the secret of at most 64 bytes that hashes are keyed with."""
        self._sequence = settings.sequence
        last = (self._sequence.key,) if self._sequence else ()
        self._keys = tuple(enumerate((*settings.combinations, *last)))
        self._within = settings.within
        self._distinct = settings.distinct_of
        self._numbers = settings.numbers_of
        self._salt = salt

    def __call__(self, incident: Incident, uid: str | None = None) -> ContextEvent | None:
        """The event, or None of an incident without a time, which has no place in the stream.

        Args:
            incident: with the fields that the settings name.
            uid: what names it within the data set; default: its own.
        """
        if incident.at is None:
            return None
        texts = {name: as_text(incident.fields.get(name)) for name in self._named()}
        within = "" if self._within is None else texts[self._within]
        line, cut = self._line(incident)
        return ContextEvent(
            microseconds(incident.at),
            incident.uid if uid is None else uid,
            tuple(self._key(n, [texts[name] for name in key], within) for n, key in self._keys),
            tuple(self._value(texts[name]) for name in self._distinct),
            tuple(_bounded(incident.fields.get(name)) for name in self._numbers),
            line,
            cut,
        )

    def _line(self, incident: Incident) -> tuple[str, int]:
        """An event's text on one line, and how many characters of it are cut."""
        if self._sequence is None:
            return "", 0
        values = (as_text(incident.fields.get(name)) for name in self._sequence.sources)
        # A lone surrogate, which JSON may carry, could not be kept as UTF-8.
        text = " ".join(" ".join(values).split()).encode("utf-8", "replace").decode()
        return text[: self._sequence.chars], max(0, len(text) - self._sequence.chars)

    def _named(self) -> set[str]:
        within = {self._within} if self._within else set()
        return {name for _, key in self._keys for name in key} | set(self._distinct) | within

    def _key(self, number: int, parts: Sequence[str], within: str) -> bytes | None:
        if not all(parts):
            return None
        return self._hash("\x00".join((str(number), within, *parts)), KEY_BYTES)

    def _value(self, text: str) -> int | None:
        return int.from_bytes(self._hash(text, _VALUE_BYTES), "little") if text else None

    def _hash(self, text: str, size: int) -> bytes:
        raw = text.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(raw, digest_size=size, key=self._salt).digest()


def _bounded(value: object) -> float | None:
    number = as_number(value)
    return None if number is None or abs(number) > _LARGEST else number
