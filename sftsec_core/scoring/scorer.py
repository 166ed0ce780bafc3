"""From pages of incidents to pages of detections; writes nothing.

A page is cleaned by the steps that cleaned the training texts, rendered by the same renderer,
scored in batches of texts of similar length, calibrated, and decided by the rule that the report
was computed with. Memory is bounded by the page. What cannot be scored is a rejection of its
own; the others go on.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from sftsec_core.api.domain import Detection, Incident, Rejection, detection_uid
from sftsec_core.api.errors import IntegrityError, PluginError
from sftsec_core.api.predictions import attack_scores, predict_labels
from sftsec_core.evaluation.calibration import apply_temperature

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api.contracts import TrainedModel
    from sftsec_core.api.domain import IncidentPage, Suppression, TaskSpec
    from sftsec_core.registry.registry import LoadedModel

BATCH = 256
_TOP = 5
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scorer:
    """All that turns an incident into a detection or into none.

    Attributes:
        task: the labels are the model's columns, in their order.
        model: gives the probabilities.
        model_digest: names the model; part of each detection's uid.
        temperature: calibrates the probabilities; 1 changes nothing.
        threshold: the calibrated attack probability from which on an incident is a detection.
        steps: the steps that cleaned the training texts.
        render: an incident's text, rendered as for training; "" leaves the incident out.
        suppress: says why a detection must not go out; None when it may.
        keep: fields that a detection carries besides the task's text fields.
        batch: texts that the model is given at once.
    """

    task: TaskSpec
    model: TrainedModel
    model_digest: str
    temperature: float
    threshold: float
    steps: Callable[[Sequence[Incident]], Sequence[Incident]]
    render: Callable[[Incident], str]
    suppress: Callable[[Detection], Suppression | None] = lambda _detection: None
    keep: tuple[str, ...] = ()
    batch: int = BATCH

    def __post_init__(self) -> None:
        if tuple(self.model.labels) != tuple(self.task.labels):
            raise IntegrityError(
                f"the model answers {', '.join(self.model.labels)}, but task {self.task.name!r} "
                f"asks for {', '.join(self.task.labels)}: retrain it"
            )

    @classmethod
    def of(
        cls,
        loaded: LoadedModel,
        *,
        steps: Callable[[Sequence[Incident]], Sequence[Incident]],
        render: Callable[[Incident], str],
        suppress: Callable[[Detection], Suppression | None] = lambda _detection: None,
    ) -> Self:
        """Take the task, the calibration and the threshold from a registered model."""
        serving = loaded.serving
        return cls(
            task=serving.task,
            model=loaded.model,
            model_digest=loaded.ref.digest,
            temperature=serving.temperature,
            threshold=serving.threshold.value,
            steps=steps,
            render=render,
            suppress=suppress,
            keep=tuple(serving.keep),
        )


@dataclass(frozen=True, slots=True)
class ScoredPage:
    """What came out of one page.

    Attributes:
        cursor: the page's; everything before it is scored.
        pulled: incidents that the page brought.
        scored: those that the model judged; the rest was dropped by a step, empty or rejected.
        detections: those that may go out.
        suppressed: those that a plugin keeps back, with its reason.
        rejected: records that could not be read or scored.
    """

    cursor: str
    pulled: int
    scored: int
    detections: tuple[Detection, ...]
    suppressed: tuple[tuple[Detection, str], ...] = ()
    rejected: tuple[Rejection, ...] = ()


def score(pages: Iterable[IncidentPage], scorer: Scorer) -> Iterator[ScoredPage]:
    """Score incidents page by page, one result a page, also where nothing was found.

    Args:
        pages: as a connector pulls them.
        scorer: what to score them by.

    Raises:
        PluginError: when the model breaks its contract (shape of the probabilities).
    """
    for page in pages:
        yield score_page(page, scorer)


def score_page(page: IncidentPage, scorer: Scorer) -> ScoredPage:
    """Score one page.

    Raises:
        PluginError: when the model breaks its contract (shape of the probabilities).
    """
    rated = rate_page(page, scorer)
    found = (detection_of(each, scorer) for each in decide_page(rated, scorer) if each.is_detection)
    passed, suppressed = _divide(found, scorer)
    return ScoredPage(
        cursor=page.cursor,
        pulled=len(page.incidents),
        scored=len(rated.texts),
        detections=tuple(passed),
        suppressed=tuple(suppressed),
        rejected=rated.rejected,
    )


@dataclass(frozen=True, slots=True)
class RatedPage:
    """A page's incidents with what the model thinks of them, before anything is decided.

    Attributes:
        texts: each incident that could be rated, cleaned, with the text that the model read.
        proba: calibrated probabilities, shape (len(texts), labels).
        rejected: records that could not be read or rated.
        empty: uids of incidents that have no text to read.
    """

    texts: tuple[tuple[Incident, str], ...]
    proba: NDArray[np.float64]
    rejected: tuple[Rejection, ...]
    empty: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model makes of one incident, whether it is a detection or not.

    Attributes:
        incident: as the steps left it.
        label: the class that was decided on.
        probability: of being an attack, or of `label` in a task without a benign class.
        is_detection: whether `label` is anything but the benign one.
        row: calibrated probabilities, shape (labels,).
    """

    incident: Incident
    label: str
    probability: float
    is_detection: bool
    row: NDArray[np.float64]


