"""The settings of a connector that reads times of a foreign system."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from sftsec_core.api.settings.values import Strict
from sftsec_core.sdk.times import TimeReader, check_format, zone_info


def _one_or_several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _checked(form: str) -> str:
    check_format(form)
    return form


def _zone(name: str) -> str:
    zone_info(name)
    return name


class TimeSettings(Strict):
    """How times are written, for a connector's settings to inherit."""

    time_format: Annotated[
        tuple[Annotated[str, AfterValidator(_checked)], ...],
        BeforeValidator(_one_or_several, json_schema_input_type=str | tuple[str, ...]),
    ] = Field(
        ("auto",),
        min_length=1,
        description="How times are written, one form or a list that is tried in its order: auto "
        "(ISO 8601, numbers since 1970, and what consoles and mail write), iso, epoch (seconds), "
        "epoch_ms, epoch_us, epoch_ns, or strptime's: '%d/%m/%Y %H:%M:%S'.",
        json_schema_extra={"examples": ["auto", ["iso", "%d/%m/%Y %H:%M:%S"]]},
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC", description="IANA name of the zone of times that name none: Europe/Berlin."
    )
    any_time: bool = Field(
        False,
        description="Whether times before 1990 and later than tomorrow are believed; else they go "
        "to quarantine.",
    )

    @property
    def times(self) -> TimeReader:
        """What reads times as these settings say."""
        return _reader(self.time_format, self.timezone, self.any_time)


@lru_cache(maxsize=64)
def _reader(formats: tuple[str, ...], zone: str, any_time: bool) -> TimeReader:
    return TimeReader(formats, zone, any_time=any_time)
