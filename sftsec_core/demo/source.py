"""What the demo runs on: a generated stream, or a folder of labelled data that is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import yaml

from sftsec_core.api.domain import InputKind, TaskSpec
from sftsec_core.bench.quality_data import GROUP_FIELDS, PARTS, read_dataset, read_records
from sftsec_core.demo.stream import generate, generate_open

TASK = "triage"


@dataclass(frozen=True, slots=True)
class Source:
    """A folder with sftsec.yaml in it, ready for a run.

    Attributes:
        config: the configuration that was written.
        truth: uid of each incident without a verdict to its true label.
        benign: the benign label, None when there is none.
    """

    config: Path
    truth: Mapping[str, str]
    benign: str | None


def from_stream(folder: Path, *, rows: int, open_rows: int, seed: int) -> Source:
    """Write the generated stream and a configuration for it into a folder."""
    records = folder / "incidents"
    records.mkdir(parents=True)
    _write(records / "judged.jsonl", (r.to_json() for r in generate(rows, seed=seed)))
    unjudged = list(generate_open(open_rows, seed=seed + 1))
    _write(records / "open.jsonl", (r.to_json() for r in unjudged))
    task = {
        "text": ["email.subject", "message", "url.full", "process.command_line"],
        "labels": {
            "benign": ["benign", "false_positive", "benign_positive"],
            "malicious": ["malicious", "true_positive"],
        },
        "benign": "benign",
        "keep": ["host.name"],
        "split": {"method": "time"},
        # A short `full`: its texts are short, and a demo may take minutes, not hours.
        "train": {
            "recipe": {"name": "hybrid", "encoder": {"max_length": 64}},
            "compare": [
                {
                    "name": "full",
                    "epochs": 3,
                    "learning_rate": 2e-4,
                    "encoder": {"max_length": 64},
                }
            ],
            "budget": "70s",
        },
        "gate": {"min_labels": 100},
    }
    connector = {"analyst": "analyst.name", "verdict_time": "judged_at"}
    config = _configure(folder, ["incidents"], connector, task)
    truth = {r.uid: "malicious" if r.malicious else "benign" for r in unjudged}
    return Source(config, truth, "benign")


def from_data(folder: Path, data: Path, *, budget: str) -> Source:
    """Write a configuration for a folder of train, dev and test .jsonl.gz into another folder.

    The test part is also the stream that is scored: without its labels, under new ids.

    Raises:
        DataError: when the folder is not of that form.
    """
    asked = read_dataset(data).task
    files = [data.resolve() / f"{part}.jsonl.gz" for part in PARTS]
    tested = read_records(files[2])
    _write(folder / "open.jsonl", (_opened(row) for row in tested))
    group = next((name for name in GROUP_FIELDS if name in tested[0]), None)
    task = {
        **_inputs(asked),
        "labels": {label: [label] for label in asked.labels},
        **({"benign": asked.benign} if asked.benign else {}),
        **({"group": group} if group else {}),
        "split": {"method": "given"},
        "train": {"recipe": "auto", "budget": budget},
        "gate": {"min_labels": 100, "on_few_labels": "warn"},
    }
    config = _configure(folder, [*map(str, files), "open.jsonl"], {"split_from_name": True}, task)
    truth = {f"open-{row['id']}": str(row["label"]) for row in tested}
    return Source(config, truth, asked.benign)


def _inputs(task: TaskSpec) -> dict[str, list[str]]:
    """The keys of a task that reads these inputs; no field is read as two kinds."""
    numbers, categories = map(task.sources_of, (InputKind.NUMBER, InputKind.CATEGORY))
    text = [name for name in task.text_fields if name not in (*numbers, *categories)]
    keys = {"text": text, "numbers": list(numbers), "categories": list(categories)}
    return {key: names for key, names in keys.items() if names}


def _opened(row: dict[str, Any]) -> dict[str, Any]:
    return {**{k: v for k, v in row.items() if k != "label"}, "id": f"open-{row['id']}"}


def _configure(
    folder: Path, paths: list[str], connector: Mapping[str, Any], task: Mapping[str, Any]
) -> Path:
    settings = {
        "version": 1,
        "connectors": {
            "incidents": {
                "type": "files",
                "paths": paths,
                "id_scope": "source",  # the demo numbers its incidents across the files
                "output": "detections.jsonl",
                **connector,
            }
        },
        "tasks": {TASK: {"connector": "incidents", **task}},
    }
    file = folder / "sftsec.yaml"
    file.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return file


def _write(file: Path, rows: Iterable[dict[str, Any]]) -> None:
    with file.open("wb") as out:
        for row in rows:
            out.write(orjson.dumps(row) + b"\n")
