"""Request labels: the unlabelled incidents that the live model is least certain of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import TakesVerdicts
from sftsec_core.api.domain import Message, Permission
from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.pulling import named_errors, window_of
from sftsec_core.operations.score import live_model, scorer_of
from sftsec_core.scoring.judged import JudgedInPage, judged_in_page
from sftsec_core.scoring.sampling import Uncertain, label_request, most_uncertain
from sftsec_core.store.label_queue import QueuedIncident, bounded_fields

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from sftsec_core.api.domain import IncidentPage
    from sftsec_core.api.settings.task import TaskSettings
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.stages import Stage
    from sftsec_core.scoring.scorer import Scorer


@dataclass(frozen=True, slots=True)
class WantedLabel:
    """An incident that a verdict is wanted on, and the connector that it is from."""

    connector: str
    incident: Uncertain


@dataclass(frozen=True, slots=True)
class LabelRequestResult:
    """What was requested.

    Attributes:
        model: digest of the model that is uncertain.
        wanted: the incidents, the least certain first.
        requested: how many of them the connectors could ask for.
        queued: how many are new on the labelling page of `sftsec serve`.
    """

    task: str
    model: str
    wanted: tuple[WantedLabel, ...]
    requested: int
    queued: int = 0

    def to_json(self) -> dict[str, Any]:
        """For `--json`; the events themselves stay where they are."""
        shown = ("uid", "label", "probability", "doubt", "text")
        return {
            "task": self.task,
            "model": self.model,
            "wanted": [
                {"connector": one.connector} | {name: getattr(one.incident, name) for name in shown}
                for one in self.wanted
            ],
            "requested": self.requested,
            "queued": self.queued,
        }


def request_labels(
    context: Context,
    name: str,
    *,
    limit: int,
    dry_run: bool = False,
) -> LabelRequestResult:
    """Ask the analysts for verdicts on the incidents that the live model is least certain of.

    Args:
        context: settings, store, registry, actor and event stream.
        name: the task.
        limit: how many at most.
        dry_run: only find them.

    Raises:
        NoLiveModelError: when the task has no live model.
        ConnectorError: when the connector cannot ask.
    """
    authorize(context.actor, Permission.REQUEST_LABELS, name)
    live = live_model(context, name)
    scorer, trained = scorer_of(context, name, context.registry.load(live))
    detail = f"with {live.digest[:12]} ({live.recipe})"
    with context.stage("score", name, detail) as stage:
        wanted = _wanted(context, trained, scorer, limit, stage)
        stage.counts["wanted"] = len(wanted)
        requested = queued = 0
        if not dry_run:
            shown = _queue(context, name, wanted, scorer)
            new = _request(context, trained, wanted, scorer, shown)
            requested, queued = sum(new.values()), sum(shown.values())
            details = {"model": live.digest, "wanted": len(wanted), "requested": requested}
            with context.store.writing() as connection:
                for source in (each for each in new if new[each] or shown.get(each)):
                    # None is new where the platform cannot ask about these, or was asked before.
                    uids = [each.incident.uid for each in wanted if each.connector == source]
                    context.store.label_requests.add(
                        name, source, uids, model=live.digest, joined=connection
                    )
                context.store.audit.append("labels.requested", name, details, joined=connection)
    return LabelRequestResult(name, live.digest, tuple(wanted), requested, queued)


def _wanted(
    context: Context, task: TaskSettings, scorer: Scorer, limit: int, stage: Stage
) -> list[WantedLabel]:
    """The incidents of all connectors, the least certain first; of equal inputs one."""
    window = window_of(task, datetime.now(UTC), labelled=False)
    found: dict[str, WantedLabel] = {}
    read = 0
    for source in task.connectors:
        before = read

        def on_page(done: int, before: int = before) -> None:
            nonlocal read
            read = before + done
            stage.progress(read)

        def judged(page: IncidentPage, source: str = source) -> JudgedInPage:
            return judged_in_page(context.store, source, scorer.reading, page)

        with named_errors(task, source), context.connector(source) as connector:
            pages = connector.pull(window)
            for each in most_uncertain(pages, scorer, limit, on_page, judged):
                found.setdefault(each.digest, WantedLabel(source, each))
    ordered = sorted(found.values(), key=lambda one: (one.incident.doubt, one.incident.uid))
    return ordered[:limit]


def _request(
    context: Context,
    task: TaskSettings,
    wanted: Sequence[WantedLabel],
    scorer: Scorer,
    shown: Container[str],
) -> dict[str, int]:
    """Ask each connector about its own incidents; how many of its requests are new.

    One without any is asked too: it may take off its list what was judged since. A platform that
    cannot ask is no error where the page of `sftsec serve` has shown its incidents.
    """
    requested: dict[str, int] = {}
    for source in task.connectors:
        mine = [label_request(one.incident, scorer) for one in wanted if one.connector == source]
        with named_errors(task, source), context.connector(source) as connector:
            try:
                requested[source] = connector.request_labels(mine)
            except ConnectorUnavailableError:
                raise
            except ConnectorError as error:
                if source not in shown:
                    raise
                requested[source] = 0
                context.emit(Message(text=f"{source}: on the page /label alone: {error}"))
    return requested


def _queue(
    context: Context, name: str, wanted: Sequence[WantedLabel], scorer: Scorer
) -> dict[str, int]:
    """Show the incidents on the page of `sftsec serve`; how many are new there, by connector.

    Only where somebody may label there, and of connectors that keep what is said: the queue holds
    events, and nobody could answer for the others.
    """
    if not context.settings.serve.analysts:
        return {}
    queue, shown = context.label_queue, dict[str, int]()
    for source in context.task(name).connectors:
        if not _keeps_verdicts(context, source):
            continue
        queue.settle(name, source, context.store.label_requests.judged(name, source))
        mine = [_queued(one, scorer) for one in wanted if one.connector == source]
        shown[source] = queue.add(mine)
    return shown


def _keeps_verdicts(context: Context, source: str) -> bool:
    """Ask before somebody has judged: a page of verdicts that go nowhere would be work lost."""
    with context.connector(source) as connector:
        try:
            if isinstance(connector, TakesVerdicts):
                connector.add_verdicts(())
                return True
        except ConnectorUnavailableError:
            raise
        except ConnectorError as error:
            text = f"{source}: not on the page /label, since it keeps no verdicts: {error}"
            context.emit(Message(text=text, level="warning"))
    return False


def _queued(wanted: WantedLabel, scorer: Scorer) -> QueuedIncident:
    request = label_request(wanted.incident, scorer)
    fields, cut = bounded_fields(request.fields)
    return QueuedIncident(
        task=request.task,
        connector=wanted.connector,
        uid=request.incident_uid,
        digest=wanted.incident.digest,
        label=request.label,
        probability=request.probability,
        reason=request.reason,
        at=None if request.at is None else request.at.timestamp(),
        fields=fields,
        cut=cut,
        copies=wanted.incident.copies,
    )
