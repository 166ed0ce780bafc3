"""Write what was scored into the outbox, a page a transaction, together with the cursor.

A kill loses nothing: either the page's detections, its quarantine entries, its suppressions in
the audit log and the moved cursor are all there, or none of them and the page is scored again.
Scoring a page again writes no second row: a detection's uid says which model found which
incident, and by what it read of it.

The cursor is kept for each task and source connector. A later call resumes after the last
cursor, with a new model too: what came in before was scored by the old one. A source that grew is
read from where it ended. `rescan` starts again (with `window.since`: from that time); such a
rescan moves the same cursor, so that the next plain call continues a killed one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from sftsec_core.dataset.sums import SCORING, check_sums
from sftsec_core.scoring.drift_counting import count_for_drift
from sftsec_core.scoring.judged import judged_in_page
from sftsec_core.scoring.scorer import ScoredPage, Scorer, score_page

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from sftsec_core.api.contracts import Connector
    from sftsec_core.api.domain import LabelRequest, PullWindow
    from sftsec_core.store.store import Store

_UIDS_IN_AUDIT = 100


@dataclass(frozen=True, slots=True)
class ScoreJob:
    """What to score.

    Attributes:
        task: the task's name.
        source: the name of the connector that incidents come from.
        destination: the name of the connector that detections go to.
        window: what to pull; `labelled=False` leaves out what analysts labelled already.
        run_id: the run that scores.
        rescan: start at the window's start instead of after the last cursor.
    """

    task: str
    source: str
    destination: str
    window: PullWindow
    run_id: str | None = None
    rescan: bool = False


@dataclass(slots=True)
class ScoreCounts:
    """The counts of a scoring job so far.

    `SCORING` says how they add up; each page is checked before it is recorded.

    Attributes:
        pages: pages recorded.
        pulled: records that they brought, those that could not be read too.
        already_labelled: those left out, since an analyst's verdict on them, with the content
            that they have, was pulled before.
        empty: incidents that have nothing to read.
        dropped_by_steps: incidents that a step left out.
        scored: those that were decided on.
        dismissed: those that need no attention.
        review: those for which a verdict is requested, and that raise no alert.
        drawn: those that raise no alert and are drawn at random, to estimate the live recall.
        requested: of those for review and those drawn, the requests that are new on the platform.
        alerts: those that raise one.
        suppressed: alerts that a plugin suppresses.
        detections: alerts to push.
        new: those of them that were not in the outbox yet.
        in_outbox: those that were, from an earlier run or the same incident's.
        rejected: records that could not be read or scored.
        labels: detections by label.
        cut: those that were scored, whose text is longer than what the model reads.
        cut_characters: text input to the characters of it that the model did not read.
        unexplained: detections of which the explainer could not say why.
        unknown_groups: those that were scored, of a group that the decider does not know.
    """

    pages: int = 0
    pulled: int = 0
    already_labelled: int = 0
    empty: int = 0
    dropped_by_steps: int = 0
    scored: int = 0
    dismissed: int = 0
    review: int = 0
    drawn: int = 0
    requested: int = 0
    alerts: int = 0
    suppressed: int = 0
    detections: int = 0
    new: int = 0
    in_outbox: int = 0
    rejected: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    cut: int = 0
    cut_characters: Counter[str] = field(default_factory=Counter)
    unexplained: int = 0
    unknown_groups: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as a JSON value."""
        counters = {"labels": self.labels, "cut_characters": self.cut_characters}
        return {**asdict(self), **{name: dict(each) for name, each in counters.items()}}

    def shown(self) -> dict[str, int]:
        """The figures as a stage of a run shows them."""
        return {
            "pulled": self.pulled,
            "already labelled": self.already_labelled,
            "empty": self.empty,
            "dropped by steps": self.dropped_by_steps,
            "rejected": self.rejected,
            "scored": self.scored,
            "not read whole": self.cut,
            "dismissed": self.dismissed,
            "for review": self.review,
            "drawn": self.drawn,
            "alerts": self.alerts,
            "suppressed": self.suppressed,
            "in the outbox already": self.in_outbox,
            "new": self.new,
            **({"without a reason": self.unexplained} if self.unexplained else {}),
            **({"of unknown groups": self.unknown_groups} if self.unknown_groups else {}),
        }

    def plus(self, other: ScoreCounts) -> ScoreCounts:
        """The counts of two jobs together."""
        return ScoreCounts(
            **{one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self)}
        )

    def with_page(self, page: ScoredPage, new: int) -> ScoreCounts:
        """The counts with a page's added.

        Args:
            page: what was scored.
            new: those of its detections that the outbox did not hold.

        Raises:
            IntegrityError: when they do not add up.
        """
        after = replace(
            self,
            pages=self.pages + 1,
            pulled=self.pulled + page.pulled,
            already_labelled=self.already_labelled + page.judged,
            empty=self.empty + page.empty,
            dropped_by_steps=self.dropped_by_steps + page.dropped,
            scored=self.scored + page.scored,
            dismissed=self.dismissed + page.dismissed,
            review=self.review + len(page.review),
            drawn=self.drawn + len(page.drawn),
            alerts=self.alerts + len(page.detections) + len(page.suppressed),
            suppressed=self.suppressed + len(page.suppressed),
            detections=self.detections + len(page.detections),
            new=self.new + new,
            in_outbox=self.in_outbox + len(page.detections) - new,
            rejected=self.rejected + len(page.rejected),
            labels=self.labels + Counter(one.label for one in page.detections),
            cut=self.cut + page.unread.rows,
            cut_characters=self.cut_characters + Counter(page.unread.characters),
            unexplained=self.unexplained + page.unexplained,
            unknown_groups=self.unknown_groups + page.unknown_groups,
        )
        check_sums("the scored page", after.as_dict(), SCORING)
        return after


