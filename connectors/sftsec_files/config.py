"""The settings of `connectors.NAME` for `type: files`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationInfo, model_validator

from sftsec_core.api.settings.paths import BASE, ConfigPath
from sftsec_core.sdk.time_settings import TimeSettings


def _one_or_several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class FilesConfig(TimeSettings):
    """Where the files lie and which fields hold the label, the identity and the time."""

    paths: tuple[ConfigPath, ...] = Field(
        min_length=1, description="Files, folders (read with their subfolders) and globs."
    )
    format: Literal["auto", "jsonl", "json", "csv", "parquet"] = Field(
        "auto",
        description="auto goes by the suffix: .jsonl .ndjson .json .csv (.gz) .parquet; a .json "
        "file may be one document or hold one object a line",
    )
    records: str | None = Field(
        None,
        min_length=1,
        description="Dotted field of a JSON document that holds the list of records; default: "
        "found by looking.",
    )
    label: str = Field("label", description="Dotted field with the verdict: one value or a list.")
    id: Annotated[
        tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_one_or_several)
    ] = Field(
        ("id",),
        min_length=1,
        description="Dotted field that names an incident, or a list of fields that do so together; "
        "a record without one is named by a digest of its content.",
        json_schema_extra={"examples": ["id", ["host.name", "event.sequence"]]},
    )
    id_scope: Literal["file", "source"] = Field(
        "file",
        description="Within what an id is unique. file: records of two files are never the same, "
        "whatever their ids. source: a record of one id and text is the same in whichever file it "
        "stands; for ids that are unique everywhere, in files that are renamed or overlap.",
    )
    timestamp: str = Field("@timestamp", description="Dotted field with the event's time.")
    analyst: str | None = Field(None, description="Dotted field with who gave the verdict.")
    verdict_time: str | None = Field(None, description="Dotted field with when it was given.")
    split_from_name: bool | None = Field(
        None,
        description="Whether files named train, dev and test say where their rows belong; "
        "default: yes when at least a train and a test file are there.",
    )
    delimiter: str = Field(",", min_length=1, max_length=1, description="Of CSV files.")
    page_size: int = Field(2000, ge=1, description="Incidents a page.")
    max_record_bytes: int = Field(
        16 << 20, ge=1024, description="A longer line is skipped unread and goes to quarantine."
    )
    max_field_bytes: int = Field(
        1 << 20, ge=64, description="A record with a longer value goes to quarantine."
    )
    max_depth: int = Field(64, ge=1, le=512, description="A deeper record goes to quarantine.")
    output: ConfigPath | None = Field(
        None, description="JSON lines that detections are appended to; needed only to push."
    )
    _site: Path | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _remember_site(self, info: ValidationInfo) -> Self:
        base = (info.context or {}).get(BASE)
        self._site = None if base is None else Path(base)
        return self

    @property
    def site(self) -> Path | None:
        """The folder of the configuration file; None where the settings are not from a file."""
        return self._site
