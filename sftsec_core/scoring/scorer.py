"""From pages of incidents to pages of detections; writes nothing.

A page is cleaned by the steps that cleaned the training texts, rendered by the same renderer,
scored in batches of texts of similar length, calibrated, and decided by the decider that the report
was computed with. Memory is bounded by the page. What cannot be scored is a rejection of its
own; the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np

from sftsec_core.api.domain import Action, Batch, Inputs, Rejection, inputs_digest
from sftsec_core.api.errors import IntegrityError
from sftsec_core.dataset.forgotten import Forgotten
from sftsec_core.evaluation.unread import Unread, count_unread
from sftsec_core.scoring.decision import (
    ScoringDecision,
    decide_page,
    decided_columns,
    detection_of,
    divide,
)
from sftsec_core.scoring.explaining import review_requests, with_reasons
from sftsec_core.scoring.judged import JudgedInPage
from sftsec_core.scoring.page_errors import PageErrors, clean, only_finite, render_all
from sftsec_core.scoring.probabilities import probabilities
from sftsec_core.scoring.recall_sample import NO_SAMPLE, RecallSample, draw_requests
from sftsec_core.scoring.score_cache import ScoreCache

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api.contracts import TrainedModel
    from sftsec_core.api.contracts.serving import Calibrator, Decider
    from sftsec_core.api.domain import (
        Detection,
        Incident,
        IncidentPage,
        LabelRequest,
        Suppression,
        TaskSpec,
    )
    from sftsec_core.drift.sketch import Rows
    from sftsec_core.drift.windows import DriftCounter
    from sftsec_core.registry.registry import LoadedModel
    from sftsec_core.scoring.event_figures import EventFigures
    from sftsec_core.scoring.explaining import Explain

BATCH = 256
_NONE = JudgedInPage()


@dataclass(frozen=True, slots=True)
class Scorer:
    """All that turns an incident into a decision.

    Attributes:
        task: the labels are the model's columns, in their order.
        model: gives the probabilities.
        model_digest: names the model; part of each detection's uid.
        calibrator: calibrates the model's probabilities.
        decider: decides on the calibrated probabilities.
        steps: the steps that cleaned the training texts.
        take_rejected: what they have found unusable since it was called last.
        render: an incident's inputs, rendered as for training; none leave the incident out.
        suppress: gives the reason why a detection must not be pushed; None when it may.
        keep: fields that a detection carries besides those that the task reads.
        by_content: whether the uid of a detection depends on what the model read.
        reading: names how incidents are read, see `dataset.reading`.
        connector: part of each detection's uid, see `detection_uid`.
        drift: counts what is scored; None counts nothing.
        figures: of the events before an incident, where the model reads them.
        recall_sample: how what raises no alert is drawn at random.
        explain: says why what becomes a detection does; None says nothing.
        batch: rows that the model is given at once.
        forgotten: incidents that are left out.
        known: what the model gave before.
    """

    task: TaskSpec
    model: TrainedModel
    model_digest: str
    calibrator: Calibrator
    decider: Decider
    steps: Callable[[Sequence[Incident]], Sequence[Incident]]
    render: Callable[[Incident], Inputs]
    take_rejected: Callable[[], Sequence[Rejection]] = tuple
    suppress: Callable[[Detection], Suppression | None] = lambda _detection: None
    keep: tuple[str, ...] = ()
    by_content: bool = True
    reading: str = ""
    connector: str = ""
    drift: DriftCounter | None = None
    figures: EventFigures | None = None
    recall_sample: RecallSample = NO_SAMPLE
    explain: Explain | None = None
    batch: int = BATCH
    forgotten: Forgotten = field(default_factory=lambda: Forgotten((), b""), compare=False)
    known: ScoreCache = field(default_factory=ScoreCache, repr=False, compare=False)

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
        render: Callable[[Incident], Inputs],
        take_rejected: Callable[[], Sequence[Rejection]] = tuple,
        suppress: Callable[[Detection], Suppression | None] = lambda _detection: None,
        explain: Explain | None = None,
        reading: str = "",
        figures: EventFigures | None = None,
    ) -> Self:
        """Take the task, the calibrator and the decider from a registered model."""
        serving = loaded.serving
        return cls(
            task=serving.task,
            model=loaded.model,
            model_digest=loaded.ref.digest,
            calibrator=loaded.parts.calibrator,
            decider=loaded.parts.decider,
            steps=steps,
            render=render,
            take_rejected=take_rejected,
            suppress=suppress,
            explain=explain,
            keep=tuple(serving.keep),
            by_content=serving.by_content,
            reading=reading,
            figures=figures,
        )

    def digest_of(self, inputs: Inputs) -> str:
        """The part of a detection's uid that says what the model read; "" where it has none."""
        return inputs_digest(self.task.own(inputs)) if self.by_content else ""

    @property
    def threshold(self) -> float:
        """The attack probability from which the decider may alert."""
        return self.decider.threshold.value


