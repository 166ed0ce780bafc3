"""Request labels: the unlabelled incidents that the live model is least certain of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.operations.asking import RequestsOnPage, ask_platform
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.left_out import left_out
from sftsec_core.operations.pulling import named_errors, window_of
from sftsec_core.operations.score import live_model, scorer_of
from sftsec_core.operations.scoring_device import scoring_call, scoring_device
from sftsec_core.scoring.judged import JudgedInPage, judged_in_page
from sftsec_core.scoring.sampling import Uncertain, label_requests, most_uncertain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.api.domain import IncidentPage, LabelRequest
    from sftsec_core.api.settings.task import TaskSettings
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.stages import Stage
    from sftsec_core.scoring.scorer import Scorer

    Asked = tuple["WantedLabel", LabelRequest]


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
    detail = f"with {live.digest[:12]} ({live.recipe})"
    asker = scoring_call(context, name, "labels")
    with scoring_device(asker, live.recipe), context.stage("score", name, detail) as stage:
        scorer, trained = scorer_of(context, name, context.registry.load(live))
        scorer = replace(scorer, forgotten=left_out(context))
        wanted = _wanted(context, trained, scorer, limit, stage)
        stage.counts["wanted"] = len(wanted)
        requested = queued = 0
        if not dry_run:
            found = {each: RequestsOnPage.of(context, name, each) for each in trained.connectors}
            pages = {source: page for source, page in found.items() if page is not None}
            requests = label_requests([one.incident for one in wanted], scorer)
            asked = list(zip(wanted, requests, strict=True))
            shown = {each: _show(page, each, asked) for each, page in pages.items()}
            new = _request(context, trained, asked, pages)
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
    now = datetime.now(UTC)
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
            pulled = connector.pull(window_of(context, task, source, now, labelled=False))
            pages = scorer.forgotten.pages(pulled, source)
            for each in most_uncertain(pages, scorer, limit, on_page, judged):
                found.setdefault(each.digest, WantedLabel(source, each))
    ordered = sorted(found.values(), key=lambda one: (one.incident.doubt, one.incident.uid))
    return ordered[:limit]


def _request(
    context: Context,
    task: TaskSettings,
    asked: Sequence[Asked],
    pages: Mapping[str, RequestsOnPage],
) -> dict[str, int]:
    """Ask each connector about its own incidents; how many of its requests are new.

    One without any is asked too: it may take off its list what was judged since.
    """
    requested: dict[str, int] = {}
    for source in task.connectors:
        mine = [request for one, request in asked if one.connector == source]
        with named_errors(task, source), context.connector(source) as connector:
            requested[source] = ask_platform(context, connector, mine, pages.get(source))
    return requested


def _show(page: RequestsOnPage, source: str, asked: Sequence[Asked]) -> int:
    mine = [(one.incident, request) for one, request in asked if one.connector == source]
    copies = {each.uid: each.copies for each, _ in mine}
    return page.show([request for _, request in mine], copies)
