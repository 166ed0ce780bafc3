"""A renderer and a voter, each with settings of its own in the task that names it."""

from __future__ import annotations

from pydantic import Field

from sftsec_core.api import EvalReport, GateSettings, Incident, Strict, TaskSpec, Vote


class LabelledLinesConfig(Strict):
    """What `render: {name: example-lines, ...}` may say."""

    separator: str = Field(": ", description="Between the name of a field and its value.")
    longest: int = Field(2000, ge=1, description="Characters of a value that are read.")


def labelled_lines(config: LabelledLinesConfig, incident: Incident, task: TaskSpec) -> str:
    """Write a line for each text field that has a value, with its name."""
    return "\n".join(
        f"{name}{config.separator}{str(value)[: config.longest]}"
        for name in task.text_fields
        if (value := incident.fields.get(name))
    )


class PrecisionFloorConfig(Strict):
    """What `gate.voters.example-precision` may say."""

    floor: float = Field(0.5, ge=0, le=1, description="The least precision of alerts.")


def precision_floor(
    config: PrecisionFloorConfig,
    candidate: EvalReport,
    live: EvalReport | None,
    gate: GateSettings,
) -> Vote | None:
    """Reject a model whose alerts are mostly wrong; abstain where precision is undefined."""
    figure = candidate.candidate.metrics.get("precision")
    if figure is None or figure.value is None:
        return None
    reason = f"precision {figure.value:.3f}, at least {config.floor:.3f} is asked for"
    return Vote("example-precision", figure.value >= config.floor, reason)
