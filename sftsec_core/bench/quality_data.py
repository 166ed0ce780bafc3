"""Folders of `train|dev|test.jsonl.gz`, read as a recipe's input, for benchmarks only.

Every field of a record becomes an input, by its values in train:

    text        the fields with letters, joined; where none has any, all fields
    number      a field of numbers
    category    a field of strings that recur
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.domain import (
    TEXT_INPUT,
    Example,
    Incident,
    InputField,
    InputKind,
    Inputs,
    TaskSpec,
)
from sftsec_core.api.errors import DataError
from sftsec_core.api.settings.task import DedupeSettings
from sftsec_core.dataset.context.repeats import weigh_repeats
from sftsec_core.dataset.context.replay import ContextPlan, named_figures, replay
from sftsec_core.dataset.features import read_inputs, text_extents
from sftsec_core.dataset.transforms import apply_transform
from sftsec_core.plugins import get
from sftsec_core.recipes.specs import TRANSFORMS
from sftsec_core.sdk.fields import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from sftsec_core.api.settings.context import ContextSettings
    from sftsec_core.api.settings.task import TaskSettings

PARTS = ("train", "dev", "test")
BENIGN_NAMES = frozenset({"benign", "ham", "legitimate", "normal"})
GROUP_FIELDS = ("report", "organization.name")
# What identifies or labels a record, or keeps records together, is no input.
_NO_INPUT = frozenset({"id", "label", "label_time", "@timestamp", *GROUP_FIELDS})
_SALT = b"bench"
_RECURS = 10  # rows a different value, at least, for a field of strings to be a category
_MOST = 0.5  # of the rows that have a field decide on its kind


@dataclass(frozen=True, slots=True)
class BenchDataset:
    """One folder: the question that it puts and the examples of its three parts."""

    name: str
    task: TaskSpec
    train: Sequence[Example]
    dev: Sequence[Example]
    test: Sequence[Example]


def read_dataset(folder: Path, settings: TaskSettings | None = None) -> BenchDataset:
    """Read a folder whole.

    Args:
        folder: holds the parts.
        settings: what a model reads, and figures of earlier events that each example has besides
            its own fields. All parts are one stream: a figure may be of events of another part.

    Raises:
        DataError: when a part is missing or unreadable, no field can be an input, or a label is
            missing.
    """
    records = {part: read_records(folder / f"{part}.jsonl.gz") for part in PARTS}
    flat = {part: [dict(_flatten(record)) for record in records[part]] for part in PARTS}
    inputs = settings.inputs if settings else find_inputs(folder, flat["train"])
    context = settings.context if settings else None
    labels = {_label(record, part) for part in PARTS for record in flat[part]}
    task = _task(folder.name, inputs, labels)
    task = replace(task, objective=settings.objective) if settings else task
    figures = _context_of(flat, task, context)
    parts = {
        part: [_example(record, task, part, figures) for record in flat[part]] for part in PARTS
    }
    if context is not None:
        parts["train"] = weigh_repeats(parts["train"], task, context.repeats)
    return BenchDataset(folder.name, task, parts["train"], parts["dev"], parts["test"])


def read_stream(
    folder: Path, records: Sequence[Mapping[str, Any]]
) -> tuple[TaskSpec, list[Example]]:
    """Read records as one part, in their order.

    Raises:
        DataError: when no field can be an input, or a label is missing.
    """
    flat = [dict(_flatten(record)) for record in records]
    inputs = find_inputs(folder, flat)
    task = _task(folder.name, inputs, {_label(record, folder.name) for record in flat})
    return task, [_example(record, task, PARTS[0]) for record in flat]


def find_inputs(folder: Path, records: Sequence[Mapping[str, Any]]) -> tuple[InputField, ...]:
    """Name the inputs that the fields of flat records can be, in the order of the records.

    Raises:
        DataError: when there is none.
    """
    values: dict[str, list[Any]] = {}
    for record in records:
        for name, value in record.items():
            if name not in _NO_INPUT and value is not None and not isinstance(value, list):
                values.setdefault(name, []).append(value)
    if not values:
        raise DataError(f"{folder}: no field of its records can be an input")
    written = tuple(name for name, found in values.items() if _has_letters(found))
    inputs = [InputField(TEXT_INPUT, InputKind.TEXT, written or tuple(values))]
    inputs += [
        InputField(name, kind, (name,))
        for name, found in values.items()
        if (kind := _kind(found)) is not None
    ]
    return tuple(inputs)


def _has_letters(values: Sequence[Any]) -> bool:
    with_letters = sum(
        isinstance(value, str) and any(character.isalpha() for character in value)
        for value in values
    )
    return with_letters > _MOST * len(values)


def _kind(values: Sequence[Any]) -> InputKind | None:
    numbers = sum(isinstance(value, int | float) for value in values)
    if numbers > _MOST * len(values):
        return InputKind.NUMBER
    recurs = len(set(map(as_text, values))) * _RECURS <= len(values)
    return InputKind.CATEGORY if recurs else None


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


def with_labels(
    dataset: BenchDataset, limit: int | None, unlabelled: int, seed: int
) -> tuple[BenchDataset, list[Example]]:
    """A dataset with so many labels in all, and rows of the rest of train without theirs.

    Args:
        dataset: whole.
        limit: rows that `limit_train` draws of train; dev is left out then. None for all of both.
        unlabelled: of the rest, at most, in a random order.
        seed: of both draws.

    Returns:
        The dataset, and the rows: no label, weight 0, as a pool of unlabelled incidents has them.
    """
    if limit is None:
        return dataset, []
    drawn = limit_train(dataset.train, limit, seed)
    uids = {example.uid for example in drawn}
    rest = [example for example in dataset.train if example.uid not in uids]
    order = np.random.default_rng(seed).permutation(len(rest))[:unlabelled]
    pool = [replace(rest[i], label="", weight=0.0) for i in order]
    return replace(dataset, train=drawn, dev=()), pool


def transform_train(
    dataset: BenchDataset, settings: TaskSettings | None, seed: int
) -> Sequence[Example]:
    """The training part after the transforms that a task names.

    Raises:
        NotFoundError: when there is no such transform.
        ConfigError, DataError, PluginError: as a run has them.
    """
    train: Sequence[Example] = dataset.train
    held_out = (*dataset.dev, *dataset.test)
    for choice in settings.train.transforms if settings else ():
        spec = get("transform", choice.name, {each.name: each for each in TRANSFORMS})
        config = spec.configure(choice.options())
        train = apply_transform(
            spec, config, train, held_out, dataset.task, seed=seed, dedupe=DedupeSettings()
        ).examples
    return train


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


def _label(record: Mapping[str, Any], part: str) -> str:
    label = record.get("label")
    if not isinstance(label, str):
        raise DataError(f"record {record.get('id')!r} of {part} has no label")
    return label


def _incident(record: Mapping[str, Any]) -> Incident:
    at = record.get("@timestamp")
    time = datetime.fromisoformat(at) if isinstance(at, str) else None
    return Incident(str(record.get("id")), record, at=time)


def _context_of(
    flat: Mapping[str, Sequence[Mapping[str, Any]]],
    task: TaskSpec,
    context: ContextSettings | None,
) -> Callable[[str], Inputs]:
    """The figures of a record by its id, made as a dataset build makes them."""
    if context is None:
        return lambda _uid: {}
    plan = ContextPlan(context, _SALT, datetime.now(UTC), task.benign)
    rows = [record for part in PARTS for record in flat[part]]
    # A verdict has no time here: it counts as given at its event's.
    verdicts = {str(record["id"]): (None, record["label"] != task.benign) for record in rows}
    values = replay(plan, map(_incident, rows), verdicts).values
    return lambda uid: named_figures(context.inputs, values.get(uid))


def _example(
    record: Mapping[str, Any],
    task: TaskSpec,
    part: str,
    figures: Callable[[str], Inputs] = lambda _uid: {},
) -> Example:
    uid = str(record.get("id"))
    incident = _incident(record)
    return Example(
        uid,
        {**(read_inputs(incident, task) or {TEXT_INPUT: ""}), **figures(uid)},
        _label(record, part),
        groups=tuple(str(record[name]) for name in GROUP_FIELDS if record.get(name) is not None),
        split=part,
        extents=text_extents(incident, task),
    )


def _task(name: str, inputs: tuple[InputField, ...], labels: set[str]) -> TaskSpec:
    benign = next((label for label in sorted(labels) if label.casefold() in BENIGN_NAMES), None)
    ordered = sorted(labels, key=lambda label: (label != benign, label))
    return TaskSpec(name=name, inputs=inputs, labels=tuple(ordered), benign=benign)
