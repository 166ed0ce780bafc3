"""What `schedules:` in sftsec.yaml may say, and what `sftsec schedule add` keeps in the store."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from sftsec_core.api.errors import unknown
from sftsec_core.api.settings.values import Duration, Strict
from sftsec_core.config.cron import check_cron
from sftsec_core.config.time_window import TimeWindow, parse_time_window

RunKind = Literal[
    "retrain", "adapt", "score", "dataset", "request-labels", "audit-push", "drift", "gc"
]
# Those of the whole state; all others work on a task.
WITHOUT_TASK = ("audit-push", "gc")
# As the task of their runs stands in the store.
WHOLE_STATE = "*"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_TRIGGERS = (
    *("cron", "interval", "new_verdicts", "drift_above", "live_precision_below"),
    "live_recall_below",
    *("any", "all"),
)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        said = unknown("time zone", name, available_timezones()).partition(" (known: ")[0]
        raise ValueError(f"{said}; write a name of the IANA database (Europe/Berlin)") from error
    return name


def _a_minute_or_more(value: timedelta | None) -> timedelta | None:
    if value is not None and value < timedelta(minutes=1):
        raise ValueError("it is shorter than a minute: write 1m or more")
    return value


def _windows(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _window(text: str) -> str:
    parse_time_window(text)
    return text


class When(Strict):
    """When a schedule is due: one key, or `any` or `all` of several such."""

    cron: Annotated[str, AfterValidator(check_cron)] | None = Field(
        None, description="A crontab's five fields, or @daily; days of the week as in a crontab."
    )
    interval: Annotated[Duration | None, AfterValidator(_a_minute_or_more)] = Field(
        None, description="Each time that so much has passed (6h), a minute or more."
    )
    new_verdicts: int | None = Field(
        None, ge=1, description="So many verdicts were pulled since the task's last such run ended."
    )
    drift_above: float | None = Field(
        None, gt=0, description="The newest figure of `figure` is above this."
    )
    figure: Literal["input_drift", "score_drift", "label_shift"] = Field(
        "input_drift", description="Which figure `drift_above` looks at."
    )
    live_precision_below: float | None = Field(
        None,
        gt=0,
        le=1,
        description="The newest precision of the live model, by verdicts on its detections, is "
        "below this.",
    )
    live_recall_below: float | None = Field(
        None,
        gt=0,
        le=1,
        description="The newest recall of the live model, by verdicts on its detections and on "
        "random draws, is below this.",
    )
    any: tuple[When, ...] | None = Field(None, min_length=2, description="One of these is due.")
    all: tuple[When, ...] | None = Field(
        None, min_length=2, description="The conditions among these hold, at the time of the other."
    )

    @property
    def key(self) -> str:
        """The one key that is set."""
        return next(name for name in _TRIGGERS if getattr(self, name) is not None)

    @property
    def timed(self) -> bool:
        """Whether times of a clock are in it, not conditions alone."""
        if self.cron is not None or self.interval is not None:
            return True
        return any(each.timed for each in self.any or self.all or ())

    @model_validator(mode="after")
    def _has_one_key(self) -> When:
        given = [name for name in _TRIGGERS if getattr(self, name) is not None]
        if len(given) != 1:
            said = f"{' and '.join(given)} stand together" if given else "it is empty"
            raise ValueError(
                f"{said}: write one of {', '.join(_TRIGGERS)}; several go into any: [...] or "
                "all: [...]"
            )
        if "figure" in self.model_fields_set and self.drift_above is None:
            raise ValueError("figure belongs to drift_above")
        return self

    @model_validator(mode="after")
    def _all_has_one_clock(self) -> When:
        if sum(each.timed for each in self.all or ()) > 1:
            raise ValueError(
                "all: at most one of them may be a time (cron, interval): two hardly ever fall "
                "together; one cron can name hours, days and months at once"
            )
        return self


class After(Strict):
    """What another run must have come to since this schedule ran last."""

    run: RunKind = Field("retrain", description="The kind of that run.")
    task: str | None = Field(None, description="Its task; default: the schedule's.")
    when: Literal["promoted", "succeeded", "refused", "failed", "ended"] = Field(
        "succeeded", description="How it ended; promoted: another model of the task went live."
    )

    @model_validator(mode="after")
    def _retraining_promotes(self) -> After:
        if self.when == "promoted" and self.run != "retrain":
            raise ValueError(f"when: promoted is of run: retrain; a {self.run} promotes nothing")
        return self


class Needs(Strict):
    """What a worker must have for a run."""

    gpus: int = Field(0, ge=0, le=64, description="GPUs.")


class ScheduleSettings(Strict):
    """What runs, and when."""

    run: RunKind = Field(description="What runs.")
    task: str | None = Field(None, description="On which task; none for audit-push and gc.")
    when: When | None = Field(None, description="When it is due; not needed beside `after`.")
    after: After | None = Field(
        None, description="It waits for the end of another run, such as a promotion."
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC", description="Of cron and window (Europe/Berlin)."
    )
    window: Annotated[
        tuple[Annotated[str, AfterValidator(_window)], ...], BeforeValidator(_windows)
    ] = Field((), description='When runs may start ("22:00-06:00 mon-fri"); several in a list.')
    outside: Literal["wait", "skip"] = Field(
        "wait", description="What is due outside the window waits for it, or is skipped."
    )
    cool_down: Duration = Field(
        timedelta(0),
        ge=timedelta(0),
        description="Conditions (verdicts, figures) start no run sooner after the task's last such "
        "run ended: 1d.",
    )
    catch_up: Literal["one", "all", "skip"] = Field(
        "one", description="Of what was missed, the newest runs, or all do in order, or none."
    )
    grace: Duration = Field(
        timedelta(minutes=5), description="With catch_up: skip, how late an occurrence may be."
    )
    jitter: Duration = Field(
        timedelta(0),
        ge=timedelta(0),
        le=timedelta(days=1),
        description="Starts up to so much later.",
    )
    priority: int = Field(0, ge=-100, le=100, description="Higher ones start first.")
    retries: int = Field(0, ge=0, le=10, description="How often a failed run is tried again.")
    timeout: Duration | None = Field(
        None, ge=timedelta(seconds=1), description="A run that takes longer is stopped."
    )
    budget: Duration | None = Field(
        None,
        gt=timedelta(0),
        description="Time for training, instead of the task's train.budget; of retrain and adapt.",
    )
    overlap: bool = Field(False, description="It may run beside other runs of its task.")
    needs: Needs = Field(Needs(), description="What a worker must have for it.")
    options: dict[str, Any] = Field(
        default_factory=dict, description="The run's own options, such as {promote: false}."
    )

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.timezone)

    @cached_property
    def windows(self) -> tuple[TimeWindow, ...]:
        """The windows; none: it may run at any time."""
        return tuple(map(parse_time_window, self.window))

    @property
    def named_tasks(self) -> dict[str, str]:
        """The tasks that it names, by their keys."""
        named = {"task": self.task, "after.task": self.after.task if self.after else None}
        return {key: task for key, task in named.items() if task is not None}

    @cached_property
    def trigger(self) -> dict[str, Any]:
        """All that says when it is due: two schedules with the same have the same occurrences."""
        whole = self.model_dump(mode="json", include={"run", "task", "when", "after", "timezone"})
        return {name: _without_defaults(value) for name, value in whole.items()}

    @model_validator(mode="after")
    def _task_fits_the_run(self) -> ScheduleSettings:
        if self.run in WITHOUT_TASK and self.task is not None:
            raise ValueError(f"{self.run} is of the whole state: leave out task")
        if self.run not in WITHOUT_TASK and self.task is None:
            raise ValueError(f"name the task of {self.run}: task: NAME")
        if self.budget is not None and self.run not in {"retrain", "adapt"}:
            raise ValueError(f"budget is the time for training: {self.run} trains nothing")
        return self

    @model_validator(mode="after")
    def _something_triggers_it(self) -> ScheduleSettings:
        if self.when is None and self.after is None:
            raise ValueError('name when it is due: when: {cron: "0 2 * * *"}, or after: {...}')
        if self.task is None and _needs_task(self.when):
            raise ValueError(f"verdicts and figures are of a task: {self.run} takes times only")
        after = self.after
        if after is not None and after.run not in WITHOUT_TASK and not (after.task or self.task):
            raise ValueError("after: name the task of that run (task: NAME)")
        if after and (after.run, after.task or self.task) == (self.run, self.task):
            raise ValueError("after: a run cannot wait for itself")
        return self


def _needs_task(when: When | None) -> bool:
    if when is None:
        return False
    parts = when.any or when.all
    return any(map(_needs_task, parts)) if parts else not when.timed


def _without_defaults(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(value, dict):
        return {name: _without_defaults(each) for name, each in value.items() if each is not None}
    return [_without_defaults(each) for each in value] if isinstance(value, list) else value


def check_schedule_name(name: str) -> str:
    """Return a schedule's name.

    Raises:
        ValueError: when it is none.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is no name of a schedule: 1 to 64 letters, digits, dots, dashes or "
            "underscores"
        )
    return name
