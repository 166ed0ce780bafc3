"""Requests and responses of `/v1/models`, `/v1/runs` and `/v1/verdicts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, Field

from sftsec_core.operations.list_runs import ListedRun, seconds

if TYPE_CHECKING:
    from sftsec_core.api.domain import ModelRef
    from sftsec_core.operations.list_schedules import PlannedSchedule


class _StateModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelItem(_StateModel):
    """A registered model."""

    digest: str
    task: str
    recipe: str
    run: str = Field(description="The last run that made it.")
    created_at: str = Field(description="When it was registered, ISO 8601 in UTC.")
    aliases: list[str] = Field(description='"live", "candidate", ... that point at it now.')

    @classmethod
    def of(cls, ref: ModelRef) -> Self:
        """Take what a client may know."""
        return cls(
            digest=ref.digest,
            task=ref.task,
            recipe=ref.recipe,
            run=ref.run_id,
            created_at=ref.created_at.isoformat(),
            aliases=list(ref.aliases),
        )


class ModelPage(_StateModel):
    """Models, newest first."""

    models: list[ModelItem]
    cursor: str | None = Field(description="Of the next page; null at the end.")


class RunItem(_StateModel):
    """A run and how it ended."""

    run: str
    kind: str
    task: str
    status: str
    end: str = Field(description="The line that says why; empty where there is nothing to say.")
    started_at: str
    finished_at: str | None
    seconds: float | None

    @classmethod
    def of(cls, listed: ListedRun) -> Self:
        """Take what a client may know."""
        info = listed.info
        return cls(
            run=info.id,
            kind=info.kind,
            task=info.task,
            status=listed.status,
            end=listed.end,
            started_at=info.started_at.isoformat(),
            finished_at=info.finished_at.isoformat() if info.finished_at else None,
            seconds=seconds(info),
        )


class ScheduleItem(_StateModel):
    """A schedule, and what it would do now."""

    schedule: str
    run: str = Field(description="The kind of run.")
    task: str | None
    paused: bool
    due: bool
    starts_at: str | None = Field(description="Of its next run; null where only an event tells.")
    reason: str

    @classmethod
    def of(cls, planned: PlannedSchedule) -> Self:
        """Take what a client may know."""
        settings, at = planned.schedule.settings, planned.starts_at
        return cls(
            schedule=planned.schedule.name,
            run=settings.run,
            task=settings.task,
            paused=planned.schedule.state.paused,
            due=planned.due,
            starts_at=at.isoformat() if at else None,
            reason=planned.reason,
        )


class ScheduleList(_StateModel):
    """The schedules."""

    schedules: list[ScheduleItem]


class RunPage(_StateModel):
    """Runs, newest first."""

    runs: list[RunItem]
    cursor: str | None = Field(description="Of the next page; null at the end.")


class RunFigures(_StateModel):
    """A run with the figures of its evaluation."""

    run: RunItem
    figures: dict[str, float | None] = Field(description="By name; empty without an evaluation.")


class IncidentVerdict(_StateModel):
    """A verdict on an incident."""

    incident: str = Field(min_length=1, max_length=1000, description="As the connector names it.")
    label: str = Field(min_length=1, max_length=200, description="One of the task's labels.")
    reason: str | None = Field(None, max_length=2000)


class NewVerdicts(_StateModel):
    """Verdicts of the token's owner, given now."""

    task: str = Field(min_length=1, max_length=200)
    connector: str | None = Field(
        None, max_length=200, description="Which has the incidents; needed where there are several."
    )
    verdicts: list[IncidentVerdict] = Field(min_length=1, max_length=100)


class AddedVerdictCounts(_StateModel):
    """What was added."""

    connector: str
    read: int
    added: int = Field(description="Those that are new where the connector keeps them.")
