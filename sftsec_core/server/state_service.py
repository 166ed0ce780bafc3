"""What `/v1/models`, `/v1/runs` and `/v1/verdicts` answer, without HTTP; each call may block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from sftsec_core.api.errors import DataError, NotFoundError
from sftsec_core.operations.add_verdicts import add_verdicts, same_verdict
from sftsec_core.operations.compare_runs import figures_of
from sftsec_core.operations.list_models import list_models
from sftsec_core.operations.list_runs import list_runs, listed
from sftsec_core.operations.list_schedules import due_schedules
from sftsec_core.operations.show_run import show_run
from sftsec_core.server.error_responses import ProblemError
from sftsec_core.server.label_service import as_problems
from sftsec_core.server.state_schemas import (
    AddedVerdictCounts,
    ModelItem,
    ModelPage,
    NewVerdicts,
    RunFigures,
    RunItem,
    RunPage,
    ScheduleItem,
    ScheduleList,
)

if TYPE_CHECKING:
    from sftsec_core.api.domain import Actor
    from sftsec_core.api.settings.task import TaskSettings
    from sftsec_core.operations.context import Context
    from sftsec_core.server.label_service import LabelService

MOST_RUNS = 10_000  # older ones are read with `sftsec run list`
T = TypeVar("T")


class StateService:
    """The store's models and runs for those who may see them, and verdicts of those who label."""

    def __init__(self, context: Context, labels: LabelService) -> None:
        """Take the context, and who else writes verdicts: one request does at a time."""
        self._context = context
        self._labels = labels

    def models(self, who: Actor, task: str | None, cursor: str | None, limit: int) -> ModelPage:
        """A page of models.

        Raises:
            AuthorizationError: when they may not see them.
            ProblemError: when there is no such task or cursor.
        """
        with as_problems():
            found = list_models(self._context.acting_as(who), task)
        page, after = _page(found, lambda each: each.ref.digest, cursor, limit)
        return ModelPage(models=[ModelItem.of(each.ref) for each in page], cursor=after)

    def runs(self, who: Actor, task: str | None, cursor: str | None, limit: int) -> RunPage:
        """A page of runs; errors as `models` has them."""
        with as_problems():
            if task is not None and task not in self._context.settings.tasks:
                raise NotFoundError("task", task, self._context.settings.tasks)
            found = list_runs(self._context.acting_as(who), task, limit=MOST_RUNS)
        page, after = _page(found, lambda each: each.info.id, cursor, limit)
        return RunPage(runs=[RunItem.of(each) for each in page], cursor=after)

    def run(self, who: Actor, run: str) -> RunFigures:
        """One run, by its id or the beginning of it.

        Raises:
            AuthorizationError: when they may not see it.
            ProblemError: when there is no such run.
        """
        with as_problems():
            shown = show_run(self._context.acting_as(who), run)
            line = listed(shown.info, self._context.store.runs.lost())
        return RunFigures(run=RunItem.of(line), figures=dict(figures_of(shown.evaluation)))

    def schedules(self, who: Actor) -> ScheduleList:
        """The schedules of tasks that they may see, the next to run first; errors as `models`."""
        with as_problems():
            found = due_schedules(self._context.acting_as(who))
        return ScheduleList(schedules=[ScheduleItem.of(each) for each in found])

    def add_verdicts(self, who: Actor, given: NewVerdicts) -> AddedVerdictCounts:
        """Write verdicts of who asks where the connector keeps them.

        Raises:
            AuthorizationError: when they may not label there.
            ProblemError: when a task, a connector or a label is none, or the connector cannot.
        """
        with as_problems():
            task = self._context.task(given.task)
            connector = _connector_of(given, task)
            verdicts = [
                pair
                for each in given.verdicts
                for pair in same_verdict(
                    [each.incident], _word_of(each.label, task), who.name, each.reason
                )
            ]
            with self._labels.turn():
                done = add_verdicts(self._context.acting_as(who), connector, verdicts)
        return AddedVerdictCounts(connector=connector, read=done.read, added=done.added)


def _connector_of(given: NewVerdicts, task: TaskSettings) -> str:
    if given.connector is None:
        if len(task.connectors) > 1:
            raise DataError(f"connector: name one of {', '.join(task.connectors)}")
        return task.connectors[0]
    if given.connector not in task.connectors:
        raise NotFoundError("connector", given.connector, task.connectors)
    return given.connector


def _word_of(label: str, task: TaskSettings) -> str:
    """The word that stands for a label in the SIEM."""
    if label not in task.labels:
        raise NotFoundError("label", label, task.labels)
    return next(iter(task.labels[label]), label)


def _page(
    found: Sequence[T], name: Callable[[T], str], cursor: str | None, limit: int
) -> tuple[Sequence[T], str | None]:
    """The page after a cursor, which names its last item, and the cursor of the next one."""
    start = 0
    if cursor is not None:
        places = (number for number, each in enumerate(found) if name(each) == cursor)
        start = next(places, -1) + 1
        if start == 0:
            raise ProblemError(404, "cursor: there is no such item any more; start without one")
    page = found[start : start + limit]
    return page, name(page[-1]) if start + limit < len(found) else None
