"""From a batch of events to their results: as `sftsec score` judges them, and nothing written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Incident, IncidentPage
from sftsec_core.dataset.values import storable
from sftsec_core.scoring.scorer import (
    Prediction,
    Scorer,
    decide_page,
    detection_of,
    rate_page,
    suppression_of,
    top_classes,
)
from sftsec_core.sdk.records import UnusableError, flatten, parse_time
from sftsec_core.server.schemas import ClassProbability, Event, Result

if TYPE_CHECKING:
    from datetime import datetime

NO_TEXT = "there is no text in the fields that the task reads"
LEFT_OUT = "a step of the task leaves it out"
_MAX_DEPTH = 20
_TIME = "@timestamp"


@dataclass(frozen=True, slots=True)
class BatchScorer:
    """A model that is ready to answer.

    Attributes:
        scorer: as `sftsec score` would use it.
        fields: those of an event that are kept, as a connector would bring them.
    """

    scorer: Scorer
    fields: tuple[str, ...]

    def __call__(self, events: Sequence[Event]) -> list[Result]:
        """Score a batch; one result an event, in their order.

        Raises:
            PluginError: when the model breaks its contract (shape of the probabilities).
        """
        errors: dict[int, str] = {}
        uids = _different(events)
        incidents = tuple(self._incidents(events, uids, errors))
        rated = rate_page(IncidentPage(incidents, cursor=""), self.scorer)
        judged = {each.incident.uid: each for each in decide_page(rated, self.scorer)}
        why = dict.fromkeys(rated.empty, NO_TEXT)
        why |= {rejection.where: rejection.reason for rejection in rated.rejected}
        results = []
        for number, (event, uid) in enumerate(zip(events, uids, strict=True)):
            given = storable(event.id) if isinstance(event.id, str) else event.id
            if uid in judged:
                results.append(self._result(given, judged[uid]))
            else:
                error = errors.get(number) or why.get(uid, LEFT_OUT)
                results.append(Result(given, error=error))
        return results

    def _incidents(
        self, events: Sequence[Event], uids: Sequence[str], errors: dict[int, str]
    ) -> Iterator[Incident]:
        for number, (event, uid) in enumerate(zip(events, uids, strict=True)):
            try:
                flat = flatten(event.fields, _MAX_DEPTH)
            except UnusableError:
                errors[number] = f"its fields nest deeper than {_MAX_DEPTH} levels"
                continue
            kept = {name: flat[name] for name in self.fields if flat.get(name) is not None}
            yield Incident(uid, kept, at=_at(flat.get(_TIME)))

    def _result(self, given: str | int | None, prediction: Prediction) -> Result:
        reason = self._kept_back(prediction) if prediction.is_detection else None
        classes = top_classes(prediction, self.scorer)
        return Result(
            id=given,
            label=prediction.label,
            probability=prediction.probability,
            detection=prediction.is_detection and reason is None,
            top_classes=tuple(ClassProbability(*each) for each in classes),
            reason=reason,
        )

    def _kept_back(self, prediction: Prediction) -> str | None:
        """Why what the model holds for an attack is not raised; None when it is."""
        found = suppression_of(detection_of(prediction, self.scorer), self.scorer)
        return None if found is None else f"kept back: {found.reason}"


def warm_up(answer: Callable[[Sequence[Event]], object], fields: Sequence[str]) -> None:
    """Ask once, so that what is broken or slow at first shows before anybody waits for it."""
    answer([Event(fields=dict.fromkeys(fields, "warm up"))])


def _different(events: Sequence[Event]) -> list[str]:
    """A uid for each event: its own id, unless it has none or another event has it too."""
    taken: dict[str, None] = {}
    for number, event in enumerate(events):
        uid = f"event {number}" if event.id is None else storable(str(event.id))
        while uid in taken:
            uid = f"{uid} (event {number})"
        taken[uid] = None
    return list(taken)


def _at(value: object) -> datetime | None:
    """The event's time, for plugins that look at it; one that cannot be read is none."""
    try:
        return parse_time(value, _TIME)
    except UnusableError:
        return None
