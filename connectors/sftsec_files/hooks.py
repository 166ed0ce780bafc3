"""Offers the files connector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import ConnectorSpec
from sftsec_core.api.hookspecs import hookimpl
from sftsec_files.config import FilesConfig
from sftsec_files.connector import FilesConnector
from sftsec_files.sample import open_sample

if TYPE_CHECKING:
    from sftsec_core.api.contracts import Connector, ConnectorContext

_EXAMPLE = """\
paths: [incidents]       # files, folders or globs; JSON, CSV, Parquet, .eml; .gz too
label: label             # the field that holds the analyst's verdict
# id: id                 # or a list: [host.name, event.sequence]
# id_scope: file         # source, where ids are unique in all files together
# timestamp: "@timestamp"
# analyst: analyst.name
# verdict_time: judged_at
# rename: {email.subject: Subject Line}
# images: [screenshot]   # fields with the path of a picture, or a data: URL
# encoding: cp1252       # of files that are not UTF-8
# time_format: auto      # or a list: [iso, epoch_ms, "%d/%m/%Y %H:%M:%S"]
# timezone: UTC          # of times that name no zone
output: detections.jsonl # where detections go
# verdicts: verdicts.jsonl # where `sftsec labels add` and the page of `sftsec serve` write
"""


@hookimpl
def sftsec_register_connectors() -> Sequence[ConnectorSpec[Any]]:
    """Offer `type: files`."""
    summary = "JSON, CSV, Parquet and mail files; detections to JSON lines"
    return [
        ConnectorSpec(
            name="files",
            summary=summary,
            config_model=FilesConfig,
            create=_create,
            example=_EXAMPLE,
            sample=open_sample,
        )
    ]


def _create(config: FilesConfig, context: ConnectorContext) -> Connector:
    return FilesConnector(config, name=context.name)
