"""The site of `sftsec bench fairness`: two offices, of which one's attacks are rare in training.

The new office's incidents carry its name, and few of its attacks were judged when the training data
were collected: a model learns to read the name as a sign of a benign incident. Dev and test have
all of them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from sftsec_core.api.domain import TEXT_INPUT
from sftsec_core.api.errors import DataError
from sftsec_core.bench.quality_data import PARTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sftsec_core.api.domain import Example, TaskSpec
    from sftsec_core.bench.quality_data import BenchDataset
    from sftsec_core.operations.retrain import RetrainResult

TASK = "triage"
FIELD = "organization.name"
OFFICES = ("north", "south")
NEW = OFFICES[1]
_REWEIGH = {"train": {"recipe": "linear", "transforms": [{"name": "reweigh", "field": FIELD}]}}
_THRESHOLDS = {"decider": {"name": "group_threshold", "field": FIELD, "allow": True}}
DEFENCES: Mapping[str, Mapping[str, Any]] = {
    "none": {},
    "reweigh": _REWEIGH,
    "group_threshold": _THRESHOLDS,
    "both": {**_REWEIGH, **_THRESHOLDS},
}
"""What a task has besides, undefended first."""


def make_site(
    folder: Path, dataset: BenchDataset, *, kept: float, seed: int, limit: int | None = None
) -> None:
    """Write the incidents of a data set as those of two offices, and the configuration.

    Args:
        folder: made here.
        dataset: with a benign label.
        kept: share of the new office's attacks that stay in train.
        seed: says which incidents are whose, and which stay.
        limit: rows of a part at most; None: all.

    Raises:
        DataError: when it has no benign label.
    """
    if dataset.task.benign is None:
        raise DataError(f"{dataset.name}: no label of it is benign: nothing is missed there")
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for part in PARTS:
        examples: Sequence[Example] = getattr(dataset, part)
        share = kept if part == PARTS[0] else 1.0
        rows = _rows(examples[:limit], dataset.task, share, rng)
        rows = [{"id": f"{part}{number}", **row} for number, row in enumerate(rows)]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{part}.jsonl").write_text(text, encoding="utf-8")


def _rows(
    examples: Sequence[Example], task: TaskSpec, kept: float, rng: np.random.Generator
) -> list[dict[str, Any]]:
    rows = []
    for example in examples:
        office, chance = OFFICES[int(rng.integers(2))], rng.random()
        if example.label != task.benign and office == NEW and chance >= kept:
            continue
        text = str(example.inputs.get(TEXT_INPUT, ""))
        rows.append(
            {
                "message": f"{office} office: {text}",
                "label": example.label,
                "organization": {"name": office},
            }
        )
    return rows


def train(folder: Path, task: TaskSpec, defence: str, *, seed: int, bound: float) -> RetrainResult:
    """Retrain the site's task, with one of `DEFENCES`; the gate decides, and nothing goes live.

    Args:
        folder: that `make_site` wrote.
        task: the question.
        defence: its name.
        seed: of the training.
        bound: of `max_group_gap` for recall.
    """
    from sftsec_core.operations.authorize import local_admin
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.retrain import retrain

    changed = dict(DEFENCES[defence])
    fitted = {"seed": seed, **changed.pop("train", {"recipe": "linear"})}
    settings = {
        "version": 1,
        "plugins": ["core", "files", "pii", "fair"],
        "state": {"folder": f".{defence}"},
        "connectors": {
            "incidents": {"type": "files", "paths": [f"{part}.jsonl" for part in PARTS]}
        },
        "tasks": {
            TASK: {
                "connector": "incidents",
                "text": ["message"],
                "labels": {name: [name] for name in task.labels},
                "benign": task.benign,
                "train": fitted,
                "evaluation": {"groups": [FIELD], "audits": ["fairness"]},
                "gate": {"on_few_labels": "warn", "voters": {"max_group_gap": {"recall": bound}}},
                **changed,
            }
        },
    }
    file = folder / f"{defence}.yaml"
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    with Context.open(file, actor=local_admin("bench")) as context:
        return retrain(context, TASK, promote=False)
