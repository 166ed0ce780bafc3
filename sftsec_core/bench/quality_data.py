"""Folders of `train|dev|test.jsonl.gz`, read as a recipe's input, for benchmarks only."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.domain import Example, TaskSpec
from sftsec_core.api.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

PARTS = ("train", "dev", "test")
BENIGN_NAMES = frozenset({"benign", "ham", "legitimate", "normal"})
GROUP_FIELD = "report"
_NOT_TEXT = frozenset({"id", "label", "@timestamp", GROUP_FIELD})
_SAMPLE = 200  # records that are looked at to find the text


@dataclass(frozen=True, slots=True)
class Dataset:
    """One folder: the question that it puts and the examples of its three parts."""

    name: str
    task: TaskSpec
    train: Sequence[Example]
    dev: Sequence[Example]
    test: Sequence[Example]


def read_dataset(folder: Path) -> Dataset:
    """Read a folder whole.

    Raises:
        DataError: when a part is missing or unreadable, no field holds text, or a label is
            missing.
    """
    records = {part: read_records(folder / f"{part}.jsonl.gz") for part in PARTS}
    field = find_text_field(folder, records["train"][:_SAMPLE])
    parts = {part: [_example(record, field, part) for record in records[part]] for part in PARTS}
    labels = {example.label for examples in parts.values() for example in examples}
    task = _task(folder.name, field, labels)
    return Dataset(folder.name, task, parts["train"], parts["dev"], parts["test"])


def find_text_field(folder: Path, records: Sequence[Mapping[str, Any]]) -> str:
    """Name the first field whose values are strings with letters in most of the records.

    Raises:
        DataError: when there is none.
    """
    written: dict[str, int] = {}
    for record in records:
        for name, value in _flatten(record):
            if name not in _NOT_TEXT and isinstance(value, str):
                has_letters = any(character.isalpha() for character in value)
                written[name] = written.get(name, 0) + has_letters
    for name, count in written.items():
        if count * 2 > len(records):
            return name
    raise DataError(
        f"{folder}: no field holds text (fields: {', '.join(written) or 'none'}), and every recipe "
        "reads text"
    )


def limit_train(examples: Sequence[Example], limit: int | None, seed: int) -> list[Example]:
    """Draw training rows at random: two a class first, where a class has two, then any.

    Returns:
        `limit` rows in their old order, or as many more as two a class need; all for None.
    """
    if limit is None or limit >= len(examples):
        return list(examples)
    order = np.random.default_rng(seed).permutation(len(examples))
    taken: dict[str, int] = {}
    first: list[int] = []
    rest: list[int] = []
    for i in order:
        label = examples[i].label
        taken[label] = taken.get(label, 0) + 1
        (first if taken[label] <= 2 else rest).append(int(i))
    kept = first + rest[: max(0, limit - len(first))]
    return [examples[i] for i in sorted(kept)]


def read_records(path: Path) -> list[dict[str, Any]]:
    """Read the records of a gzipped JSON-lines file.

    Raises:
        DataError: when it is missing, torn or not JSON lines.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            return [json.loads(line) for line in file]
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _flatten(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _example(record: Mapping[str, Any], field: str, part: str) -> Example:
    flat = dict(_flatten(record))
    if not isinstance(flat.get("label"), str):
        raise DataError(f"record {flat.get('id')!r} of {part} has no label")
    group = flat.get(GROUP_FIELD)
    return Example.of_text(
        str(flat.get("id")),
        str(flat.get(field) or ""),
        flat["label"],
        groups=() if group is None else (str(group),),
        split=part,
    )


def _task(name: str, field: str, labels: set[str]) -> TaskSpec:
    benign = next((label for label in sorted(labels) if label.casefold() in BENIGN_NAMES), None)
    ordered = sorted(labels, key=lambda label: (label != benign, label))
    return TaskSpec.of_text(name, (field,), labels=tuple(ordered), benign=benign)
