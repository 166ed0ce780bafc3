"""What the live model says of texts that somebody gives it; nothing is pulled, kept or pushed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Incident, IncidentPage, Permission, describe_inputs
from sftsec_core.api.errors import DataError
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.explaining import asked_explainer
from sftsec_core.operations.score import live_model, scorer_of
from sftsec_core.operations.scoring_device import scoring_call, scoring_device
from sftsec_core.scoring.decision import ScoringDecision, decide_page
from sftsec_core.scoring.explaining import DecisionExplainer
from sftsec_core.scoring.scorer import rate_page

if TYPE_CHECKING:
    from sftsec_core.api.domain import Explanation
    from sftsec_core.operations.context import Context
    from sftsec_core.scoring.scorer import Scorer


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says of one incident.

    Attributes:
        label: the class that was decided on.
        probability: calibrated, of being an attack, or of `label` without a benign class.
        threshold: from which probability the decider may alert.
        decision: "dismiss", "review" or "alert".
        probabilities: label to calibrated probability.
        text: what the model read, cleaned and redacted.
        explanation: why, where that was asked for.
    """

    label: str
    probability: float
    threshold: float
    decision: str
    probabilities: Mapping[str, float]
    text: str
    explanation: Explanation | None = None

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def predict(
    context: Context, name: str, records: Sequence[Mapping[str, Any]], *, why: bool = False
) -> tuple[str, list[Prediction]]:
    """Ask the live model about incidents, cleaned and read as in scoring.

    Args:
        context: settings, store, registry, actor and event stream.
        name: the task.
        records: each incident's fields by their dotted names.
        why: explain each, by the task's explainer or the first that is enabled.

    Returns:
        The model's digest, and what it says of each record, in their order.

    Raises:
        NotFoundError: when there is no such task.
        NoLiveModelError: when it has no live model.
        DataError: when a record holds nothing that the model reads, or cannot be read.
        ConfigError: when no plugin that says why is enabled.
        PluginError: when the explainer fails.
    """
    authorize(context.actor, Permission.SCORE_EVENTS, name)
    live = live_model(context, name)
    chosen = asked_explainer(context, name) if why else None
    with scoring_device(scoring_call(context, name, "predict"), live.recipe):
        scorer, _ = scorer_of(context, name, context.registry.load(live), chosen)
        return live.digest, _predictions(scorer, records, why=why)


def _predictions(
    scorer: Scorer, records: Sequence[Mapping[str, Any]], *, why: bool
) -> list[Prediction]:
    now = datetime.now(UTC)
    incidents = tuple(Incident(str(n), fields, at=now) for n, fields in enumerate(records, start=1))
    rated = rate_page(IncidentPage(incidents, ""), scorer)
    if rated.rejected:
        first = rated.rejected[0]
        raise DataError(f"record {first.where}: {first.reason}")
    if len(rated.rows) < len(records):
        wanted = ", ".join(scorer.task.sources)
        rated_uids = {incident.uid for incident, _ in rated.rows}
        lacking = next(one.uid for one in incidents if one.uid not in rated_uids)
        raise DataError(f"record {lacking} has nothing that the model reads: {wanted}")
    decisions = list(decide_page(rated, scorer))
    explain = scorer.explain
    told: Sequence[Explanation | None] = [None] * len(decisions)
    if why and isinstance(explain, DecisionExplainer):
        told = explain.asked(decisions, scorer)
    return [_prediction(*each, scorer) for each in zip(decisions, told, strict=True)]


def _prediction(
    decision: ScoringDecision, explanation: Explanation | None, scorer: Scorer
) -> Prediction:
    return Prediction(
        label=decision.label,
        probability=decision.probability,
        threshold=decision.threshold,
        decision=decision.action.value,
        probabilities=dict(zip(scorer.task.labels, decision.row.tolist(), strict=True)),
        text=describe_inputs(decision.inputs),
        explanation=explanation,
    )
