"""The status pages as HTML: where each task stands, what ran, what will run, on which cards.

Rendered on the server, read-only, without a script: their policy allows none. Texts that come
from incidents, platforms or people are escaped, cut, and their invisible characters spelled out.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from sftsec_core.evaluation.report.html import page_environment, visible
from sftsec_core.evaluation.report.numbers import metric_title, watched_number
from sftsec_core.operations.compare_runs import figures_of
from sftsec_core.operations.list_gpus import list_gpu_leases, list_gpus
from sftsec_core.operations.list_runs import list_runs, listed, seconds
from sftsec_core.operations.list_schedules import due_schedules
from sftsec_core.operations.manage_workers import failing_workers
from sftsec_core.operations.model_history import model_history
from sftsec_core.operations.show_run import show_run
from sftsec_core.operations.show_status import SHOWN, show_status
from sftsec_core.operations.simulate_schedules import simulate_schedules
from sftsec_core.operations.watched_figures import watched_figures
from sftsec_core.server.sparkline import sparkline
from sftsec_core.server.status_paths import GPUS, OVERVIEW, PAGES, RUNS, SCHEDULES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Environment

    from sftsec_core.operations.context import Context
    from sftsec_core.operations.list_runs import ListedRun
    from sftsec_core.operations.model_history import LiveSince
    from sftsec_core.operations.show_status import TaskStatus
    from sftsec_core.store.figures import Figure


_TEMPLATES = Path(__file__).resolve().parent / "templates"
STYLE_SHEET = _TEMPLATES / "status.css"
_RUNS_SHOWN = 100
_DAYS = 7
_CALENDAR = 500
_LOG = "log.txt"
_LOG_LINES = 400
_LOG_BYTES = 256 * 1024
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a page.

    Attributes:
        who: the name of the one who asks; None before a log-in.
        refresh: seconds after which the browser asks again; None: never.
    """

    who: str | None
    refresh: int | None = None


@dataclass(frozen=True, slots=True)
class _Watched:
    newest: Figure
    chart: Markup
    stale: bool


@dataclass(frozen=True, slots=True)
class _Task:
    status: TaskStatus
    history: Sequence[LiveSince]
    chart: Markup
    watched: Sequence[_Watched]


@dataclass(frozen=True, slots=True)
class _Row:
    info: Any
    status: str
    end: str
    seconds: float | None

    @classmethod
    def of(cls, run: ListedRun) -> _Row:
        return cls(run.info, run.status, run.end, seconds(run.info))


@dataclass(frozen=True, slots=True)
class _Log:
    lines: Sequence[str]
    cut: bool


