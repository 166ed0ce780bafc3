"""The files connector keeps the contract that every connector keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import orjson

import sftsec_files.hooks
from sftsec_core.api.contracts import ConnectorSpec
from sftsec_core.api.domain import Incident
from sftsec_core.testing import ConnectorContract, Platform, StoredDetection
from sftsec_files.push import REQUEST_FIELD, UID_FIELD
from sftsec_files.sources import requests_path


def record(incident: Incident) -> dict[str, object]:
    given = {"id": incident.uid, "@timestamp": incident.at, **incident.fields}
    for verdict in incident.verdicts:
        given |= {"label": verdict.value, "who": verdict.analyst, "when": verdict.at}
    return given


class FilesPlatform(Platform):
    """A folder of JSON lines, with the detections in a folder below it.

    A file that changes is refused, so incidents are neither removed nor judged later.
    """

    keeps_history: ClassVar[bool] = False  # a record names one analyst and one time
    keeps_reading: ClassVar[bool] = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.site = folder / "site"
        self.output = self.site / "out" / "detections.jsonl"
        self.site.mkdir()

    def spec(self) -> ConnectorSpec[Any]:
        return sftsec_files.hooks.sftsec_register_connectors()[0]

    def options(self) -> Mapping[str, Any]:
        return {
            "paths": [str(self.site)],
            "id_scope": "source",  # the contract names incidents itself
            "page_size": self.page_size,
            "analyst": "who",
            "verdict_time": "when",
            "output": str(self.output),
        }

    def fill(self, incidents: Sequence[Incident]) -> None:
        half, count = len(incidents) // 2, len(list(self.site.glob("*.jsonl")))
        for number, part in enumerate((incidents[:half], incidents[half:])):
            lines = [orjson.dumps(record(incident)) for incident in part]
            path = self.site / f"{count + number}.jsonl"
            path.write_bytes(b"".join(line + b"\n" for line in lines))

    def pushed(self) -> Sequence[StoredDetection]:
        return [
            StoredDetection(
                row[UID_FIELD],
                row["sftsec.incident.uid"],
                row["sftsec.label"],
                row["sftsec.probability"],
                row["sftsec.labels"],
            )
            for row in _lines(self.output)
        ]

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        away = self.folder / "away"
        self.site.rename(away)
        self.site.write_text("a file stands where the folder was")
        try:
            yield
        finally:
            self.site.unlink()
            away.rename(self.site)

    def spoil(self) -> str:
        with (self.site / "0.jsonl").open("ab") as stream:
            stream.write(b'{"id": "x", "message": "hunter2 is the password"\n')
        return "hunter2"

    def requested(self) -> Sequence[str]:
        return [str(row[REQUEST_FIELD]) for row in _lines(requests_path(self.output))]


def _lines(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


class TestFilesConnector(ConnectorContract):
    """Everything, inherited."""

    platform = FilesPlatform
