"""A folder of `train|dev|test.jsonl.gz` as a site that keeps its parts, to be retrained."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from sftsec_core.api.errors import TrainingError
from sftsec_core.bench.quality_data import PARTS, read_records, read_stream

if TYPE_CHECKING:
    from pathlib import Path

    from sftsec_core.api.domain import EvalReport, TaskSpec


def write_parts(
    folder: Path, site: Path, seed: int, limit_train: int | None, limit_test: int | None
) -> TaskSpec:
    """Write the parts as files of the connector `files`; return the question that they put.

    Args:
        folder: of train|dev|test.jsonl.gz.
        site: an empty folder.
        seed: of the draw.
        limit_train: training rows at most, drawn at random; None for all.
        limit_test: rows of dev and of test at most.

    Raises:
        DataError: when a part cannot be read.
    """
    found: list[Mapping[str, Any]] = []
    for part in PARTS:
        records = read_records(folder / f"{part}.jsonl.gz")
        limit = limit_train if part == PARTS[0] else limit_test
        if limit is not None and limit < len(records):
            draw = Random(seed)  # noqa: S311 - a draw that can be repeated
            records = draw.sample(records, limit)
        lines = (json.dumps(record) + "\n" for record in records)
        (site / f"{part}.jsonl").write_text("".join(lines), encoding="utf-8")
        found += records
    return read_stream(folder, found)[0]


def write_given_site(
    site: Path, name: str, task: TaskSpec, plugins: Sequence[str], body: Mapping[str, Any]
) -> None:
    """Write the configuration of one task over the parts that `write_parts` left.

    Args:
        site: the folder.
        name: of the task.
        task: what `write_parts` gave.
        plugins: enabled besides the core's own.
        body: of the task, besides its data.
    """
    data = {
        "connector": "incidents",
        "text": list(task.text_fields),
        "labels": {label: [label] for label in task.labels},
        "benign": task.benign,
        "split": {"method": "given"},
    }
    paths = [f"{part}.jsonl" for part in PARTS]
    connector = {"type": "files", "paths": paths, "split_from_name": True}
    settings = {
        "version": 1,
        "plugins": ["core", "files", "pii", *plugins],
        "connectors": {"incidents": connector},
        "tasks": {name: {**data, **body}},
    }
    (site / "sftsec.yaml").write_text(json.dumps(settings), encoding="utf-8")


def retrained(site: Path, task: str, recipe: str) -> EvalReport:
    """Retrain a task of a site.

    Raises:
        TrainingError: when another recipe was chosen than the one that is measured.
    """
    from sftsec_core.operations.authorize import local_admin
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.retrain import retrain

    with Context.open(site / "sftsec.yaml", actor=local_admin("bench")) as context:
        report = retrain(context, task, promote=False).report
    if report.candidate.recipe != recipe:
        raise TrainingError(f"{task}: {recipe} was replaced by {report.candidate.recipe}")
    return report