def score_to_outbox(
    store: Store,
    connector: Connector,
    scorer: Scorer,
    job: ScoreJob,
    on_page: Callable[[ScoreCounts], None] = lambda _counts: None,
    request_labels: Callable[[Sequence[LabelRequest]], int] = lambda _requests: 0,
) -> ScoreCounts:
    """Pull, score and record until the source has no more.

    Incidents for review and those drawn are requested before their page is recorded: after a kill
    in between the page is scored again, and a request that is repeated changes nothing.

    Args:
        store: holds the cursor and the outbox.
        connector: the source.
        scorer: what to score by.
        job: what to score.
        on_page: called after each recorded page, with the counts so far.
        request_labels: requests verdicts on what goes to review or is drawn at random, and
            returns how many are new.

    Raises:
        ConnectorUnavailableError: when the source was lost; what is recorded stays and the
            next call resumes after it.
        StoreError: when another process scores the same task from the same source.
    """
    stored = store.cursors.get(job.task, job.source)
    pages = connector.pull(job.window, cursor=None if job.rescan else stored)
    counts = ScoreCounts()
    for pulled in scorer.forgotten.pages(pages, job.source):
        judged = judged_in_page(store, job.source, scorer.reading, pulled)
        page = score_page(pulled, scorer, judged)
        wanted = _once((*page.review, *page.drawn))
        asked = request_labels(wanted) if wanted else 0
        counts.requested += asked
        # None is new where the platform cannot ask about these, or was asked before.
        requests = wanted if asked else ()
        counts = _record(store, page, job, stored, counts, requests, scorer)
        stored = page.cursor
        on_page(counts)
    return counts


def _record(
    store: Store,
    page: ScoredPage,
    job: ScoreJob,
    expected: str | None,
    before: ScoreCounts,
    requests: Sequence[LabelRequest],
    scorer: Scorer,
) -> ScoreCounts:
    with store.writing() as connection:
        # The cursor first: where another process was faster, nothing else is touched.
        store.cursors.move(job.task, job.source, page.cursor, expected=expected, joined=connection)
        new = store.outbox.add(
            job.destination, page.detections, run_id=job.run_id, joined=connection
        )
        counts = before.with_page(page, new)
        store.quarantine.add(job.source, page.rejected, run_id=job.run_id, joined=connection)
        uids = [each.incident_uid for each in requests]
        store.label_requests.add(
            job.task, job.source, uids, model=scorer.model_digest, joined=connection
        )
        # All of them: whom the platform could not ask may give a verdict all the same.
        store.recall_draws.add(
            job.task,
            job.source,
            [each.incident_uid for each in page.drawn],
            model=scorer.model_digest,
            probability=scorer.recall_sample.probability,
            joined=connection,
        )
        _audit_suppressed(store, page, job, connection)
        count_for_drift(store, job.task, scorer, page.counted, connection)
        if scorer.figures is not None:
            scorer.figures.record(connection)
    return counts


def _once(requests: Iterable[LabelRequest]) -> tuple[LabelRequest, ...]:
    """Of several requests on one incident the first."""
    return tuple({each.incident_uid: each for each in reversed(tuple(requests))}.values())[::-1]


def _audit_suppressed(
    store: Store, page: ScoredPage, job: ScoreJob, connection: Connection
) -> None:
    by_reason: dict[str, list[str]] = {}
    for detection, reason in page.suppressed:
        by_reason.setdefault(reason, []).append(detection.incident_uid)
    for reason, incidents in sorted(by_reason.items()):
        details: Mapping[str, Any] = {
            "reason": reason,
            "count": len(incidents),
            "incidents": incidents[:_UIDS_IN_AUDIT],
            "run": job.run_id,
        }
        target = f"{job.task}/{job.destination}"
        store.audit.append("detections.suppressed", target, details, joined=connection)