class StatusView:
    """Renders the pages; each is read by the operations, as the one who asks."""

    def login(self, *, going_to: str = OVERVIEW, error: str | None = None) -> str:
        """The page that takes a token."""
        return self._page("login", "Log in", going_to, Asked(None), next=going_to, error=error)

    def overview(self, context: Context, asked: Asked) -> str:
        """Where each task stands.

        Raises:
            AuthorizationError: when who asks may not read.
        """
        tasks = [self._task(context, status) for status in show_status(context)]
        failing = failing_workers(context)
        return self._page("overview", "Overview", OVERVIEW, asked, tasks=tasks, failing=failing)

    def runs(self, context: Context, asked: Asked) -> str:
        """The newest runs.

        Raises:
            AuthorizationError: when who asks may not read.
        """
        found = [_Row.of(each) for each in list_runs(context, limit=_RUNS_SHOWN)]
        return self._page("runs", "Runs", RUNS, asked, runs=found)

    def schedules(self, context: Context, asked: Asked) -> str:
        """When each schedule runs next and why, and the calendar of the next days.

        Raises:
            AuthorizationError: when who asks may not read.
        """
        simulation = simulate_schedules(context, days=_DAYS)
        days = groupby(simulation.runs[:_CALENDAR], key=lambda run: run.starts_at.date())
        return self._page(
            "schedules",
            "Schedules",
            SCHEDULES,
            asked,
            schedules=due_schedules(context),
            simulation=simulation,
            days=_DAYS,
            failing=failing_workers(context),
            calendar=[(f"{day:%A, %Y-%m-%d}", list(runs)) for day, runs in days],
        )

    def gpus(self, context: Context, asked: Asked) -> str:
        """The GPUs of this machine, and the leases of all.

        Raises:
            AuthorizationError: when who asks may not read.
        """
        leases, gpus = list_gpu_leases(context, ended=True), list_gpus(context)
        holders = [one.info.run_id for one in leases]
        holders += [one.lease.run_id for one in gpus.gpus if one.lease]
        # A command that scores without a run of its own holds a lease too.
        runs = context.store.runs.known(holders)
        return self._page("gpus", "GPUs", GPUS, asked, gpus=gpus, leases=leases, runs=runs)

    def run(self, context: Context, run_id: str, asked: Asked) -> str:
        """A run with its figures and its log.

        Raises:
            AuthorizationError: when who asks may not read.
            NotFoundError: when there is no such run.
        """
        shown = show_run(context, run_id)
        info, line = shown.info, listed(shown.info, context.store.runs.lost())
        facts = {
            "kind": info.kind,
            "task": info.task,
            "status": line.status,
            "end": line.end or None,
            "started": moment(info.started_at),
            "finished": moment(info.finished_at) if info.finished_at else None,
            "took": span(seconds(info)),
        }
        figures = figures_of(shown.evaluation)
        return self._page(
            "run",
            f"Run {info.id}",
            f"{RUNS}/{info.id}",
            asked,
            id=info.id,
            facts={name: value for name, value in facts.items() if value},
            report=shown.report is not None and shown.report.is_file(),
            figures={name: figures[name] for name in SHOWN if name in figures},
            log=_log_of(info.folder / _LOG),
        )

    def report(self, context: Context, run_id: str) -> bytes | None:
        """A run's report; None where it wrote none.

        Raises:
            AuthorizationError: when who asks may not read.
            NotFoundError: when there is no such run.
        """
        file = show_run(context, run_id).report
        return file.read_bytes() if file is not None and file.is_file() else None

    def message(self, title: str, text: str, asked: Asked) -> str:
        """A page that says one thing."""
        return self._page("message", title, OVERVIEW, asked, text=text)

    def _task(self, context: Context, status: TaskStatus) -> _Task:
        history = model_history(context, status.task)
        drawn = _chart([each.figures.get("macro_f1") for each in history], "Macro-F1 when made")
        live = status.live.digest if status.live else None
        watched = [
            _Watched(
                each[-1],
                _chart([one.value for one in each], metric_title(each[-1].name)),
                not each[-1].is_of(live),
            )
            for each in watched_figures(context, status.task).values()
        ]
        return _Task(status, history[::-1], drawn, watched)

    def _page(self, template: str, title: str, here: str, asked: Asked, **more: object) -> str:
        return self._environment.get_template(f"{template}.html.j2").render(
            title=title,
            here=here,
            pages=PAGES,
            who=asked.who,
            refresh=asked.refresh,
            now=datetime.now(UTC),
            **more,
        )

    @cached_property
    def _environment(self) -> Environment:
        made = page_environment(_TEMPLATES)
        made.filters |= {
            "time": moment,
            "span": span,
            "size": lambda count: "-" if count is None else f"{count / 2**30:.1f} GiB",
            "age": lambda days: span(86400 * days),
            "watched": watched_number,
        }
        return made


def _chart(values: Sequence[float | None], name: str) -> Markup:
    return Markup(sparkline(values, name))  # noqa: S704 - our own, and it escapes the name


def moment(at: datetime) -> str:
    """A moment in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def span(length_s: float | None) -> str:
    """A length of time in its largest unit; "" where it is not known."""
    if length_s is None:
        return ""
    for size, unit in _UNITS:
        if length_s >= size:
            return f"{length_s / size:.1f} {unit}"
    return f"{length_s:.0f} s"


def _log_of(file: Path) -> _Log | None:
    """The end of a run's log, made fit to be shown; None where there is none."""
    try:
        with file.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - _LOG_BYTES))
            text = stream.read(_LOG_BYTES).decode("utf-8", "replace")
    except OSError:
        return None
    whole = text.splitlines()
    lines = deque(whole, maxlen=_LOG_LINES)
    return _Log([visible(line) for line in lines], size > _LOG_BYTES or len(whole) > _LOG_LINES)
