"""Explains a batch of events as `sftsec predict --why` would, in turns with what scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Explanation
from sftsec_core.dataset.values import plain_fields
from sftsec_core.server.explain_schemas import ExplainedResult

if TYPE_CHECKING:
    from sftsec_core.scoring.decision import ScoringDecision
    from sftsec_core.scoring.explaining import DecisionExplainer
    from sftsec_core.scoring.neighbours import NearestExamples
    from sftsec_core.server.batch_scorer import BatchScorer
    from sftsec_core.server.schemas import EventResult, ScoreEvent

_NOTHING: tuple[Explanation | None, dict[str, Any]] = (None, {})


@dataclass(frozen=True, slots=True)
class EventExplainer:
    """A loaded model that scores batches and says why.

    Attributes:
        scorer: scores them, with steps and a renderer of its own.
        explain: the task's explainer, or the first that is enabled.
        turn: held while the explainer works: it asks the model itself.
        neighbours: finds labelled incidents that are alike; None names none.
    """

    scorer: BatchScorer
    explain: DecisionExplainer
    turn: Callable[[], AbstractContextManager[None]]
    neighbours: NearestExamples | None = None

    def without_neighbours(self) -> EventExplainer:
        """The same for those who may not read the labelled incidents."""
        return replace(self, neighbours=None)

    def __call__(self, events: Sequence[ScoreEvent]) -> list[EventResult]:
        """Score and explain the events of one request; see `score_all`."""
        return self.score_all((events,))[0]

    def score_all(self, requests: Sequence[Sequence[ScoreEvent]]) -> list[list[EventResult]]:
        """Score and explain the events of several requests.

        Returns:
            `ExplainedResult`s, of each request in the order of its events.

        Raises:
            PluginError: when the model breaks its contract (shape of the probabilities).
        """
        decided = self.scorer.decide_all(requests)
        flat = [each for _, _, decisions in decided for each in decisions]
        if self.neighbours is not None:
            self.neighbours.prepare()  # not in turn: it reads a data set
        explain = replace(self.explain, nearest=self.neighbours)
        with self.turn():
            reasons = iter(explain(flat, self.scorer.scorer))
        out: list[list[EventResult]] = []
        for page, rated, decisions in decided:
            told = {each.incident.uid: (next(reasons), self._read(each)) for each in decisions}
            results = zip(page.uids, self.scorer.results(page, rated, decisions), strict=True)
            out.append(
                [ExplainedResult.of(each, *told.get(uid, _NOTHING)) for uid, each in results]
            )
        return out

    def _read(self, decision: ScoringDecision) -> dict[str, Any]:
        """The fields that the model read of an incident."""
        fields = decision.incident.fields
        names = self.scorer.scorer.task.sources
        return plain_fields({name: fields[name] for name in names if name in fields})
