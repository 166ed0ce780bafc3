"""Which documents a source returns, and where the verdict on one of them is written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Set
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Verdict
from sftsec_core.api.settings.words import word_key
from sftsec_core.sdk.records import UnusableError, parse_time, single, verdict_values
from sftsec_core.sdk.renames import Renames
from sftsec_core.sdk.times import TimeReader
from sftsec_search.config import ARRIVAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sftsec_core.api.domain import Rejection
    from sftsec_search.config import IndexSource
    from sftsec_search.fetch import Hit
    from sftsec_search.pull import Cluster

# What analysts said, and what we said: a model that read it would learn nothing else.
PRIVATE_FIELDS = frozenset({"tags", "kibana.alert.case_ids", "signal.status"})
PRIVATE_PREFIXES = ("kibana.alert.workflow_", "sftsec.")
_USUAL = TimeReader()
_NONE = Renames()
_NO_NAMES: Mapping[str, str] = {}
# Types of fields that hold words as they are, and those that hold no word.
_WORDS = frozenset({"keyword", "constant_keyword"})
_NUMBERS = frozenset({"long", "integer", "short", "byte", "double", "float", "boolean"})
_NO_WORD = ["", "nan", "NaN", "NAN", "Nan"]


class DocumentSource(ABC):
    """Documents that are read in the order of their times.

    Attributes:
        name: names the source in a cursor; another order of documents needs another name.
        index: what to search.
        timestamp: the date field with the event's time.
        query: limits the documents; None for all.
        times: reads the times of events and verdicts.
        renames: names of fields; all that is asked of the cluster has the documents' own.
        arrival: the date field by whose order documents that have it are read; None reads all of
            them by `timestamp`.
        names_arrival: whether the configuration names that field, rather than the default.
        why_by_time: why `arrival` is None.
        time_is_arrival: whether `timestamp` itself says when a document came.
        needed: the fields that `complete` reads, by the documents' names.
        single_values: whether a list of one word or number is read as that one.
        holds_alerts: whether the SIEM's rules write the documents, so that one may be of a
            detection of ours.
    """

    arrival: str | None = None
    names_arrival: bool = False
    why_by_time: str = ""
    time_is_arrival: bool = False
    needed: tuple[str, ...] = ()
    single_values: bool = False
    holds_alerts: bool = False

    def __init__(
        self,
        kind: str,
        index: str,
        timestamp: str,
        query: Mapping[str, Any] | None,
        times: TimeReader = _USUAL,
        renames: Renames = _NONE,
    ) -> None:
        self.renames = renames
        self.timestamp = self.there(timestamp)
        self.name = f"{kind}:{index}:{self.timestamp}"
        self.index = index
        self.query = query
        self.times = times

    def there(self, name: str) -> str:
        """The documents' own name of a field."""
        return self.renames.there(name)[0]

    @property
    @abstractmethod
    def fields(self) -> tuple[str, ...]:
        """The fields that `verdicts` reads, by the documents' names."""

    @abstractmethod
    def labelled_filter(self) -> dict[str, Any] | None:
        """Return a query for the documents that may have a verdict; None where none can.

        Words are compared without case, spaces and dashes, which no query does: `verdicts` decides.
        """

    def judged_filters(self, kinds: Set[str]) -> list[dict[str, Any]]:
        """Return queries for some of those that surely have one, so that they are not brought.

        Args:
            kinds: the types of the first of `fields` in the indices.
        """
        del kinds
        return []

    @abstractmethod
    def verdicts(self, flat: Mapping[str, Any]) -> tuple[Verdict, ...]:
        """Read a document's own verdicts.

        Args:
            flat: its fields, by the documents' names.

        Raises:
            UnusableError: when the field holds an object.
        """

    def closed_filters(self) -> list[dict[str, Any]]:
        """Return queries for documents without a verdict that are not to be scored all the same."""
        return []

    def complete(
        self, hits: Sequence[Hit], cluster: Cluster, wanted: Sequence[str]
    ) -> tuple[list[Hit], list[Rejection]]:
        """Complete documents by what others hold of theirs; by default they are whole.

        Args:
            hits: as they were found; of any source, where an event is looked for by its name.
            cluster: where to look.
            wanted: the fields of `_source` to bring; empty for all.

        Returns:
            The documents, and those that cannot be completed.

        Raises:
            ConnectorError: when the cluster does not answer, or refuses.
        """
        del cluster, wanted
        return list(hits), []

    def names_of(self, cluster: Cluster, people: Iterable[str]) -> Mapping[str, str]:
        """The names behind the ids of analysts, as `verdicts` gives them; by default none.

        Raises:
            ConnectorError: when the cluster does not answer.
        """
        del cluster, people
        return {}

    def is_private(self, name: str) -> bool:
        """Whether a field holds what analysts or we said, so that no model may read it."""
        return any(
            each in PRIVATE_FIELDS or each in self.fields or each.startswith(PRIVATE_PREFIXES)
            for each in (name, *self.renames.there(name))
        )


