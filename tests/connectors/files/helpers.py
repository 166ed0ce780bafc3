"""Writing files and pulling from them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from sftsec_core.api.domain import Incident, IncidentPage, PullWindow, Rejection
from sftsec_files.config import FilesConfig
from sftsec_files.connector import FilesConnector

EVERYTHING = PullWindow()


def write_lines(path: Path, records: Iterable[dict[str, Any]]) -> Path:
    path.write_bytes(b"".join(orjson.dumps(r) + b"\n" for r in records))
    return path


def pages(
    *paths: Path, window: PullWindow = EVERYTHING, cursor: str | None = None, **options: Any
) -> list[IncidentPage]:
    given = {"id_scope": "source", **options}  # ids are the names, unless a test is about them
    connector = FilesConnector(FilesConfig(paths=paths, **given))
    return list(connector.pull(window, cursor=cursor))


def pull(
    *paths: Path, window: PullWindow = EVERYTHING, **options: Any
) -> tuple[list[Incident], list[Rejection]]:
    found = pages(*paths, window=window, **options)
    return [i for page in found for i in page.incidents], [r for p in found for r in p.rejected]


def texts(incidents: Iterable[Incident], field: str = "message") -> list[str]:
    return [incident.fields[field] for incident in incidents]


def connector(folder: Path) -> FilesConnector:
    return FilesConnector(
        FilesConfig(paths=(folder,), output=folder / "out.jsonl", id_scope="source")
    )


RECORDS: list[dict[str, Any]] = [
    {
        "id": f"r{n}",
        "@timestamp": f"2026-01-{n + 1:02d}T00:00:00Z",
        "message": f"text {n}",
        "label": "a",
    }
    for n in range(9)
]


GOOD = b'{"id": "good", "message": "fine"}\n'


def write(path: Path, *lines: bytes) -> Path:
    path.write_bytes(b"".join(lines))
    return path
