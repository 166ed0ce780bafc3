"""The settings of `connectors.NAME` for `type: splunk`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from sftsec_core.api.settings.addresses import check_urls, refuse_clear_text
from sftsec_core.api.settings.paths import ConfigPath
from sftsec_core.api.settings.secrets import SecretRef
from sftsec_core.api.settings.values import Duration, Strict, TextMap
from sftsec_core.sdk.time_settings import TimeSettings

APP = "sftsec"
UNASSIGNED, UNDETERMINED = "disposition:0", "disposition:6"
DISPOSITIONS = {
    UNASSIGNED: "",
    "disposition:1": "true_positive",
    "disposition:2": "benign_positive",
    "disposition:3": "false_positive",
    "disposition:4": "false_positive",
    "disposition:5": "undetermined",
    UNDETERMINED: "undetermined",
}
_NAME = "^[A-Za-z0-9_-]+$"
_DISPOSITION = re.compile(r"(disposition:)?\d+", re.ASCII)
ReadOrder = Literal["auto", "index_time", "event_time"]
_ORDER = (
    "In the order of which time events are read. index_time: of _indextime, so that an event that "
    "is indexed late is read by the next pull, however old its own time is. event_time: of _time. "
    "auto: index_time, unless a command of the search loses _indextime."
)
_FIELD = re.compile(r"^[^\"'\\|`\s*][^\"'\\|`*]*$")


def _is_a_field(name: str | None) -> str | None:
    if name is not None and not _FIELD.match(name):
        raise ValueError(f"{name!r} is no name of a field: no quotes, stars, pipes or backslashes")
    return name


def _are_fields(rename: dict[str, str]) -> dict[str, str]:
    for name in rename.values():
        _is_a_field(name)
    return rename


def _one_or_several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class _Source(Strict):
    """What all sources of events share."""

    rename: dict[str, str] = Field(
        default_factory=dict,
        description="Field name to the field of Splunk that holds it, such as "
        "`email.subject: Subject Line`.",
    )

    _renamed = field_validator("rename")(_are_fields)


class _Security(_Source):
    """What the sources of Enterprise Security share."""

    dispositions: TextMap = Field(
        default_factory=dict,
        description="Disposition (7, or disposition:7) to the verdict that tasks see, over the "
        "defaults; an empty value is no verdict. One that is not here is its own value.",
    )
    automation: tuple[str, ...] = Field(
        ("splunk-system-user", "splunk_system_user", "nobody"),
        description="Reviewers that are no persons: their verdicts are weaker evidence.",
    )

    @field_validator("dispositions")
    @classmethod
    def _named_in_full(cls, given: dict[str, str]) -> dict[str, str]:
        named: dict[str, str] = {}
        for name, value in given.items():
            if not _DISPOSITION.fullmatch(name):
                raise ValueError(f"{name!r} is no disposition: write 7, or disposition:7")
            full = f"disposition:{int(name.removeprefix('disposition:'))}"
            if full in named:
                raise ValueError(f"{full} is there twice")
            named[full] = value
        return named

    @property
    def values(self) -> dict[str, str]:
        """The verdict of each disposition."""
        return DISPOSITIONS | self.dispositions

    @property
    def defaults(self) -> frozenset[str]:
        """The dispositions that an event has before anyone chose one.

        Enterprise Security 7 begins with 0, and 8 with 6, which an analyst may choose too.
        """
        return frozenset({UNASSIGNED, UNDETERMINED} - self.dispositions.keys())


class NotablesSource(_Security):
    """Enterprise Security's notable events, judged by the dispositions of their reviews."""

    kind: Literal["notables"] = "notables"
    order: ReadOrder = Field("auto", description=_ORDER)
    macro: str = Field("notable", pattern=_NAME, description="The macro that reads them.")
    where: str | None = Field(
        None, description='Only those that these terms match: rule_name="Phishing*".'
    )
    reviews: str = Field(
        "incident_review_lookup", pattern=_NAME, description="The lookup with all reviews."
    )


class FindingsSource(_Security):
    """Enterprise Security 8's findings, by its public API; an investigation judges its own."""

    kind: Literal["findings"] = "findings"
    reviews: str = Field(
        "incident_review_lookup", pattern=_NAME, description="The lookup with all reviews."
    )
    late: Duration = Field(
        timedelta(days=1),
        description="How long after its own time a finding may come and still be read by the next "
        "pull. The API knows no index time: the findings of this time are listed again.",
    )
    investigations: bool = Field(
        True, description="Whether an investigation's disposition judges its findings."
    )


class VerdictsSource(Strict):
    """What was judged in our app, with the events as they were shown to the analyst."""

    kind: Literal["verdicts"] = "verdicts"