class LabelledIndex(DocumentSource):
    """An index whose documents may have a field with the verdict."""

    def __init__(
        self, config: IndexSource, times: TimeReader = _USUAL, rename: Mapping[str, str] = _NO_NAMES
    ) -> None:
        """Take the fields of the source, what reads the times of verdicts, and further names."""
        renames = Renames({**rename, **config.rename})
        super().__init__("index", config.index, config.timestamp, config.query, times, renames)
        self._config = config
        self._label = config.label and self.there(config.label)
        self._analyst = config.analyst and self.there(config.analyst)
        self._verdict_time = config.verdict_time and self.there(config.verdict_time)
        self.names_arrival = "arrival_field" in config.model_fields_set
        if config.arrival_field is None:
            self.why_by_time = "`arrival_field` is null"
        elif self.there(config.arrival_field) == self.timestamp:
            self.why_by_time = "`timestamp` is the time of arrival"
            self.time_is_arrival = True
        else:
            self.arrival = self.there(config.arrival_field)
            if self.arrival != ARRIVAL:
                self.name += f":{self.arrival}"  # another order

    @property
    def fields(self) -> tuple[str, ...]:
        """The label, who gave it and when."""
        return tuple(filter(None, (self._label, self._analyst, self._verdict_time)))

    def labelled_filter(self) -> dict[str, Any] | None:
        """Documents that have the label's field."""
        return None if self._label is None else {"exists": {"field": self._label}}

    def judged_filters(self, kinds: Set[str]) -> list[dict[str, Any]]:
        """By the exact words, or by any word that is one, where the engine knows words."""
        if self._label is None or not kinds:
            return []
        values = self._config.values
        if kinds <= _WORDS and values:
            return [{"terms": {self._label: sorted(values)}}]
        there = {"exists": {"field": self._label}}
        if kinds <= _WORDS:
            return [{"bool": {"filter": [there], "must_not": [{"terms": {self._label: _NO_WORD}}]}}]
        return [there] if kinds <= _NUMBERS and not values else []

    def verdicts(self, flat: Mapping[str, Any]) -> tuple[Verdict, ...]:
        """The values of the label field, each with the document's analyst and time."""
        found = None if self._label is None else flat.get(self._label)
        if self._label is None or found is None or found == "":
            self._refuse_object(flat)
            return ()
        analyst = single(flat.get(self._analyst)) if self._analyst else None
        when = self._verdict_time
        at = parse_time(flat.get(when), when, self.times) if when else None
        who = None if analyst is None else str(analyst)
        given = verdict_values(found, self._label)
        return tuple(Verdict(value, who, at) for value in self._counted(given))

    def _refuse_object(self, flat: Mapping[str, Any]) -> None:
        """An object is no verdict, and below its name the label would be among the fields."""
        if self._label and any(name.startswith(f"{self._label}.") for name in flat):
            raise UnusableError(f"{self._label!r} holds an object, not a verdict")

    def _counted(self, given: list[str]) -> Iterator[str]:
        chosen = {word_key(each): verdict for each, verdict in self._config.values.items()}
        for value in given:
            if not chosen:
                yield value
            elif word_key(value) in chosen:
                yield chosen[word_key(value)]
