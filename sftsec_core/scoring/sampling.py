"""The incidents that a model is least sure of: a verdict on them improves it most.

Uncertainty sampling (Lewis and Gale, 1994): the probability that lies nearest to the threshold, or
in a task without a benign class the smallest margin between the two best classes.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api.domain import LabelRequest, describe_inputs, inputs_digest
from sftsec_core.api.predictions import attack_scores
from sftsec_core.dataset.values import plain_fields
from sftsec_core.scoring.decision import ScoringDecision, decide_page
from sftsec_core.scoring.explaining import explained
from sftsec_core.scoring.judged import JudgedInPage
from sftsec_core.scoring.scorer import Scorer, rate_page

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api.domain import Incident, IncidentPage

_MOST_COPIES = 500


@dataclass(frozen=True, slots=True)
class Uncertain:
    """One incident that the model is not sure of.

    Attributes:
        decision: what the model would do with it.
        doubt: how far it is from certain the other way; the smallest are the least sure.
        text: the inputs as the model read them, cleaned and redacted, for a reader.
        digest: of the inputs.
        copies: uids of further incidents with the same inputs, at most 500: a verdict on one is a
            verdict on all.
    """

    decision: ScoringDecision
    doubt: float
    text: str
    digest: str
    copies: tuple[str, ...] = ()

    @property
    def incident(self) -> Incident:
        """As the task's steps left it."""
        return self.decision.incident

    @property
    def uid(self) -> str:
        """The incident's."""
        return self.incident.uid

    @property
    def label(self) -> str:
        """The class that the model would decide on."""
        return self.decision.label

    @property
    def probability(self) -> float:
        """Of being an attack, or of the best class where there is no benign one."""
        return self.decision.probability


def most_uncertain(
    pages: Iterable[IncidentPage],
    scorer: Scorer,
    limit: int,
    on_page: Callable[[int], None] = lambda _done: None,
    judged: Callable[[IncidentPage], JudgedInPage] = lambda _page: JudgedInPage(),
) -> list[Uncertain]:
    """Find the incidents that the model is least sure of; of equal inputs the first one.

    Args:
        pages: of unlabelled incidents.
        scorer: the live model.
        limit: how many; memory is bounded by it and by the page.
        on_page: told how many were read so far.
        judged: what of a page an analyst has judged; it is left out.

    Returns:
        The least sure first.
    """
    best: dict[str, Uncertain] = {}
    # What falls out of the best comes back on a tie alone: the copies of those that stay are all.
    copies: dict[str, list[str]] = {}
    done = 0
    for page in pages:
        rated = rate_page(page, scorer, judged(page))
        doubts = _doubts(rated.proba, scorer)
        rows = zip(rated.rows, decide_page(rated, scorer), doubts, strict=True)
        for (incident, inputs), decision, doubt in rows:
            own = scorer.task.own(inputs)
            digest = inputs_digest(own)
            if digest in best:
                if len(copies[digest]) < _MOST_COPIES:
                    copies[digest].append(incident.uid)
            else:
                copies[digest] = []
                text = describe_inputs(own)
                best[digest] = Uncertain(decision, float(doubt), text, digest)
        kept = heapq.nsmallest(limit, best.values(), key=lambda each: (each.doubt, each.uid))
        best = {each.digest: each for each in kept}
        copies = {digest: copies[digest] for digest in best}
        done += len(page.incidents)
        on_page(done)
    return [replace(each, copies=_others(each, copies[each.digest])) for each in best.values()]


def label_requests(found: Sequence[Uncertain], scorer: Scorer) -> list[LabelRequest]:
    """What analysts are told of incidents that the model is not sure of, with what it goes by."""
    requests = [_request(each, scorer) for each in found]
    return explained([each.decision for each in found], requests, scorer)


def _request(each: Uncertain, scorer: Scorer) -> LabelRequest:
    task = scorer.task
    near = (
        f"the threshold of {scorer.threshold:.2f}" if task.benign is not None else "another class"
    )
    return LabelRequest(
        incident_uid=each.uid,
        task=task.name,
        label=each.label,
        probability=each.probability,
        reason=f"the model is not sure: {each.probability:.2f}, {each.doubt:.2f} from {near}",
        at=each.incident.at,
        fields=plain_fields(each.incident.fields),
        inputs_digest=each.digest,
    )


def _others(each: Uncertain, uids: Iterable[str]) -> tuple[str, ...]:
    return tuple(uid for uid in dict.fromkeys(uids) if uid != each.uid)


def _doubts(proba: NDArray[np.float64], scorer: Scorer) -> NDArray[np.float64]:
    task = scorer.task
    if task.benign is not None:
        attack = attack_scores(proba, task.labels.index(task.benign))
        return np.asarray(np.abs(attack - scorer.threshold))
    ordered = np.sort(proba, axis=1)
    return np.asarray(ordered[:, -1] - ordered[:, -2])