class SearchSource(_Source):
    """Any search, with or without a verdict on its events."""

    kind: Literal["search"] = "search"
    search: str = Field(min_length=1, description="SPL: index=mail sourcetype=report | ...")
    label: str | None = Field(
        None, description="Field with the verdict: one value or several; of a list in JSON, name{}."
    )
    values: TextMap = Field(
        default_factory=dict,
        description="The values of `label` that are verdicts, and the verdict for each. Default: "
        "every value is a verdict.",
    )
    analyst: str | None = Field(None, description="Field with who gave the verdict.")
    verdict_time: str | None = Field(
        None, description="Field with when it was given, as `time_format` says."
    )
    uid: Annotated[
        Annotated[tuple[Annotated[str, AfterValidator(_is_a_field)], ...], Field(min_length=1)]
        | None,
        BeforeValidator(_one_or_several, json_schema_input_type=str | tuple[str, ...] | None),
    ] = Field(
        None,
        description="Field that names an event for good, or a list of fields that do so together. "
        "Default: Enterprise Security's event_id, finding_id, or the event's place in its index; "
        "incident_uid for rows that have no place.",
        json_schema_extra={"examples": ["message_id", ["host", "RecordNumber"]]},
    )
    id_scope: Literal["index", "source"] = Field(
        "index",
        description="Within what the value of `uid` is unique. index: events of two indices are "
        "never the same, whatever their ids. source: an id is the same event in whichever index "
        "it stands; detections of earlier versions are named so.",
    )
    order: ReadOrder = Field("auto", description=_ORDER)
    time: str | None = Field(
        None,
        description="Field with the event's time: a number of seconds to nanoseconds since 1970. "
        "Default: _time.",
    )
    raw: bool = Field(
        False,
        description="Whether _raw may be read as a text: only where it does not hold the verdict.",
    )
    private: tuple[str, ...] = Field(
        (), description="Further fields that hold what analysts said: no model reads them."
    )

    _names = field_validator("label", "analyst", "verdict_time", "time")(_is_a_field)


SplunkSourceConfig = NotablesSource | FindingsSource | VerdictsSource | SearchSource


class HecConfig(Strict):
    """The HTTP Event Collector, by which detections are written."""

    url: str = Field(description="https://host:8088")
    token: SecretRef
    index: str = Field("sftsec", pattern="^[a-z0-9_][a-z0-9_-]*$")
    ack: bool | Literal["auto"] = Field(
        "auto",
        description="Wait until events are indexed; auto: where the token acknowledges, which none "
        "does on Splunk Cloud.",
    )
    ack_timeout: Duration = Field(timedelta(seconds=60), description="How long to wait for it.")
    latency: Duration = Field(
        timedelta(seconds=15),
        description="How long an event that was taken may need until a search finds it.",
    )
    gzip: bool = Field(False, description="Compress what is sent.")
    batch_bytes: int = Field(
        512 << 10, ge=1 << 10, le=100 << 20, description="Of events a request, uncompressed."
    )

    @field_validator("url")
    @classmethod
    def _is_safe(cls, url: str) -> str:
        check_urls([url], "https://host:8088")
        refuse_clear_text([url])
        return url.rstrip("/")


class SplunkConfig(TimeSettings):
    """Where Splunk is, how to log in, what to read and how much at once.

    The times of events are Splunk's own; `time_format` is that of `verdict_time` of a search.
    """

    url: str = Field(description="https://host:8089, the management port of a search head.")
    token: SecretRef | None = Field(None, description="Bearer token.")
    username: str | None = None
    password: SecretRef | None = None
    ca_file: ConfigPath | None = Field(
        None, description="Certificate authorities to trust (PEM); default: the system's."
    )
    app: str = Field(
        "search", pattern=_NAME, description="Of the searches: whose macros and lookups they see."
    )
    owner: str = Field("nobody", pattern="^[^/?#%]+$", description="Of the searches' namespace.")
    hec: HecConfig | None = Field(None, description="Needed to write detections.")
    sources: tuple[Annotated[SplunkSourceConfig, Field(discriminator="kind")], ...] = Field(
        (NotablesSource(),), min_length=1, description="What to read, in this order."
    )
    upsert_detections: bool = Field(
        False, description="Keep detections in the KV collection sftsec_detections too."
    )
    notable_update: bool = Field(
        False,
        description="Comment on the notable that a detection is about, with the prediction. "
        "The disposition stays the analyst's.",
    )
    page_size: int = Field(2000, ge=1, le=10_000, description="Results a request.")
    slice_events: int = Field(
        10_000, ge=1, le=100_000, description="Events that one search brings, about."
    )
    max_page_bytes: int = Field(
        32 << 20,
        ge=1 << 12,
        description="A larger answer is asked for again in smaller parts; a single result that "
        "is larger goes to quarantine.",
    )
    max_field_bytes: int = Field(
        1 << 20, ge=64, description="An event with a longer value goes to quarantine."
    )
    timeout: Duration = Field(timedelta(seconds=60), description="Of one request.")
    search_timeout: Duration = Field(timedelta(minutes=10), description="Of one search.")
    retry_timeout: Duration = Field(
        timedelta(minutes=2),
        description="How long requests are repeated while Splunk does not answer or is too busy.",
    )
    settle: Duration = Field(
        timedelta(minutes=1),
        description="Events that were indexed later than this ago wait for the next scoring, so "
        "that all of a second can be found when it is read; in the order of _time, younger "
        "events wait, and one that is indexed later than this after its time is not scored.",
    )

    @field_validator("url")
    @classmethod
    def _is_safe(cls, url: str) -> str:
        check_urls([url], "https://host:8089")
        refuse_clear_text([url])
        return url.rstrip("/")

    @model_validator(mode="after")
    def _log_in_one_way(self) -> SplunkConfig:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        if (self.token is None) == (self.password is None):
            raise ValueError("give token, or username and password")
        return self
