"""Snapshots: what a dataset build left on disk, named by the digest of its content.

    <digest>/manifest.json           counts, settings, columns and their digests, parts
    <digest>/rows-00000.parquet      uid, cluster, text_id, at, group, split, field.<ECS name> ...
    <digest>/verdicts-00000.parquet  uid, text_id, value, analyst, at, reason, automated

The digest is taken over the values, column by column, and over the manifest's counts and
settings: not over Parquet's bytes, which change with its version and with where a part is cut.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sftsec_core.api.domain import Incident
from sftsec_core.api.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
FIELD_PREFIX = "field."  # so that an event's own field named "uid" or "split" clashes with nothing
TABLES = ("rows", "verdicts")
_TIME = pa.timestamp("us", "UTC")
_BATCH = 4096


def rows_schema(fields: Iterable[str]) -> Any:  # noqa: ANN401 - pyarrow has no types
    """The Arrow schema of the table of rows, one string column a kept field."""
    fixed = [
        pa.field("uid", pa.string(), nullable=False),
        pa.field("cluster", pa.int64(), nullable=False),
        pa.field("text_id", pa.string(), nullable=False),
        pa.field("at", _TIME),
        pa.field("group", pa.string()),
        pa.field("split", pa.string()),
    ]
    return pa.schema(fixed + [pa.field(FIELD_PREFIX + name, pa.string()) for name in fields])


VERDICTS_SCHEMA = pa.schema(
    [
        pa.field("uid", pa.string(), nullable=False),
        pa.field("text_id", pa.string(), nullable=False),
        pa.field("value", pa.string(), nullable=False),
        pa.field("analyst", pa.string()),
        pa.field("at", _TIME),
        pa.field("reason", pa.string()),
        pa.field("automated", pa.bool_(), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A dataset on disk.

    Attributes:
        digest: hex SHA-256 of its content; the folder's name.
        folder: where it lies.
        manifest: what `manifest.json` says.
    """

    digest: str
    folder: Path
    manifest: Mapping[str, Any]

    @property
    def fields(self) -> tuple[str, ...]:
        """The dotted names of the fields that were kept."""
        return tuple(self.manifest["fields"])

    @property
    def counts(self) -> Mapping[str, int]:
        """How many incidents were read, kept, dropped and why."""
        counts: Mapping[str, int] = self.manifest["counts"]
        return counts

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[Any]:
        """The rows as Arrow record batches of at most 4,096, in the order of the pull."""
        return self._read("rows", columns)

    def verdict_batches(self) -> Iterator[Any]:
        """The verdicts as Arrow record batches, in the order of the pull."""
        return self._read("verdicts", None)

    def verdicts(self) -> Any:  # noqa: ANN401 - pyarrow has no types
        """The whole table of verdicts: narrow, a few dozen bytes a verdict."""
        return pa.Table.from_batches(self.verdict_batches(), VERDICTS_SCHEMA)

    def incidents(self) -> Iterator[Incident]:
        """The rows as incidents without their verdicts; every field is text."""
        for batch in self.batches():
            fields = [(name, batch.column(FIELD_PREFIX + name).to_pylist()) for name in self.fields]
            fixed = [batch.column(name).to_pylist() for name in ("uid", "at", "split")]
            for index, (uid, at, split) in enumerate(zip(*fixed, strict=True)):
                present = {k: v[index] for k, v in fields if v[index] is not None}
                yield Incident(uid, present, at=at, split=split)

    def _read(self, table: str, columns: Sequence[str] | None) -> Iterator[Any]:
        for part in self.manifest["parts"][table]:
            try:
                with pq.ParquetFile(self.folder / part["name"]) as file:
                    yield from file.iter_batches(_BATCH, columns=columns)
            except (OSError, pa.ArrowException) as error:
                raise IntegrityError(
                    f"snapshot {self.digest[:12]}: {part['name']} cannot be read ({error}); "
                    "build the dataset again"
                ) from error


