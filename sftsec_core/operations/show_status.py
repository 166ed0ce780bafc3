"""Show where each task stands: its live model, its last runs, what waits."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import ModelRef, Permission
from sftsec_core.api.errors import SftsecError
from sftsec_core.operations.approvals import ApprovalState, waiting_models
from sftsec_core.operations.authorize import authorize_some, permitted
from sftsec_core.operations.compare_runs import figures_of
from sftsec_core.operations.list_runs import ListedRun, listed
from sftsec_core.operations.list_schedules import PlannedSchedule, list_schedules
from sftsec_core.operations.outdated_models import outdated_models
from sftsec_core.operations.show_run import show_run
from sftsec_core.registry.card import decision_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.operations.context import Context
    from sftsec_core.store.figures import Figure
    from sftsec_core.store.outbox import OutboxCount

SHOWN = ("macro_f1", "recall", "precision", "fpr")


@dataclass(frozen=True, slots=True)
class LiveModel:
    """A live model with its figures.

    Attributes:
        age_days: since it was registered.
        figures: of its evaluation, by name; empty where its run's report is gone.
        outdated: what it learned that was forgotten since, and until when it may serve; None for
            nothing.
    """

    digest: str
    recipe: str
    age_days: float
    figures: Mapping[str, float | None]
    outdated: str | None = None


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """Where one task stands.

    Attributes:
        live: None where no model is.
        last: the newest run; None before the first.
        refusal: the newest retraining that made no live model, as "run: reason"; None where the
            newest one did.
        new_verdicts: verdicts of its connectors that were pulled after the live model was made.
        requested: incidents that analysts were asked about and that no verdict was pulled for.
        outbox: its destinations' detections by state ("pending", "delivered", "rejected").
        approvals: models that wait for people to approve them.
        schedules: its schedules, with when each runs next and why.
        watched: the newest value of each figure that is watched, by name.
        stranded: its pending detections for connectors that it no longer delivers to, by name.
    """

    task: str
    live: LiveModel | None
    last: ListedRun | None
    refusal: str | None
    new_verdicts: int
    requested: int
    outbox: Mapping[str, int]
    watched: Mapping[str, Figure]
    stranded: Mapping[str, int]
    approvals: tuple[ApprovalState, ...] = ()
    schedules: tuple[PlannedSchedule, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "task": self.task,
            "live": asdict(self.live) if self.live else None,
            "last": self.last.to_json() if self.last else None,
            "refusal": self.refusal,
            "new_verdicts": self.new_verdicts,
            "requested": self.requested,
            "outbox": dict(self.outbox),
            "watched": {name: each.to_json() for name, each in self.watched.items()},
            "stranded": dict(self.stranded),
            "approvals": [each.to_json() for each in self.approvals],
            "schedules": [each.next_json() for each in self.schedules],
        }

    def next_step(self) -> str | None:
        """The usual next command; None where nothing waits."""
        if self.last is not None and self.last.status == "interrupted":
            return f"sftsec {self.last.info.kind} {self.task}"
        if self.live is None:
            return f"sftsec report --task {self.task}" if self.refusal else self._retrain()
        if self.live.outdated:
            return self._retrain()
        if self.outbox.get("pending"):
            return f"sftsec score {self.task}"
        return self._retrain() if self.new_verdicts else f"sftsec score {self.task}"

    def _retrain(self) -> str:
        return f"sftsec retrain {self.task}"


def show_status(context: Context) -> list[TaskStatus]:
    """Return where each task stands that the actor may see, by name."""
    authorize_some(context.actor, Permission.READ)
    counts, lost = context.store.outbox.counts(), context.store.runs.lost()
    tasks = permitted(context.actor, Permission.READ, sorted(context.settings.tasks))
    planned = list_schedules(context)
    return [
        replace(
            _status(context, name, counts, lost),
            schedules=tuple(each for each in planned if each.schedule.settings.task == name),
        )
        for name in tasks
    ]


def _status(
    context: Context, name: str, counts: list[OutboxCount], lost: frozenset[str]
) -> TaskStatus:
    store, task = context.store, context.task(name)
    live, last = context.registry.live(name), store.runs.list(name, limit=1)
    waiting: Counter[str] = Counter()
    for each in counts:
        waiting[each.status] += each.detections if each.connector in task.destinations else 0
    since = live.created_at if live else datetime.fromtimestamp(0, UTC)
    return TaskStatus(
        name,
        _live(context, live) if live else None,
        listed(last[0], lost) if last else None,
        _refusal(context, name, lost),
        sum(store.verdicts.pulled_since(source, since) for source in task.connectors),
        sum(store.label_requests.waiting(name, source) for source in task.connectors),
        +waiting,
        _watched(context, name),
        store.outbox.stranded(name, task.destinations),
        tuple(waiting_models(context, name)),
    )


def _watched(context: Context, task: str) -> dict[str, Figure]:
    figures = context.store.figures
    found = ((name, figures.latest(task, name)) for name in figures.names(task))
    return {name: each for name, each in found if each is not None}


def _live(context: Context, ref: ModelRef) -> LiveModel:
    age = datetime.now(UTC) - ref.created_at
    try:
        figures = figures_of(show_run(context, ref.run_id).evaluation)
    except SftsecError:  # the run was pruned
        figures = {}
    shown = {name: figures[name] for name in SHOWN if name in figures}
    late = outdated_models(context).get(ref.digest)
    told = late.line() if late else None
    return LiveModel(ref.digest, ref.recipe, age.total_seconds() / 86400, shown, told)


def _refusal(context: Context, name: str, lost: frozenset[str]) -> str | None:
    newest = context.store.runs.list(name, kind="retrain", limit=1)
    run = listed(newest[0], lost) if newest else None
    if run is None or run.status not in {"refused", "failed"}:
        return None
    if run.status == "failed":
        return f"{run.info.id}: {run.end}"
    made = next((m for m in context.registry.models(name) if m.run_id == run.info.id), None)
    if made is None:
        return f"{run.info.id}: its model is gone"
    try:
        votes = decision_of(context.registry.card(made)).refusals()
    except SftsecError as error:  # damaged files are a reason too
        return f"{run.info.id}: {error}"
    return f"{run.info.id}: {'; '.join(f'{vote.voter}: {vote.reason}' for vote in votes)}"
