"""Scores a batch of events as `sftsec score` would, without writing anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Action, Incident, IncidentPage
from sftsec_core.dataset.values import storable
from sftsec_core.scoring.decision import (
    ScoringDecision,
    decide_page,
    detection_of,
    suppression_of,
    top_classes,
)
from sftsec_core.scoring.scorer import Scorer, rate_page
from sftsec_core.sdk.fields import select_fields
from sftsec_core.sdk.records import UnusableError, flatten, parse_time
from sftsec_core.server.schemas import ClassProbability, EventResult, ScoreEvent

if TYPE_CHECKING:
    from datetime import datetime

NO_VALUE = "no field that the task reads has a value"
DROPPED = "a step of the task drops it"
_MAX_DEPTH = 20
_TIME = "@timestamp"


@dataclass(frozen=True, slots=True)
class BatchScorer:
    """A loaded model that scores batches.

    Attributes:
        scorer: as `sftsec score` uses it.
        fields: of an event that are kept, as a connector would return them.
    """

    scorer: Scorer
    fields: tuple[str, ...]

    @property
    def threshold(self) -> float:
        """The least probability of a detection."""
        return self.scorer.threshold

    def __call__(self, events: Sequence[ScoreEvent]) -> list[EventResult]:
        """Score a batch: one result for each event, in the same order.

        Raises:
            PluginError: when the model breaks its contract (shape of the probabilities).
        """
        errors: dict[int, str] = {}
        uids = _unique_uids(events)
        incidents = tuple(self._incidents(events, uids, errors))
        rated = rate_page(IncidentPage(incidents, cursor=""), self.scorer)
        predictions = {each.incident.uid: each for each in decide_page(rated, self.scorer)}
        reasons = dict.fromkeys(rated.empty, NO_VALUE)
        reasons |= {rejection.where: rejection.reason for rejection in rated.rejected}
        results = []
        for number, (event, uid) in enumerate(zip(events, uids, strict=True)):
            given = storable(event.id) if isinstance(event.id, str) else event.id
            if uid in predictions:
                results.append(self._result(given, predictions[uid]))
            else:
                error = errors.get(number) or reasons.get(uid, DROPPED)
                results.append(EventResult(given, error=error))
        return results

    def _incidents(
        self, events: Sequence[ScoreEvent], uids: Sequence[str], errors: dict[int, str]
    ) -> Iterator[Incident]:
        for number, (event, uid) in enumerate(zip(events, uids, strict=True)):
            try:
                flat = flatten(event.fields, _MAX_DEPTH)
            except UnusableError as error:
                deep = f"its fields nest deeper than {_MAX_DEPTH} levels"
                errors[number] = deep if "max_depth" in str(error) else str(error)
                continue
            yield Incident(uid, select_fields(flat, self.fields), at=_at(flat.get(_TIME)))

    def _result(self, given: str | int | None, decision: ScoringDecision) -> EventResult:
        is_alert = decision.action is Action.ALERT
        reason = self._suppression_reason(decision) if is_alert else None
        classes = top_classes(decision, self.scorer)
        return EventResult(
            id=given,
            label=decision.label,
            probability=decision.probability,
            detection=is_alert and reason is None,
            top_classes=tuple(ClassProbability(*each) for each in classes),
            reason=reason,
            action=decision.action.value,
            labels=decision.labels,
            inputs_digest=self.scorer.digest_of(decision.inputs),
        )

    def _suppression_reason(self, decision: ScoringDecision) -> str | None:
        """Why an alert is suppressed; None when it is not."""
        found = suppression_of(detection_of(decision, self.scorer), self.scorer)
        return None if found is None else f"suppressed: {found.reason}"


def warm_up(score: Callable[[Sequence[ScoreEvent]], object], fields: Sequence[str]) -> None:
    """Score one event, so that a broken model or a slow first call shows before a request.

    Its one value can be read as a text, a number and a category.
    """
    score([ScoreEvent(fields=dict.fromkeys(fields, "1"))])


def _unique_uids(events: Sequence[ScoreEvent]) -> list[str]:
    """A uid for each event: its id, unless it has none or an earlier event has the same."""
    taken: dict[str, None] = {}
    for number, event in enumerate(events):
        uid = f"event {number}" if event.id is None else storable(str(event.id))
        while uid in taken:
            uid = f"{uid} (event {number})"
        taken[uid] = None
    return list(taken)


def _at(value: object) -> datetime | None:
    """The time of the event, for plugins; None when it cannot be parsed."""
    try:
        return parse_time(value, _TIME)
    except UnusableError:
        return None
