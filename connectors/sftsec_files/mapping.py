"""From a record to an `Incident`: flat dotted fields, identity, time and verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Incident, PullWindow, Verdict
from sftsec_core.api.settings.words import word_key
from sftsec_core.sdk.fields import select_fields
from sftsec_core.sdk.records import (
    UnusableError,
    flatten,
    parse_time,
    refuse_long_values,
    single,
    verdict_values,
)
from sftsec_core.sdk.renames import Renames
from sftsec_core.sdk.window import TimeBounds
from sftsec_files.columns import FieldCheck, needed_fields
from sftsec_files.identity import RecordNamer
from sftsec_files.pictures import PictureFields
from sftsec_files.wrappers import Unwrapper

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sftsec_files.config import FilesConfig
    from sftsec_files.parts import Seen
    from sftsec_files.sources import SourceFile
    from sftsec_files.verdicts import VerdictFile


class RecordMapper:
    """Makes incidents of one file's records, as the configuration and the window ask."""

    def __init__(
        self,
        config: FilesConfig,
        window: PullWindow,
        source: SourceFile,
        check: FieldCheck,
        log: VerdictFile | None = None,
        seen: Seen | None = None,
    ) -> None:
        """Prepare for one file.

        Args:
            config: which fields hold what, and the limits.
            window: what is asked for; `fields` limits the fields that are brought.
            source: the file, for names, the split and the label of its folder.
            check: is shown the records while it misses a field.
            log: verdicts that were given elsewhere, by the names of records.
            seen: is shown times and names, where it matters what a window leaves out.
        """
        self._seen = seen
        self._log = log
        self._config = config
        self._window = window
        self._source = source
        self._namer = RecordNamer(config, source.path)
        self._wanted = window.fields
        self._check = check
        json_lines = source.format == "jsonl"
        self._unwrap = Unwrapper(config, needed_fields(config, window), by_path=json_lines)
        self._wraps = source.format in ("jsonl", "json")
        self._times = config.times
        self._renames = Renames(config.rename)
        self._label_prefix = f"{config.label}."
        self._no_verdict = frozenset(map(word_key, config.no_verdict))
        self._pictures = PictureFields(config.images, source.path.parent)
        self._private = config.private

    def incident(self, record: dict[str, Any], size: int) -> Incident | None:
        """Make an incident; None when it lies outside the window.

        Args:
            record: the parsed record, nested or flat.
            size: its bytes: a short record need not be searched for a long value.

        Raises:
            UnusableError: when the record cannot be used.
        """
        config = self._config
        if self._wraps:
            record = self._unwrap(record)
        flat = flatten(record, config.max_depth)
        if self._renames:
            flat = self._renames.apply(flat)
        if self._check.missing:
            self._check.see(flat)
        pictures = self._pictures.take(flat)
        if size > config.max_field_bytes:
            refuse_long_values(flat, config.max_field_bytes)
        at = parse_time(flat.get(config.timestamp), config.timestamp, self._times)
        if not self._in_time(at):
            return None
        verdicts = self._verdicts(flat)
        uid, logged = self._logged(flat, record)
        verdicts += logged
        if self._window.labelled is not None and bool(verdicts) != self._window.labelled:
            return None
        uid = self._namer.name(flat, record) if uid is None else uid
        asked = {k: v for k, v in pictures.items() if not self._wanted or k in self._wanted}
        fields = self._fields(flat) | self._pictures.read(asked)
        return Incident(uid, fields, verdicts, at, self._source.split)

    def _logged(
        self, flat: dict[str, Any], record: dict[str, Any]
    ) -> tuple[str | None, tuple[Verdict, ...]]:
        """The uid and the verdicts that were given elsewhere; no uid where none could be."""
        if self._log is None or not (self._log.counted or self._seen):
            return None, ()
        uid = self._namer.name(flat, record)
        if self._seen is not None:
            self._seen.uid(uid)
        return uid, self._log.of(uid)

    def _in_time(self, at: datetime | None) -> bool:
        window = self._window
        if self._seen is not None:
            self._seen.time(at)
        if window.since is None and window.until is None:
            return True
        if at is None:
            raise UnusableError(
                f"no time in {self._config.timestamp!r}, so it cannot be said to lie in the window"
            )
        return TimeBounds(window.since, window.until).contains(at)

    def _fields(self, flat: dict[str, Any]) -> dict[str, Any]:
        if self._wanted:
            return select_fields(flat, self._wanted, self._is_private)
        return {k: v for k, v in flat.items() if v is not None and k not in self._private}

    def _is_private(self, name: str) -> bool:
        return name in self._private

    def _verdicts(self, flat: Mapping[str, Any]) -> tuple[Verdict, ...]:
        if self._source.label is not None:
            return (Verdict(self._source.label),)
        found = flat.get(self._config.label)
        if found is None or found == "":
            self._refuse_object(flat)
            return ()
        given = verdict_values(found, self._config.label)
        if self._no_verdict:
            given = [value for value in given if word_key(value) not in self._no_verdict]
        if not given:
            return ()
        analyst = single(flat.get(self._config.analyst)) if self._config.analyst else None
        when = self._config.verdict_time
        at = parse_time(flat.get(when), when, self._times) if when else None
        who = None if analyst is None else str(analyst)
        return tuple(Verdict(value, who, at) for value in given)

    def _refuse_object(self, flat: Mapping[str, Any]) -> None:
        """An object is no verdict, and below its name the label would be among the fields."""
        if any(name.startswith(self._label_prefix) for name in flat):
            raise UnusableError(f"{self._config.label!r} holds an object, not a verdict")