class ContentDigest:
    """Digests a table's columns, whatever batches it comes in."""

    def __init__(self, schema: Any) -> None:  # noqa: ANN401 - pyarrow has no types
        """Start with no rows of the schema's columns."""
        self._types = {field.name: str(field.type) for field in schema}
        self._hashes = {name: (hashlib.sha256(), hashlib.sha256()) for name in self._types}
        self.rows = 0

    def update(self, batch: Any) -> None:  # noqa: ANN401 - pyarrow has no types
        """Take a record batch."""
        self.rows += batch.num_rows
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            shape, data = self._hashes[name]
            if pa.types.is_string(column.type):
                shape.update(_lengths(column))
                data.update(_characters(column))
            else:
                shape.update(column.is_valid().to_numpy(zero_copy_only=False).tobytes())
                data.update(_values(column))

    def summary(self) -> dict[str, Any]:
        """Rows, and each column's type and digest."""
        columns = {
            name: {
                "type": self._types[name],
                "sha256": hashlib.sha256(shape.digest() + data.digest()).hexdigest(),
            }
            for name, (shape, data) in self._hashes.items()
        }
        return {"rows": self.rows, "columns": columns}


def _lengths(column: Any) -> bytes:  # noqa: ANN401 - pyarrow has no types
    lengths = pc.fill_null(pc.binary_length(column), -1)
    return bytes(lengths.to_numpy(zero_copy_only=False).astype("<i4").tobytes())


def _characters(column: Any) -> memoryview:  # noqa: ANN401 - pyarrow has no types
    _, offsets, data = column.buffers()
    if data is None:
        return memoryview(b"")
    places = np.frombuffer(offsets, np.int32)
    begin = int(places[column.offset])
    end = int(places[column.offset + len(column)])
    return memoryview(data)[begin:end]


def _values(column: Any) -> bytes:  # noqa: ANN401 - pyarrow has no types
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    filled = pc.fill_null(column, False if pa.types.is_boolean(column.type) else 0)
    return bytes(filled.to_numpy(zero_copy_only=False).astype("<i8").tobytes())


def manifest_digest(manifest: Mapping[str, Any]) -> str:
    """The digest of a manifest: of all it says but its own digest and the parts' files."""
    said = {k: v for k, v in manifest.items() if k not in {"digest", "parts"}}
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


def file_digest(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def open_snapshot(folder: Path, *, verify: bool = True) -> Snapshot:
    """Open a snapshot and check that it is the one that was written.

    Args:
        folder: the snapshot's folder; its name is the digest.
        verify: False checks the manifest only, not the parts.

    Raises:
        IntegrityError: when the manifest or a part is missing, damaged or changed.
    """
    path = folder / MANIFEST
    try:
        manifest: dict[str, Any] = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise IntegrityError(f"{path} cannot be read: {error}") from error
    if manifest.get("schema_version") != SCHEMA_VERSION:
        version = manifest.get("schema_version")
        raise IntegrityError(f"{path} has schema {version}, this program reads {SCHEMA_VERSION}")
    digest = manifest_digest(manifest)
    if digest != folder.name or digest != manifest.get("digest"):
        raise IntegrityError(f"{path} was changed: its digest is {digest}")
    snapshot = Snapshot(digest, folder, manifest)
    if verify:
        _verify_parts(snapshot)
    return snapshot


def _verify_parts(snapshot: Snapshot) -> None:
    schemas = {"rows": rows_schema(snapshot.fields), "verdicts": VERDICTS_SCHEMA}
    for table in TABLES:
        for part in snapshot.manifest["parts"][table]:
            path = snapshot.folder / part["name"]
            if path.parent != snapshot.folder or not path.is_file():
                raise IntegrityError(f"{path} is missing from the snapshot")
            if file_digest(path) != part["sha256"]:
                raise IntegrityError(f"{path} was changed or damaged; build the dataset again")
        content = ContentDigest(schemas[table])
        for batch in snapshot._read(table, None):
            content.update(batch)
        if content.summary() != snapshot.manifest["content"][table]:
            raise IntegrityError(f"the {table} of {snapshot.folder} are not those of its manifest")
