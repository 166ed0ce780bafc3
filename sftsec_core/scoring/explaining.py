"""Why a decision was made: what the task's explainer says, bounded and by the names of fields.

An explainer is a plugin's: one that fails, or gives something else than was asked, loses the reason
and nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import ExplainerSpec, ExplainJob
from sftsec_core.api.domain import Action, Batch, InputKind, LabelRequest, visible
from sftsec_core.api.domain.explanations import MOST_TEXT
from sftsec_core.api.errors import PluginError
from sftsec_core.api.predictions import ACTIONS
from sftsec_core.evaluation.methods import decide_rows
from sftsec_core.scoring.decision import ScoringDecision, detection_of, facets_of, review_request
from sftsec_core.scoring.probabilities import probabilities
from sftsec_core.scoring.score_cache import ScoreCache
from sftsec_core.sdk.fields import as_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.api.domain import (
        Attribution,
        Detection,
        Explanation,
        Incident,
        Neighbour,
        TaskSpec,
    )
    from sftsec_core.scoring.scorer import Scorer

MOST_ATTRIBUTIONS = 100
MOST_NEIGHBOURS = 20
log = logging.getLogger(__name__)
Explain = Callable[[Sequence[ScoringDecision], "Scorer"], "Sequence[Explanation | None]"]
Nearest = Callable[[Batch, int], "Sequence[tuple[Neighbour, ...]]"]


@dataclass(frozen=True, slots=True)
class DecisionExplainer:
    """A task's explainer with its settings; an `Explain`.

    Attributes:
        spec: a plugin's.
        config: its settings.
        nearest: finds labelled incidents that are like rows; None where there are none.
    """

    spec: ExplainerSpec[Any]
    config: Any
    nearest: Nearest | None = None

    def __call__(
        self, decisions: Sequence[ScoringDecision], scorer: Scorer
    ) -> list[Explanation | None]:
        """Explain decisions; None of one where the explainer fails."""
        if not decisions:
            return []
        try:
            return [*self._explain(decisions, scorer)]
        except Exception as error:  # noqa: BLE001 - a plugin's; its words may repeat the incident
            if len(decisions) > 1:
                return [found for one in decisions for found in self((one,), scorer)]
            log.warning("explainer %r failed: %s", self.spec.name, type(error).__name__)
            return [None]

    def asked(self, decisions: Sequence[ScoringDecision], scorer: Scorer) -> list[Explanation]:
        """Explain decisions for who asks why.

        Raises:
            PluginError: when the explainer fails.
        """
        try:
            return [*self._explain(decisions, scorer)]
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise PluginError(f"explainer {self.spec.name!r} failed: {reason}") from error

    def _explain(
        self, decisions: Sequence[ScoringDecision], scorer: Scorer
    ) -> Iterator[Explanation]:
        batch = Batch.of(scorer.task.inputs, (each.inputs for each in decisions))
        apart = replace(scorer, known=ScoreCache())  # variants of a text are not remembered
        nearest = self.nearest
        job = ExplainJob(
            model=scorer.model,
            batch=batch,
            pairs=[pair_of(each, scorer.task) for each in decisions],
            proba=lambda rows: probabilities(list(rows.rows), apart),
            decide=lambda rows, of: decided(rows, [decisions[row] for row in of], apart),
            nearest=None if nearest is None else lambda count: nearest(batch, count),
            decided=[_decided_label(each, scorer.task) for each in decisions],
        )
        found = self.spec.explain(self.config, job)
        for decision, explanation in zip(decisions, found, strict=True):
            yield shown(explanation, decision, scorer.task)


def _decided_label(decision: ScoringDecision, task: TaskSpec) -> str:
    return decision.label if decision.action is Action.ALERT else task.benign or decision.label


def pair_of(decision: ScoringDecision, task: TaskSpec) -> tuple[int, int]:
    """The column that is explained, and the one against it.

    What was decided on against benign; a benign one, and any in a task without benign, against the
    most probable of the others.
    """
    column = task.labels.index(decision.label)
    if task.benign is not None and decision.label != task.benign:
        return column, task.labels.index(task.benign)
    others = [each for each in range(len(task.labels)) if each != column]
    return column, max(others, key=lambda each: float(decision.row[each]))


def decided(rows: Batch, of: Sequence[ScoringDecision], scorer: Scorer) -> list[str]:
    """The label that rows are decided on; the benign one where there is no alert.

    Args:
        rows: variants of incidents' rows.
        of: the decision on the incident that each is a variant of.
        scorer: what decides.
    """
    task, proba = scorer.task, probabilities(list(rows.rows), scorer)
    facets = facets_of([each.incident for each in of], scorer)
    decisions = decide_rows(scorer.decider, proba, facets)
    alert = ACTIONS.index(Action.ALERT)
    return [
        task.labels[column] if task.benign is None or action == alert else task.benign
        for column, action in zip(decisions.labels, decisions.actions, strict=True)
    ]


def with_reasons(
    detections: Sequence[Detection], decisions: Sequence[ScoringDecision], scorer: Scorer
) -> tuple[Sequence[Detection], int]:
    """The detections with their explanations, and how many have none though they were asked for.

    Args:
        detections: some of those that the decisions make.
        decisions: alerts.
        scorer: what decided.
    """
    if scorer.explain is None or not detections:
        return detections, 0
    by_uid = {detection_of(each, scorer).uid: each for each in decisions}
    wanted = [by_uid[each.uid] for each in detections]
    found = scorer.explain(wanted, scorer)
    told = [replace(d, explanation=why) for d, why in zip(detections, found, strict=True)]
    return told, sum(why is None for why in found)


def review_requests(
    decisions: Sequence[ScoringDecision], scorer: Scorer
) -> tuple[LabelRequest, ...]:
    """The requests for a verdict on incidents that go to review, with what the model goes by."""
    return tuple(explained(decisions, [review_request(each, scorer) for each in decisions], scorer))


def explained(
    decisions: Sequence[ScoringDecision], requests: Sequence[LabelRequest], scorer: Scorer
) -> list[LabelRequest]:
    """Requests for a verdict with what the model goes by, where the task says how that is found.

    Args:
        decisions: on their incidents.
        requests: as many.
        scorer: what decided.
    """
    if scorer.explain is None:
        return list(requests)
    found = scorer.explain(decisions, scorer)
    return [replace(r, explanation=why) for r, why in zip(requests, found, strict=True)]


def shown(explanation: Explanation, decision: ScoringDecision, task: TaskSpec) -> Explanation:
    """An explanation as it may be shown: bounded, on one line, by the names of fields."""
    told = explanation.attributions[:MOST_ATTRIBUTIONS]
    return replace(
        explanation,
        text=visible(explanation.text, MOST_TEXT),
        attributions=tuple(
            localised(each, decision.inputs, decision.incident, task) for each in told
        ),
        neighbours=tuple(
            replace(each, analysts=tuple(map(visible, each.analysts)))
            for each in explanation.neighbours[:MOST_NEIGHBOURS]
        ),
        flip=tuple(map(visible, explanation.flip[:MOST_ATTRIBUTIONS])),
    )


def localised(
    attribution: Attribution, inputs: Mapping[str, Any], incident: Incident, task: TaskSpec
) -> Attribution:
    """An attribution whose span is of a field's value, where its input is made of fields.

    Args:
        attribution: its span is of `Batch.text()` of the row.
        inputs: of the row.
        incident: as the steps left it.
        task: names the inputs' fields.
    """
    words = visible(attribution.words)
    if attribution.span is None:
        return replace(attribution, words=words)
    start, end = attribution.span
    offset = 0
    for name, text in Batch.of(task.inputs, [inputs]).text_parts()[0]:
        for part, begin, value in _parts_of(name, text, incident, task):
            place = offset + begin
            if place <= start < place + len(value):
                span = start - place, min(end - place, len(value))
                return replace(attribution, words=words, input=part, span=span)
        offset += len(text) + 1
    return replace(attribution, words=words, span=None)


def _parts_of(
    name: str, text: str, incident: Incident, task: TaskSpec
) -> Iterator[tuple[str, int, str]]:
    """The fields that an input's text is made of, with where each begins; else the input itself."""
    field = next(each for each in task.inputs if each.name == name)
    if any(not isinstance(incident.fields.get(each) or "", str) for each in field.fields):
        return  # a list is shown otherwise than it is read
    for sources in (field.sources, field.fallback) if field.kind is InputKind.TEXT else ():
        named = [(each, as_text(incident.fields.get(each))) for each in sources]
        parts = [(each, value) for each, value in named if value]
        if "\n".join(value for _, value in parts) == text:
            begin = 0
            for each, value in parts:
                yield each, begin, value
                begin += len(value) + 1
            return
    yield name, 0, text
