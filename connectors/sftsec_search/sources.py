"""Which documents a source returns, and where the verdict on one of them is written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Verdict
from sftsec_core.api.settings.words import word_key
from sftsec_core.sdk.records import parse_time, single, verdict_values
from sftsec_core.sdk.times import TimeReader
from sftsec_search.config import ARRIVAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sftsec_search.config import IndexSource

# What analysts said, and what we said: a model that read it would learn nothing else.
PRIVATE_FIELDS = frozenset({"tags", "kibana.alert.case_ids", "signal.status"})
PRIVATE_PREFIXES = ("kibana.alert.workflow_", "sftsec.")
_USUAL = TimeReader()
OURS = "sftsec"  # event.module of our own detections, and of the alerts that are made of them


class DocumentSource(ABC):
    """Documents that are read in the order of their times.

    Attributes:
        name: names the source in a cursor; another order of documents needs another name.
        index: what to search.
        timestamp: the date field with the event's time.
        query: limits the documents; None for all.
        times: reads the times of events and verdicts.
        arrival: the date field by whose order documents that have it are read; None reads all of
            them by `timestamp`.
        names_arrival: whether the configuration names that field, rather than the default.
        why_by_time: why `arrival` is None.
        time_is_arrival: whether `timestamp` itself says when a document came.
    """

    arrival: str | None = None
    names_arrival: bool = False
    why_by_time: str = ""
    time_is_arrival: bool = False

    def __init__(
        self,
        kind: str,
        index: str,
        timestamp: str,
        query: Mapping[str, Any] | None,
        times: TimeReader = _USUAL,
    ) -> None:
        self.name = f"{kind}:{index}:{timestamp}"
        self.index = index
        self.timestamp = timestamp
        self.query = query
        self.times = times

    @property
    @abstractmethod
    def fields(self) -> tuple[str, ...]:
        """The fields that `verdicts` reads."""

    @abstractmethod
    def labelled_filter(self) -> dict[str, Any] | None:
        """Return a query for the documents that have a verdict; None where none can."""

    @abstractmethod
    def verdicts(self, flat: Mapping[str, Any]) -> tuple[Verdict, ...]:
        """Read a document's own verdicts.

        Raises:
            UnusableError: when the field holds an object.
        """

    def closed_filters(self) -> list[dict[str, Any]]:
        """Return queries for documents without a verdict that are not to be scored all the same."""
        return []

    def is_private(self, name: str) -> bool:
        """Whether a field holds what analysts or we said, so that no model may read it."""
        return name in PRIVATE_FIELDS or name in self.fields or name.startswith(PRIVATE_PREFIXES)


class LabelledIndex(DocumentSource):
    """An index whose documents may have a field with the verdict."""

    def __init__(self, config: IndexSource, times: TimeReader = _USUAL) -> None:
        """Take the fields of the source, and what reads the times of verdicts."""
        super().__init__("index", config.index, config.timestamp, config.query, times)
        self._config = config
        self.names_arrival = "arrival_field" in config.model_fields_set
        if config.arrival_field is None:
            self.why_by_time = "`arrival_field` is null"
        elif config.arrival_field == config.timestamp:
            self.why_by_time = "`timestamp` is the time of arrival"
            self.time_is_arrival = True
        else:
            self.arrival = config.arrival_field
            if self.arrival != ARRIVAL:
                self.name += f":{self.arrival}"  # another order

    @property
    def fields(self) -> tuple[str, ...]:
        """The label, who gave it and when."""
        config = self._config
        return tuple(filter(None, (config.label, config.analyst, config.verdict_time)))

    def labelled_filter(self) -> dict[str, Any] | None:
        """Documents whose label is a verdict."""
        config = self._config
        if config.label is None:
            return None
        if config.values:
            # A field of text may have `1.0`; one of numbers takes it for 1.
            whole = (f"{each}.0" for each in config.values if each.lstrip("+-").isdecimal())
            return {"terms": {config.label: sorted({*config.values, *whole})}}
        return {"exists": {"field": config.label}}

    def verdicts(self, flat: Mapping[str, Any]) -> tuple[Verdict, ...]:
        """The values of the label field, each with the document's analyst and time."""
        config = self._config
        found = None if config.label is None else flat.get(config.label)
        if config.label is None or found is None or found == "":
            return ()
        analyst = single(flat.get(config.analyst)) if config.analyst else None
        when = config.verdict_time
        at = parse_time(flat.get(when), when, self.times) if when else None
        who = None if analyst is None else str(analyst)
        given = verdict_values(found, config.label)
        return tuple(Verdict(value, who, at) for value in self._counted(given))

    def _counted(self, given: list[str]) -> Iterator[str]:
        chosen = {word_key(each): verdict for each, verdict in self._config.values.items()}
        for value in given:
            if not chosen:
                yield value
            elif word_key(value) in chosen:
                yield chosen[word_key(value)]
