"""What `tasks.NAME.evaluation` of sftsec.yaml may say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from sftsec_core.api.settings.values import Strict


def names_to_settings(value: object) -> object:
    """Read a list of names, `[a, {b: {key: 1}}]`, as names with their settings.

    Raises:
        ValueError: when an item is neither, or a name is listed twice.
    """
    if not isinstance(value, (list, tuple)):
        return value
    found: dict[str, Any] = {}
    for item in value:
        named = {item: {}} if isinstance(item, str) else item
        if not isinstance(named, Mapping) or len(named) != 1:
            raise ValueError("write a name, or one name with its settings: {NAME: {KEY: VALUE}}")
        ((name, options),) = named.items()
        if name in found:
            raise ValueError(f"{name!r} is listed twice")
        found[name] = {} if options is None else options
    return found


class CostSettings(Strict):
    """What a decision costs, for the curve of minutes against missed attacks."""

    minutes_per_alert: float = Field(
        10, gt=0, le=1e6, description="Minutes of an analyst for one alert or one review."
    )
    missed_attack_minutes: float = Field(
        480, gt=0, le=1e9, description="Minutes that one missed attack costs later on."
    )


class EvaluationSettings(Strict):
    """What an evaluation computes besides the built-in figures."""

    metrics: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Settings of metrics that enabled plugins register."
    )
    audits: Annotated[dict[str, dict[str, Any]], BeforeValidator(names_to_settings)] = Field(
        default_factory=dict,
        description="Further looks at a candidate, a list of names or names with their settings.",
    )
    cost: CostSettings = CostSettings()
    groups: tuple[str, ...] = Field(
        (),
        description="Dotted ECS fields by whose values figures are given too, such as host.type; "
        "no model reads them for it.",
    )

    @field_validator("groups")
    @classmethod
    def _groups_are_named_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        twice = next((name for name in value if value.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"{twice!r} is listed twice")
        return value
