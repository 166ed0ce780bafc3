"""The settings of `connectors.NAME` for `type: files`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sftsec_core.api.settings.paths import ConfigPath
from sftsec_core.sdk.time_settings import TimeSettings


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
    id: str = Field(
        "id",
        description="Dotted field that names an incident; a record without one is named by its "
        "file and a digest of its content.",
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
