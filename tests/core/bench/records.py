"""Records of a labelled folder."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def record(i: int, label: str) -> dict[str, Any]:
    text = f"curl evil host {i}" if label == "malicious" else f"read the report {i}"
    return {"id": f"r{i}", "report": "R1", "process": {"command_line": text}, "label": label}


def write_part(folder: Path, part: str, records: Sequence[dict[str, Any]]) -> None:
    folder.mkdir(exist_ok=True)
    with gzip.open(folder / f"{part}.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(value) + "\n" for value in records)
