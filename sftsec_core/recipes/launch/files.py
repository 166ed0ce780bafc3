"""Examples as Parquet files: how a run hands its data to the process that trains.

<folder>/train.parquet   uid, inputs (JSON), label, cluster, groups, at, split, weight, judged,
                         analysts
<folder>/dev.parquet     the same
<folder>/blobs/SHA256    bytes of inputs that lie in no file yet
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from sftsec_core.api.domain import Blob, Example, InputField, Objective, TaskSpec
from sftsec_core.api.errors import IntegrityError
from sftsec_core.store.sealed_blob import blob_in
from sftsec_core.store.vault import create_file, open_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sftsec_core.store.vault import Vault

_BLOBS = "blobs"
_BATCH = 4096
_SCHEMA = pa.schema(
    [
        ("uid", pa.string()),
        ("inputs", pa.large_string()),
        ("label", pa.string()),
        ("cluster", pa.int64()),
        ("groups", pa.list_(pa.string())),
        ("at", pa.timestamp("us", "UTC")),
        ("split", pa.string()),
        ("weight", pa.float64()),
        ("judged", pa.bool_()),
        ("analysts", pa.list_(pa.string())),
    ]
)


def write_examples(
    examples: Sequence[Example], folder: Path, part: str, vault: Vault | None = None
) -> None:
    """Write one part of a split, in its order; encrypted where the state is."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        create_file(folder / f"{part}.parquet", vault) as stream,
        pq.ParquetWriter(stream, _SCHEMA) as writer,
    ):
        for start in range(0, len(examples), _BATCH):
            rows = [_row(example, folder, vault) for example in examples[start : start + _BATCH]]
            writer.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA))


def read_examples(folder: Path, part: str, vault: Vault | None = None) -> list[Example]:
    """Read what `write_examples` wrote.

    Raises:
        IntegrityError: when the file is missing or holds something else.
    """
    file = folder / f"{part}.parquet"
    try:
        return list(_examples(file, vault))
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError) as error:
        raise IntegrityError(f"{file}: the examples of the run cannot be read: {error}") from error


def task_to_json(task: TaskSpec) -> dict[str, Any]:
    """A task as JSON values."""
    values: dict[str, Any] = json.loads(json.dumps(asdict(task)))
    return values


def task_from_json(values: Mapping[str, Any]) -> TaskSpec:
    """Read what `task_to_json` wrote."""
    inputs = tuple(InputField.from_json(each) for each in values["inputs"])
    kept = {"inputs": inputs, "labels": tuple(values["labels"])}
    return TaskSpec(**{**values, **kept, "objective": Objective(**values["objective"])})


def _row(example: Example, folder: Path, vault: Vault | None) -> dict[str, Any]:
    inputs = {name: _plain(value, folder, vault) for name, value in example.inputs.items()}
    return {
        "uid": example.uid,
        "inputs": json.dumps(inputs),
        "label": example.label,
        "cluster": example.cluster,
        "groups": list(example.groups),
        "at": example.at,
        "split": example.split,
        "weight": example.weight,
        "judged": example.judged,
        "analysts": list(example.analysts),
    }


def _examples(file: Path, vault: Vault | None) -> Iterator[Example]:
    with open_file(file, vault) as stream, pq.ParquetFile(stream) as table:
        for batch in table.iter_batches(_BATCH):
            for row in batch.to_pylist():
                inputs = json.loads(row.pop("inputs"))
                values = {name: _value(value, vault) for name, value in inputs.items()}
                lists = {name: tuple(row[name]) for name in ("groups", "analysts")}
                yield Example(**{**row, "inputs": values, **lists})


def _plain(
    value: Any,  # noqa: ANN401 - an input's value in, a JSON value out
    folder: Path,
    vault: Vault | None,
) -> Any:  # noqa: ANN401 - a JSON value
    """Texts, numbers, lists of texts as they are; a blob by its digest and its file."""
    if not isinstance(value, Blob):
        return list(value) if isinstance(value, tuple) else value
    path = value.path
    if path is None:
        path = folder / _BLOBS / value.sha256
        path.parent.mkdir(exist_ok=True)
        with create_file(path, vault) as stream:
            stream.write(value.read())
    return {"sha256": value.sha256, "path": str(path.absolute())}


def _value(plain: Any, vault: Vault | None) -> Any:  # noqa: ANN401 - the other way round
    if isinstance(plain, list):
        return tuple(plain)
    if isinstance(plain, dict):
        return blob_in(Path(plain["path"]), plain["sha256"], vault)
    return plain
