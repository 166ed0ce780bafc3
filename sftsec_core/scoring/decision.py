"""What is done with each scored incident: it is dismissed, sent to review, or raises an alert."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.contracts.serving import DecidesByGroup
from sftsec_core.api.domain import (
    Action,
    Detection,
    LabelRequest,
    detection_uid,
    inputs_digest,
)
from sftsec_core.api.errors import PluginError
from sftsec_core.api.predictions import ACTIONS, attack_scores
from sftsec_core.dataset.features import read_facets
from sftsec_core.dataset.sources import abroad_uid
from sftsec_core.dataset.values import plain_fields
from sftsec_core.evaluation.methods import decide_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api.contracts.serving import Decider
    from sftsec_core.api.domain import Detection, Incident, Inputs, Suppression
    from sftsec_core.api.predictions import Decisions
    from sftsec_core.scoring.scorer import RatedPage, Scorer

_TOP = 5
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ScoringDecision:
    """The decision on one incident.

    Attributes:
        incident: as the steps left it.
        action: what is done with it.
        label: the class that was decided on; benign if it is dismissed.
        labels: every class that the decider does not rule out.
        probability: of being an attack, or of `label` in a task without a benign class.
        row: calibrated probabilities, shape (labels,).
        inputs: what the model read of it.
        threshold: the attack probability from which the decider may alert on it.
        unknown_group: whether it is of a group that the decider does not know.
    """

    incident: Incident
    action: Action
    label: str
    labels: tuple[str, ...]
    probability: float
    row: NDArray[np.float64]
    inputs: Inputs
    threshold: float
    unknown_group: bool = False


def decide_page(rated: RatedPage, scorer: Scorer) -> Iterator[ScoringDecision]:
    """Decide each incident that was rated, in their order.

    Raises:
        PluginError: when the decider breaks its contract.
    """
    task, proba = scorer.task, rated.proba
    benign = None if task.benign is None else task.labels.index(task.benign)
    facets = facets_of([incident for incident, _ in rated.rows], scorer)
    decisions = decide_rows(scorer.decider, proba, facets)
    _check(decisions, proba, benign)
    if benign is None:
        probabilities = proba[np.arange(len(proba)), decisions.labels]
    else:
        probabilities = attack_scores(proba, benign)
    names = np.array(task.labels, dtype=np.object_)
    thresholds, unknown = decisions.thresholds, decisions.unknown
    for number, (incident, inputs) in enumerate(rated.rows):
        yield ScoringDecision(
            incident=incident,
            action=ACTIONS[decisions.actions[number]],
            label=task.labels[decisions.labels[number]],
            labels=tuple(names[decisions.label_sets[number]]),
            probability=float(probabilities[number]),
            row=proba[number],
            inputs=inputs,
            threshold=scorer.threshold if thresholds is None else float(thresholds[number]),
            unknown_group=unknown is not None and bool(unknown[number]),
        )


def group_fields(decider: Decider) -> tuple[str, ...]:
    """The fields by whose values a decider groups incidents; none for one that does not."""
    return decider.group_fields if isinstance(decider, DecidesByGroup) else ()


def facets_of(incidents: Sequence[Incident], scorer: Scorer) -> dict[str, NDArray[np.object_]]:
    """The values by which the decider groups incidents, as in training; each of shape (n,)."""
    names = group_fields(scorer.decider)
    rows = [read_facets(incident, names, several=False) for incident in incidents]
    return {
        name: np.fromiter((row.get(name, "") for row in rows), np.object_, count=len(rows))
        for name in names
    }


def _check(decisions: Decisions, proba: NDArray[np.float64], benign: int | None) -> None:
    rows, (n, k) = np.arange(len(proba)), proba.shape
    shapes = (decisions.actions.shape, decisions.labels.shape, decisions.label_sets.shape)
    if shapes != ((n,), (n,), (n, k)):
        raise PluginError(f"the decider gave shapes {shapes} for {n} rows and {k} labels")
    for column in (decisions.thresholds, decisions.unknown):
        if column is not None and column.shape != (n,):
            raise PluginError(f"the decider gave a column of {column.shape} for {n} rows")
    if not decisions.label_sets[rows, decisions.labels].all():
        raise PluginError("the decider gave a label that is not in its own set of labels")
    alerts = decisions.actions == ACTIONS.index(Action.ALERT)
    if benign is not None and (decisions.labels[alerts] == benign).any():
        raise PluginError("the decider raised an alert with the benign label")


def decided_columns(decisions: Sequence[ScoringDecision], scorer: Scorer) -> NDArray[np.int64]:
    """The column that each decision comes to, the benign one where there is no alert."""
    labels, benign = scorer.task.labels, scorer.task.benign
    names = (
        each.label if benign is None or each.action is Action.ALERT else benign
        for each in decisions
    )
    return np.array([labels.index(each) for each in names], dtype=np.int64)


def detection_of(decision: ScoringDecision, scorer: Scorer) -> Detection:
    """The detection of an incident that raises an alert."""
    incident = decision.incident
    return Detection(
        uid=detection_uid(
            scorer.model_digest, incident.uid, scorer.digest_of(decision.inputs), scorer.connector
        ),
        incident_uid=_named(incident, scorer),
        task=scorer.task.name,
        model_digest=scorer.model_digest,
        label=decision.label,
        probability=decision.probability,
        threshold=decision.threshold,
        labels=decision.labels,
        top_classes=top_classes(decision, scorer),
        at=incident.at,
        fields=_carried(incident, scorer),
    )


def _named(incident: Incident, scorer: Scorer) -> str:
    """The incident's uid; with its connector behind it where that of the detection is another.

    There an incident of its own may have the same uid, and is not to get this one's verdicts.
    """
    return abroad_uid(incident.uid, scorer.connector) if scorer.connector else incident.uid


def review_request(decision: ScoringDecision, scorer: Scorer) -> LabelRequest:
    """The request for a verdict on an incident that goes to review."""
    named = decision.label if len(decision.labels) == 1 else " or ".join(decision.labels)
    return LabelRequest(
        incident_uid=decision.incident.uid,
        task=scorer.task.name,
        label=decision.label,
        probability=decision.probability,
        reason=f"for review: perhaps {named}, probability {decision.probability:.2f}, no alert",
        at=decision.incident.at,
        fields=plain_fields(decision.incident.fields),
        inputs_digest=inputs_digest(scorer.task.own(decision.inputs)),
    )


def top_classes(decision: ScoringDecision, scorer: Scorer) -> tuple[tuple[str, float], ...]:
    """The most probable classes with their probabilities, best first."""
    pairs = zip(scorer.task.labels, decision.row.tolist(), strict=True)
    # Stable: of equally probable classes the first column comes first, as in the decision.
    return tuple(sorted(pairs, key=_probability, reverse=True)[:_TOP])


def _probability(pair: tuple[str, float]) -> float:
    return pair[1]


def _carried(incident: Incident, scorer: Scorer) -> Mapping[str, Any]:
    wanted = dict.fromkeys((*scorer.task.sources, *scorer.keep))
    there = {name: incident.fields[name] for name in wanted if name in incident.fields}
    return plain_fields(there)


def suppression_of(detection: Detection, scorer: Scorer) -> Suppression | None:
    """Why a plugin suppresses a detection; None when it may be pushed."""
    try:
        return scorer.suppress(detection)
    except Exception as error:  # noqa: BLE001 - a plugin's
        # A detection too many costs a look; one too few may cost the company.
        log.warning(
            "detection %s is pushed: the plugin that may suppress it failed (%s)",
            detection.uid,
            type(error).__name__,
        )
        return None


def divide(
    detections: Iterable[Detection], scorer: Scorer
) -> tuple[list[Detection], list[tuple[Detection, str]]]:
    """Those that nothing suppresses, and the others, each with the reason."""
    passed: list[Detection] = []
    suppressed: list[tuple[Detection, str]] = []
    for detection in detections:
        found = suppression_of(detection, scorer)
        if found is None:
            passed.append(detection)
        else:
            suppressed.append((detection, found.reason))
    return passed, suppressed