@dataclass(frozen=True, slots=True)
class ScoredPage:
    """The decisions on one page; `SCORING` says how its counts add up.

    Attributes:
        cursor: the page's; everything before it is scored.
        pulled: records that the page brought, those that could not be read too.
        scored: those with a decision; the rest is dropped, empty or rejected.
        dismissed: those that need no attention.
        detections: alerts to push.
        suppressed: alerts that a plugin suppresses, with its reason.
        review: requests for a verdict on incidents that are no alert.
        drawn: requests for a verdict on a random sample of them, those for review among them.
        rejected: records that could not be read or scored.
        empty: incidents that have nothing to read.
        dropped: incidents that a step left out, or that were forgotten under another id.
        judged: incidents that were left out, since an analyst has judged them.
        counted: what was scored, for the watch over drift; None where nothing counts it.
        unread: what a bound on length kept the model from reading of those with a decision.
        unexplained: detections of which the explainer could not say why.
        unknown_groups: those with a decision that are of a group that the decider does not know.
    """

    cursor: str
    pulled: int
    scored: int
    dismissed: int
    detections: tuple[Detection, ...]
    suppressed: tuple[tuple[Detection, str], ...] = ()
    review: tuple[LabelRequest, ...] = ()
    drawn: tuple[LabelRequest, ...] = ()
    rejected: tuple[Rejection, ...] = ()
    empty: int = 0
    dropped: int = 0
    judged: int = 0
    counted: Rows | None = None
    unread: Unread = field(default_factory=Unread)
    unexplained: int = 0
    unknown_groups: int = 0


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


def score_page(page: IncidentPage, scorer: Scorer, judged: JudgedInPage = _NONE) -> ScoredPage:
    """Score one page.

    Args:
        page: as a connector pulled it.
        scorer: what to score it by.
        judged: what to leave out, since an analyst has judged it.

    Raises:
        PluginError: when the model breaks its contract (shape of the probabilities).
    """
    rated = rate_page(page, scorer, judged)
    by_action: dict[Action, list[ScoringDecision]] = {action: [] for action in Action}
    decisions = list(decide_page(rated, scorer))
    for decision in decisions:
        by_action[decision.action].append(decision)
    alerts = (detection_of(each, scorer) for each in by_action[Action.ALERT])
    passed, suppressed = divide(alerts, scorer)
    told, unexplained = with_reasons(passed, by_action[Action.ALERT], scorer)
    return ScoredPage(
        cursor=page.cursor,
        pulled=len(page.incidents) + len(page.rejected),
        scored=len(rated.rows),
        dismissed=len(by_action[Action.DISMISS]),
        detections=tuple(told),
        suppressed=tuple(suppressed),
        review=review_requests(by_action[Action.REVIEW], scorer),
        drawn=draw_requests(decisions, scorer),
        rejected=rated.rejected,
        empty=len(rated.empty),
        dropped=rated.dropped,
        judged=rated.judged,
        counted=_counted(rated, decisions, scorer),
        unread=count_unread(
            scorer.model, Batch.of(scorer.task.inputs, (inputs for _, inputs in rated.rows))
        ),
        unexplained=unexplained,
        unknown_groups=sum(each.unknown_group for each in decisions),
    )


def _counted(rated: RatedPage, decisions: Sequence[ScoringDecision], scorer: Scorer) -> Rows | None:
    if scorer.drift is None:
        return None
    inputs = [inputs for _, inputs in rated.rows]
    return scorer.drift.read(inputs, rated.proba, decided_columns(decisions, scorer))


