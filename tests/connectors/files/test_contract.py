"""The files connector keeps the contract that every connector keeps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import orjson
import pytest

import sftsec_files.hooks
from sftsec_core.api.domain import Incident
from sftsec_core.testing import ConnectorContract, PluginContract
from sftsec_files.config import FilesConfig
from sftsec_files.connector import FilesConnector
from sftsec_files.push import UID_FIELD


def record(incident: Incident) -> dict[str, object]:
    given = {"id": incident.uid, "@timestamp": incident.at, **incident.fields}
    for verdict in incident.verdicts:
        given |= {"label": verdict.value, "who": verdict.analyst, "when": verdict.at}
    return given


class TestFilesPlugin(PluginContract):
    def plugin(self) -> ModuleType:
        return sftsec_files.hooks


class TestFilesConnector(ConnectorContract):
    def fill(self, folder: Path, incidents: Sequence[Incident]) -> None:
        half = len(incidents) // 2
        for name, part in (("a.jsonl", incidents[:half]), ("b.jsonl", incidents[half:])):
            lines = [orjson.dumps(record(incident)) for incident in part]
            (folder / name).write_bytes(b"\n".join(lines) + b"\n")

    def connect(self, folder: Path) -> FilesConnector:
        config = FilesConfig(
            paths=(folder,),
            page_size=self.page_size,
            analyst="who",
            verdict_time="when",
            output=folder / "out" / "detections.jsonl",
        )
        return FilesConnector(config)

    def pushed(self, folder: Path) -> Sequence[str]:
        path = folder / "out" / "detections.jsonl"
        lines = path.read_bytes().splitlines() if path.exists() else []
        return [orjson.loads(line)[UID_FIELD] for line in lines]

    def spoil(self, folder: Path) -> str | None:
        with (folder / "a.jsonl").open("ab") as stream:
            stream.write(b'{"id": "x", "message": "hunter2 is the password"\n')
        return "hunter2"


def test_the_configuration_refuses_a_key_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="labels"):
        FilesConfig.model_validate({"paths": ["x"], "labels": "verdict"})
