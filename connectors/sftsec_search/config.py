"""The settings that all search clusters share."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from sftsec_core.api.settings.addresses import check_urls, refuse_clear_text
from sftsec_core.api.settings.paths import ConfigPath
from sftsec_core.api.settings.secrets import SecretRef
from sftsec_core.api.settings.values import Duration, TextMap
from sftsec_core.sdk.time_settings import TimeSettings

DATASET = "sftsec.detections"
AUDIT_DATASET = "sftsec.audit"
ARRIVAL = "event.ingested"


_NO_NAME = re.compile(r"[\\/?\"<>|#\s]")


def _are_names(index: str) -> str:
    for name in index.split(","):
        if not name:
            raise ValueError(f"{index!r} has an empty name")
        bad = None if name.startswith("<") else _NO_NAME.search(name)  # date math may have all
        if bad and not index.startswith("<"):
            raise ValueError(f"{name!r} is no name of an index: it holds {bad[0]!r}")
    return index


IndexNames = Annotated[str, AfterValidator(_are_names)]
RENAME = (
    "Field name to the name of the documents that holds it, such as `email.subject: Subject Line`"
)


class IndexSource(BaseModel):
    """Any index, alias, pattern or data stream, with or without a verdict on its documents."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["index"] = "index"
    index: IndexNames = Field(
        description="A name, an alias or a pattern; several joined by commas."
    )
    label: str | None = Field(
        None, description="Dotted field with the verdict: one value or a list."
    )
    values: TextMap = Field(
        default_factory=dict,
        description="The values of `label` that are verdicts, and the verdict for each, for "
        "a field of tags. Default: every value is a verdict.",
    )
    analyst: str | None = Field(None, description="Dotted field with who gave the verdict.")
    verdict_time: str | None = Field(None, description="Dotted field with when it was given.")
    timestamp: str = Field(
        "@timestamp",
        description="Date field with the event's time: windows are of it, and documents that do "
        "not say when they arrived are read in its order.",
    )
    arrival_field: str | None = Field(
        ARRIVAL,
        min_length=1,
        description="Date field with when a document reached the cluster. Where the mapping has "
        "it as a date, documents with it are read in its order, so that none is missed that comes "
        "in late. null: all are read by `timestamp`.",
    )
    query: dict[str, Any] | None = Field(
        None, description="Only the documents that this query matches."
    )
    rename: dict[str, str] = Field(
        default_factory=dict, description=f"{RENAME}; before the connector's own."
    )


class SearchConfig(TimeSettings):
    """Where the cluster is, how to log in, and how much to ask for at once."""

    url: str | tuple[str, ...] = Field(description="https://host:9200, or a list of nodes.")
    username: str | None = None
    password: SecretRef | None = None
    ca_file: ConfigPath | None = Field(
        None, description="Certificate authorities to trust (PEM); default: the system's."
    )
    namespace: str = Field(
        "default",
        pattern="^[a-z0-9][a-z0-9_.]{0,99}$",
        description="Of the data stream logs-sftsec.detections-NAMESPACE.",
    )
    verdicts_index: str | None = Field(
        None,
        pattern="^[a-z0-9][a-z0-9_.-]*$",
        description="Append-only index with verdicts, that `sftsec labels add` writes.",
    )
    rename: dict[str, str] = Field(default_factory=dict, description=f"{RENAME}; for all sources.")
    page_size: int = Field(2000, ge=1, le=10_000, description="Documents a request.")
    max_page_bytes: int = Field(
        32 << 20,
        ge=1 << 12,
        description="A larger answer is asked for again in smaller parts; a single document that "
        "is larger goes to quarantine.",
    )
    max_field_bytes: int = Field(
        1 << 20, ge=64, description="A document with a longer value goes to quarantine."
    )
    max_depth: int = Field(64, ge=1, le=512, description="A deeper document goes to quarantine.")
    bulk_size: int = Field(500, ge=1, le=10_000, description="Detections a bulk request.")
    timeout: Duration = Field(timedelta(seconds=60), description="Of one request.")
    retry_timeout: Duration = Field(
        timedelta(minutes=2),
        description="How long a cluster that does not answer, or is too busy, is asked again.",
    )
    keep_alive: Duration = Field(
        timedelta(minutes=5), description="Of a point in time, between two pages."
    )
    settle: Duration = Field(
        timedelta(minutes=1),
        description="What arrived within it waits for the next scoring, until a search is sure to "
        "find all of that time; so do younger events that do not say when they arrived.",
    )

    @property
    def urls(self) -> tuple[str, ...]:
        """The nodes."""
        return (self.url,) if isinstance(self.url, str) else self.url

    @property
    def detections(self) -> str:
        """The data stream that detections go to."""
        return f"logs-{DATASET}-{self.namespace}"

    @property
    def audit(self) -> str:
        """The data stream that the audit log is copied to."""
        return f"logs-{AUDIT_DATASET}-{self.namespace}"

    def has_credentials(self) -> bool:
        """Whether requests carry something that must not be read on the way."""
        return self.password is not None

    @field_validator("url")
    @classmethod
    def _looks_like_an_address(cls, url: str | tuple[str, ...]) -> str | tuple[str, ...]:
        check_urls((url,) if isinstance(url, str) else url)
        return url

    @model_validator(mode="after")
    def _user_and_password_go_together(self) -> SearchConfig:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        return self

    @model_validator(mode="after")
    def _credentials_are_not_sent_in_the_clear(self) -> SearchConfig:
        if self.has_credentials():
            refuse_clear_text(self.urls)
        return self