def rate_page(page: IncidentPage, scorer: Scorer) -> RatedPage:
    """Clean and render a page's incidents, and ask the model for its probabilities.

    Raises:
        PluginError: when the model breaks its contract (shape of the probabilities).
    """
    work = _Page(list(page.rejected))
    texts = _render_all(_clean(page.incidents, scorer, work), scorer, work)
    proba = _probabilities([text for _, text in texts], scorer)
    kept, proba = _only_finite(texts, proba, work)
    return RatedPage(tuple(kept), proba, tuple(work.rejected), tuple(work.empty))


def decide_page(rated: RatedPage, scorer: Scorer) -> Iterator[Prediction]:
    """Decide each incident that was rated, in their order, by the rule of the report."""
    task, proba = scorer.task, rated.proba
    benign = None if task.benign is None else task.labels.index(task.benign)
    columns = predict_labels(proba, benign, scorer.threshold)
    sure = proba.max(axis=1, initial=0.0) if benign is None else attack_scores(proba, benign)
    decided = zip(rated.texts, proba, columns, sure, strict=True)
    for (incident, _), row, column, probability in decided:
        label = task.labels[column]
        yield Prediction(incident, label, float(probability), bool(column != benign), row)


def detection_of(prediction: Prediction, scorer: Scorer) -> Detection:
    """What goes out when a prediction is one."""
    incident = prediction.incident
    return Detection(
        uid=detection_uid(scorer.model_digest, incident.uid),
        incident_uid=incident.uid,
        task=scorer.task.name,
        model_digest=scorer.model_digest,
        label=prediction.label,
        probability=prediction.probability,
        threshold=scorer.threshold,
        top_classes=top_classes(prediction, scorer),
        at=incident.at,
        fields=_carried(incident, scorer),
    )


def top_classes(prediction: Prediction, scorer: Scorer) -> tuple[tuple[str, float], ...]:
    """The most probable classes with their probabilities, best first."""
    pairs = zip(scorer.task.labels, prediction.row.tolist(), strict=True)
    # Stable: of equally probable classes the first column comes first, as in the decision.
    return tuple(sorted(pairs, key=_probability, reverse=True)[:_TOP])


def _probability(pair: tuple[str, float]) -> float:
    return pair[1]


@dataclass(slots=True)
class _Page:
    """What is collected while a page is scored."""

    rejected: list[Rejection] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)

    def reject(self, incident: Incident, what: str, error: BaseException | None = None) -> None:
        # Only the kind of error: its words may repeat the record.
        reason = what if error is None else f"{what} ({type(error).__name__})"
        digest = hashlib.sha256(incident.uid.encode("utf-8", "surrogatepass")).hexdigest()
        self.rejected.append(Rejection(incident.uid, reason, digest))


