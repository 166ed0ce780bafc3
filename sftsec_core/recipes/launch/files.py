"""Examples as Parquet files: how a run hands its data to the process that trains.

<folder>/train.parquet   uid, example (all its attributes as JSON)
<folder>/dev.parquet     the same
"""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from sftsec_core.api.domain import Example, TaskSpec
from sftsec_core.api.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_BATCH = 4096
_SCHEMA = pa.schema([("uid", pa.string()), ("example", pa.large_binary())])
_NAMES = tuple(one.name for one in fields(Example) if one.init)


def write_examples(examples: Sequence[Example], folder: Path, part: str) -> None:
    """Write one part of a split, in its order."""
    folder.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(folder / f"{part}.parquet", _SCHEMA) as writer:
        for start in range(0, len(examples), _BATCH):
            rows = [_row(example) for example in examples[start : start + _BATCH]]
            writer.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA))


def read_examples(folder: Path, part: str) -> list[Example]:
    """Read what `write_examples` wrote.

    Raises:
        IntegrityError: when the file is missing or holds something else.
    """
    file = folder / f"{part}.parquet"
    try:
        return list(_examples(file))
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError) as error:
        raise IntegrityError(f"{file}: the examples of the run cannot be read: {error}") from error


def task_to_json(task: TaskSpec) -> dict[str, Any]:
    """A task as JSON values."""
    values: dict[str, Any] = orjson.loads(orjson.dumps(asdict(task)))
    return values


def task_from_json(values: Mapping[str, Any]) -> TaskSpec:
    """Read what `task_to_json` wrote."""
    return TaskSpec(**{name: _tupled(value) for name, value in values.items()})


def _row(example: Example) -> dict[str, Any]:
    values = {name: getattr(example, name) for name in _NAMES}
    return {"uid": example.uid, "example": orjson.dumps(values)}


def _examples(file: Path) -> Iterator[Example]:
    with pq.ParquetFile(file) as table:
        for batch in table.iter_batches(_BATCH, columns=["example"]):
            for row in batch.column(0).to_pylist():
                values = {name: _tupled(value) for name, value in orjson.loads(row).items()}
                at = values["at"] and datetime.fromisoformat(values["at"])
                yield Example(**{**values, "at": at})


def _tupled(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    return tuple(value) if isinstance(value, list) else value