@dataclass(frozen=True, slots=True)
class RatedPage:
    """A page's incidents with the model's probabilities, before anything is decided.

    Attributes:
        rows: each incident that could be rated, cleaned, with the inputs that the model read.
        proba: calibrated probabilities, shape (len(rows), labels).
        rejected: records that could not be read or rated.
        empty: uids of incidents that have nothing to read.
        dropped: incidents that a step left out, or that were forgotten under another id.
        judged: incidents that were left out, since an analyst has judged them.
    """

    rows: tuple[tuple[Incident, Inputs], ...]
    proba: NDArray[np.float64]
    rejected: tuple[Rejection, ...]
    empty: tuple[str, ...] = ()
    dropped: int = 0
    judged: int = 0


def rate_page(page: IncidentPage, scorer: Scorer, judged: JudgedInPage = _NONE) -> RatedPage:
    """Clean and render a page's incidents, and let the model give its probabilities.

    Args:
        page: as a connector pulled it.
        scorer: how to clean and render them, and the model.
        judged: what to leave out, since an analyst has judged it.

    Raises:
        PluginError: when the model breaks its contract (shape of the probabilities).
    """
    return rate_pages((page,), scorer, judged)[0]


def rate_pages(
    pages: Sequence[IncidentPage], scorer: Scorer, judged: JudgedInPage = _NONE
) -> list[RatedPage]:
    """Rate several pages with one call of the model; each is cleaned and rendered by itself.

    What a step or a renderer makes of a page does not depend on the others, so that pages may hold
    equal uids.

    Args:
        pages: as `rate_page` takes one.
        scorer: how to clean and render them, and the model.
        judged: what to leave out of every page.

    Returns:
        One for each page, in their order.

    Raises:
        PluginError: when the model breaks its contract (shape of the probabilities).
    """
    prepared = [_prepare(page, scorer, judged) for page in pages]
    proba = probabilities([inputs for each in prepared for _, inputs in each.rows], scorer)
    ends = np.cumsum([len(each.rows) for each in prepared])[:-1]
    parts = np.split(proba, ends)
    return [_rated(*each) for each in zip(prepared, parts, strict=True)] if prepared else []


@dataclass(slots=True)
class _PreparedPage:
    """A page's rows, cleaned and rendered, and what could not be."""

    rows: list[tuple[Incident, Inputs]]
    work: PageErrors
    judged: int


def _prepare(page: IncidentPage, scorer: Scorer, judged: JudgedInPage) -> _PreparedPage:
    work = PageErrors(list(page.rejected))
    unknown = [each for each in page.incidents if each.uid not in judged.uids]
    rendered = _not_forgotten(render_all(clean(unknown, scorer, work), scorer, work), scorer, work)
    if scorer.figures is not None:
        rendered = scorer.figures.beside(rendered, _judged_rows(page, scorer, judged))
    rows = [row for row in rendered if not _is_judged(*row, judged, scorer.task)]
    left_out = len(page.incidents) - len(unknown) + len(rendered) - len(rows)
    return _PreparedPage(rows, work, left_out)


def _not_forgotten(
    rows: list[tuple[Incident, Inputs]], scorer: Scorer, work: PageErrors
) -> list[tuple[Incident, Inputs]]:
    """The rows but those that were forgotten under another id."""
    gone = scorer.forgotten.has_content
    kept = [(one, read) for one, read in rows if not gone(scorer.task.own(read), one.at)]
    work.dropped += len(rows) - len(kept)
    return kept


def _judged_rows(
    page: IncidentPage, scorer: Scorer, judged: JudgedInPage
) -> list[tuple[Incident, Inputs]]:
    """Incidents that are not scored, but are events before others all the same."""
    known, aside = [each for each in page.incidents if each.uid in judged.uids], PageErrors()
    return render_all(clean(known, scorer, aside), scorer, aside) if known else []


def _rated(page: _PreparedPage, proba: NDArray[np.float64]) -> RatedPage:
    work = page.work
    kept, proba = only_finite(page.rows, proba, work)
    rejected, empty = tuple(work.rejected), tuple(work.empty)
    return RatedPage(tuple(kept), proba, rejected, empty, work.dropped, page.judged)


def _is_judged(incident: Incident, inputs: Inputs, judged: JudgedInPage, task: TaskSpec) -> bool:
    contents = judged.contents.get(incident.uid)
    return contents is not None and inputs_digest(task.own(inputs)) in contents
