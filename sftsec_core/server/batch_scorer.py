"""Scores a batch of events as `sftsec score` would, without writing anything."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sftsec_core.api.domain import Action, Incident, IncidentPage
from sftsec_core.api.errors import SftsecError
from sftsec_core.dataset.values import storable
from sftsec_core.scoring.decision import (
    ScoringDecision,
    decide_page,
    detection_of,
    suppression_of,
    top_classes,
)
from sftsec_core.scoring.scorer import RatedPage, Scorer, rate_pages
from sftsec_core.sdk.fields import select_fields
from sftsec_core.sdk.records import UnusableError, flatten, parse_time
from sftsec_core.server.schemas import (
    ClassProbability,
    EventResult,
    ScoreEvent,
)

if TYPE_CHECKING:
    from datetime import datetime

NO_VALUE = "no field that the task reads has a value"
DROPPED = "a step of the task drops it"
_MAX_DEPTH = 20
_MAX_ERROR = 300  # characters: it may name a field, and a field's name may be long
_TIME = "@timestamp"
log = logging.getLogger(__name__)
Count = Callable[[RatedPage, Sequence[ScoringDecision]], None]
Score = Callable[[Sequence[ScoreEvent]], list[EventResult]]
Numbered = Sequence[tuple[int, ScoreEvent]]


@dataclass(frozen=True, slots=True)
class RequestPage:
    """A request's events as incidents.

    Attributes:
        events: of the request.
        uids: one for each event.
        incidents: those that could be read.
        errors: of those that could not, by the event's place.
    """

    events: Sequence[ScoreEvent]
    uids: Sequence[str]
    incidents: IncidentPage
    errors: dict[int, str]


DecidedPage = tuple[RequestPage, RatedPage, list[ScoringDecision]]


class ScoresEvents(Protocol):
    """What scores the events of requests."""

    def __call__(self, events: Sequence[ScoreEvent]) -> list[EventResult]:
        """Score the events of one request."""
        ...

    def score_all(self, requests: Sequence[Sequence[ScoreEvent]]) -> list[list[EventResult]]:
        """Score the events of several requests together."""
        ...


@dataclass(frozen=True, slots=True)
class BatchScorer:
    """A loaded model that scores batches.

    Attributes:
        scorer: as `sftsec score` uses it.
        fields: of an event that are kept, as a connector would return them.
        count: is told of each request that was scored, for the watch over drift.
    """

    scorer: Scorer
    fields: tuple[str, ...]
    count: Count = lambda _rated, _decisions: None

    @property
    def threshold(self) -> float:
        """The least probability of a detection."""
        return self.scorer.threshold

    def __call__(self, events: Sequence[ScoreEvent]) -> list[EventResult]:
        """Score the events of one request: one result for each, in the same order.

        Raises:
            PluginError: when the model breaks its contract (shape of the probabilities).
        """
        return self.score_all((events,))[0]

    def score_all(self, requests: Sequence[Sequence[ScoreEvent]]) -> list[list[EventResult]]:
        """Score the events of several requests with one call of the model.

        Each request is cleaned, rendered and decided by itself: its results do not depend on what
        the others hold, and their ids may be equal.

        Raises:
            PluginError: when the model breaks its contract (shape of the probabilities).
        """
        decided = self.decide_all(requests)
        found = [self.results(*each) for each in decided]
        # When all of them are there: where one raises, each request is scored once more.
        for _, rated, decisions in decided:
            self.count(rated, decisions)
        return found

    def decide_all(self, requests: Sequence[Sequence[ScoreEvent]]) -> list[DecidedPage]:
        """Decide the events of several requests with one call of the model.

        Raises:
            PluginError: when the model breaks its contract (shape of the probabilities).
        """
        pages = [self._page(events) for events in requests]
        rated = rate_pages([page.incidents for page in pages], self.scorer)
        decided = [list(decide_page(each, self.scorer)) for each in rated]
        return list(zip(pages, rated, decided, strict=True))

    def _page(self, events: Sequence[ScoreEvent]) -> RequestPage:
        errors: dict[int, str] = {}
        uids = _unique_uids(events)
        incidents = tuple(self._incidents(events, uids, errors))
        return RequestPage(events, uids, IncidentPage(incidents, cursor=""), errors)

    def results(
        self, page: RequestPage, rated: RatedPage, decisions: Sequence[ScoringDecision]
    ) -> list[EventResult]:
        """One result for each event of a page, in their order."""
        predictions = {each.incident.uid: each for each in decisions}
        reasons = dict.fromkeys(rated.empty, NO_VALUE)
        reasons |= {rejection.where: rejection.reason for rejection in rated.rejected}
        results = []
        for number, (event, uid) in enumerate(zip(page.events, page.uids, strict=True)):
            if uid in predictions:
                results.append(self._result(event.id, predictions[uid]))
            else:
                error = page.errors.get(number) or reasons.get(uid, DROPPED)
                results.append(EventResult(event.id, error=error))
        return results

    def _incidents(
        self, events: Sequence[ScoreEvent], uids: Sequence[str], errors: dict[int, str]
    ) -> Iterator[Incident]:
        for number, (event, uid) in enumerate(zip(events, uids, strict=True)):
            try:
                flat = flatten(event.fields, _MAX_DEPTH)
            except UnusableError as error:
                deep = f"its fields nest deeper than {_MAX_DEPTH} levels"
                errors[number] = deep if "max_depth" in str(error) else str(error)[:_MAX_ERROR]
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


def score_together(
    scorer: ScoresEvents, task: str, requests: Sequence[Numbered]
) -> list[list[EventResult] | SftsecError]:
    """Score events of several requests at once; one that cannot be scored fails no other's.

    Args:
        scorer: the loaded model.
        task: for the log.
        requests: of each the events with their places in it.

    Returns:
        For each request one result for each event, in the same order; its error where none of its
        events can be scored, since the model or a plugin is broken.
    """
    if len(requests) > 1:
        try:
            return [*scorer.score_all([[event for _, event in each] for each in requests])]
        except Exception as error:  # noqa: BLE001 - a plugin's: found out below, request by request
            log.warning("task %s: requests are scored one by one (%s)", task, type(error).__name__)
    return [_result_or_error(scorer, task, each) for each in requests]


def _result_or_error(score: Score, task: str, events: Numbered) -> list[EventResult] | SftsecError:
    try:
        return score_apart(score, task, events)
    except SftsecError as error:
        return error


def score_apart(score: Score, task: str, events: Numbered) -> list[EventResult]:
    """Score events; of those that raise together the ones that raise alone have an error.

    Raises:
        SftsecError: when no event can be scored, since the model or a plugin is broken.
    """
    broken: list[Exception] = []

    def attempt(part: Numbered) -> list[EventResult]:
        try:
            return score([event for _, event in part])
        except Exception as error:  # noqa: BLE001 - a plugin's; one event must not end the batch
            if len(part) > 1:
                middle = len(part) // 2
                return [*attempt(part[:middle]), *attempt(part[middle:])]
            # Only the kind of error: its words may repeat the event.
            broken.append(error)
            kind, number = type(error).__name__, part[0][0]
            log.warning("task %s: events[%d] cannot be scored (%s)", task, number, kind)
            return [EventResult(part[0][1].id, error=f"it cannot be scored ({kind})")]

    results = attempt(events)
    if events and len(broken) == len(events) and isinstance(broken[0], SftsecError):
        raise broken[0]
    return results


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
