"""The settings of `connectors.NAME` for `type: files`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from sftsec_core.api.settings.paths import BASE, ConfigPath
from sftsec_core.sdk.time_settings import TimeSettings


def _one_or_several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class FilesSource(TimeSettings):
    """Where files lie and which of their fields hold the label, the identity and the time."""

    paths: tuple[ConfigPath, ...] = Field(
        min_length=1, description="Files, folders (read with their subfolders) and globs."
    )
    format: Literal["auto", "jsonl", "json", "csv", "parquet", "eml", "mbox", "lines"] = Field(
        "auto",
        description="auto goes by the suffix: .jsonl .ndjson .json .csv .eml .mbox (.gz) "
        ".parquet; a .json file may be one document or hold one object a line; a .log or .txt file "
        "and a rotated one (eve.json.1) is read where it holds JSON, CEF, LEEF or syslog; "
        "lines: any text, a record a line",
    )
    records: str | None = Field(
        None,
        min_length=1,
        description="Dotted field that holds the list of records of a JSON document, or the record "
        "of a JSON line; default: found by looking.",
    )
    label: str = Field("label", description="Dotted field with the verdict: one value or a list.")
    no_verdict: tuple[str, ...] = Field(
        (),
        description="Values of the label that stand for no verdict, in any case, such as `Not set` "
        "or `n/a`: the record is scored.",
    )
    label_from: Literal["field", "folder", "top_folder"] = Field(
        "field",
        description="folder: the verdict is the name of the folder that a file lies in; "
        "top_folder: of the one below the configured path.",
    )
    id: Annotated[
        tuple[Annotated[str, Field(min_length=1)], ...],
        BeforeValidator(_one_or_several, json_schema_input_type=str | tuple[str, ...]),
    ] = Field(
        ("id",),
        description="Dotted field that names an incident, or a list of fields that do so together; "
        "a record without one, or any with an empty list, is named by a digest of its content.",
        json_schema_extra={"examples": ["id", ["host.name", "event.sequence"], []]},
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
    rename: dict[str, str] = Field(
        default_factory=dict,
        description="Field name to the column or dotted field of the files that holds it, such as "
        "`email.subject: Subject Line`.",
    )
    images: tuple[str, ...] = Field(
        (),
        description="Dotted fields that hold a picture: its path, relative to the folder of the "
        "file and below it, or its bytes in base64 as a data: URL.",
    )
    encoding: str | None = Field(
        None,
        description="Of files in something else than UTF-8: cp1252, shift_jis, utf-16-le, ...; "
        "the mark at a file's start outweighs it.",
    )
    delimiter: str = Field(",", min_length=1, max_length=1, description="Of CSV files.")

    @field_validator("encoding")
    @classmethod
    def _is_an_encoding(cls, name: str | None) -> str | None:
        """Refuse what Python cannot decode text of."""
        try:
            "a".encode(name or "utf-8")
        except LookupError:
            raise ValueError(f"{name!r} is not an encoding; cp1252, for example, is one") from None
        return name


class FilesConfig(FilesSource):
    """Files of one kind, or of several, each with settings of its own."""

    paths: tuple[ConfigPath, ...] = Field(
        (), description="Files, folders (read with their subfolders) and globs."
    )
    sources: tuple[FilesSource, ...] = Field(
        (),
        description="Further files, each with `paths` and what is otherwise in them; what one "
        "does not set is as beside `sources`.",
    )
    split_from_name: bool | None = Field(
        None,
        description="Whether files named train, dev and test say where their rows belong; "
        "default: yes when at least a train and a test file are there.",
    )
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

    verdicts: ConfigPath | None = Field(
        None,
        description="JSON lines that the verdicts of `sftsec labels add` and of the page of "
        "`sftsec serve` are appended to; pulled with the incidents that they name.",
    )

    _site: Path | None = PrivateAttr(None)

    @property
    def parts(self) -> tuple[FilesConfig, ...]:
        """These settings with the paths and settings of each source."""
        own = (self,) if self.paths else ()
        return own + tuple(
            self.model_copy(
                update={"sources": (), **{key: getattr(one, key) for key in one.model_fields_set}}
            )
            for one in self.sources
        )

    @property
    def private(self) -> frozenset[str]:
        """The fields that hold a verdict, who gave it and when: no model may read them."""
        named = (self.label, self.analyst, self.verdict_time)
        return frozenset(name for name in named if name)

    @model_validator(mode="after")
    def _has_paths(self) -> FilesConfig:
        if not self.paths and not self.sources:
            raise ValueError("name the files: `paths`, or `sources` with `paths` each")
        return self

    @model_validator(mode="after")
    def _remember_site(self, info: ValidationInfo) -> Self:
        base = (info.context or {}).get(BASE)
        self._site = None if base is None else Path(base)
        return self

    @property
    def site(self) -> Path | None:
        """The folder of the configuration file; None where the settings are not from a file."""
        return self._site
