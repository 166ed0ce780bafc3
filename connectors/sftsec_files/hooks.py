"""Offers the files connector."""

from __future__ import annotations

from collections.abc import Sequence

from sftsec_core.api.contracts import ConnectorSpec
from sftsec_core.api.hookspecs import hookimpl
from sftsec_files.config import FilesConfig
from sftsec_files.connector import FilesConnector

_EXAMPLE = """\
paths: [incidents]       # files, folders or globs; JSON lines, CSV, Parquet; .gz too
label: label             # the field that holds the analyst's verdict
# id: id
# timestamp: "@timestamp"
# analyst: analyst.name
# verdict_time: judged_at
output: detections.jsonl # where detections go
"""


@hookimpl
def sftsec_register_connectors() -> Sequence[ConnectorSpec]:
    """Offer `type: files`."""
    summary = "JSON lines, CSV and Parquet files; detections to JSON lines"
    return [ConnectorSpec("files", summary, FilesConfig, FilesConnector, example=_EXAMPLE)]