def _clean(incidents: Sequence[Incident], scorer: Scorer, work: _Page) -> Sequence[Incident]:
    try:
        return scorer.steps(incidents) if incidents else ()
    except Exception as error:  # noqa: BLE001 - a step is a stranger's; one record must not end it
        if len(incidents) == 1:
            work.reject(incidents[0], "a step failed on it", error)
            return ()
    return [clean for one in incidents for clean in _clean([one], scorer, work)]


def _render_all(
    incidents: Sequence[Incident], scorer: Scorer, work: _Page
) -> list[tuple[Incident, str]]:
    texts = []
    for incident in incidents:
        try:
            text = scorer.render(incident)
        except Exception as error:  # noqa: BLE001 - as for the steps
            work.reject(incident, "it cannot be rendered", error)
            continue
        if text:
            texts.append((incident, text))
        else:
            work.empty.append(incident.uid)
    return texts


def _probabilities(texts: Sequence[str], scorer: Scorer) -> NDArray[np.float64]:
    """Calibrated probabilities, shape (len(texts), labels); each different text is scored once.

    Texts of similar length share a batch, so that little is computed on padding; alert streams
    repeat themselves, so that many texts are not scored at all.
    """
    row = {text: number for number, text in enumerate(sorted(set(texts), key=_by_length))}
    different = list(row)
    parts = [
        _ask(scorer.model, different[start : start + scorer.batch])
        for start in range(0, len(different), scorer.batch)
    ]
    if not parts:
        return np.empty((0, len(scorer.task.labels)))
    found = np.concatenate(parts)[[row[text] for text in texts]]
    return apply_temperature(found, scorer.temperature)


def _by_length(text: str) -> tuple[int, str]:
    return (len(text), text)


def _ask(model: TrainedModel, texts: Sequence[str]) -> NDArray[np.float64]:
    proba = np.asarray(model.predict_proba(texts), dtype=np.float64)
    if proba.shape != (len(texts), len(model.labels)):
        raise PluginError(
            f"the model gave probabilities of shape {proba.shape} for {len(texts)} texts and "
            f"{len(model.labels)} labels: its recipe breaks the contract of predict_proba"
        )
    return proba


def _only_finite(
    texts: Sequence[tuple[Incident, str]], proba: NDArray[np.float64], work: _Page
) -> tuple[list[tuple[Incident, str]], NDArray[np.float64]]:
    good = [bool(np.isfinite(row).all()) for row in proba]
    for (incident, _), is_good in zip(texts, good, strict=True):
        if not is_good:
            work.reject(incident, "the model gave no probability for it")
    kept = [each for each, is_good in zip(texts, good, strict=True) if is_good]
    return kept, proba[np.array(good, dtype=bool)]


def _carried(incident: Incident, scorer: Scorer) -> Mapping[str, Any]:
    wanted = dict.fromkeys((*scorer.task.text_fields, *scorer.keep))
    return {name: incident.fields[name] for name in wanted if name in incident.fields}


def _divide(
    detections: Iterable[Detection], scorer: Scorer
) -> tuple[list[Detection], list[tuple[Detection, str]]]:
    passed: list[Detection] = []
    suppressed: list[tuple[Detection, str]] = []
    for detection in detections:
        found = suppression_of(detection, scorer)
        if found is None:
            passed.append(detection)
        else:
            suppressed.append((detection, found.reason))
    return passed, suppressed


def suppression_of(detection: Detection, scorer: Scorer) -> Suppression | None:
    """Why a plugin keeps a detection back; None when it may go out."""
    try:
        return scorer.suppress(detection)
    except Exception as error:  # noqa: BLE001 - a stranger's
        # A detection too many costs a look; one too few may cost the company.
        log.warning(
            "detection %s goes out: the plugin that may suppress it failed (%s)",
            detection.uid,
            type(error).__name__,
        )
        return None
