"""Snapshots: what a dataset build left on disk, named by the digest of its content.

    <digest>/manifest.json           counts, settings, fields with their kinds, columns and parts
    <digest>/rows-00000.parquet      uid, cluster, digest, at, groups, split, field.<ECS name> ...
    <digest>/verdicts-00000.parquet  uid, digest, value, analyst, at, reason, automated
    <digest>/blobs/<sha256>          the bytes of images, each content once

The digest is taken over the values, column by column, and over the manifest's counts and
settings: not over Parquet's bytes, which change with its version and with where a part is cut.

A snapshot of schema 1, in which every field was text, is read as it is: see `snapshot_v1`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sftsec_core.api.domain import Blob, Incident, InputKind
from sftsec_core.api.errors import IntegrityError
from sftsec_core.dataset import snapshot_v1
from sftsec_core.dataset.content_digest import ContentDigest
from sftsec_core.store.sealed_blob import blob_in
from sftsec_core.store.vault import open_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from sftsec_core.store.vault import Vault

SCHEMA_VERSION = 2
MANIFEST = "manifest.json"
FIELD_PREFIX = "field."  # so that an event's own field named "uid" or "split" clashes with nothing
TABLES = ("rows", "verdicts")
BLOBS = "blobs"
_TIME = pa.timestamp("us", "UTC")
_BATCH = 4096
_TYPES = {
    InputKind.TEXT: pa.string(),
    InputKind.NUMBER: pa.float64(),
    InputKind.CATEGORY: pa.string(),
    InputKind.IMAGE: pa.string(),
    InputKind.SEQUENCE: pa.list_(pa.string()),
}
FIXED_COLUMNS = ("uid", "cluster", "digest", "at", "groups", "split")


def rows_schema(fields: Mapping[str, InputKind]) -> Any:  # noqa: ANN401 - pyarrow has no types
    """The Arrow schema of the table of rows, one column a kept field, typed by its kind.

    An image's column holds the SHA-256 of its bytes, which are a blob.
    """
    fixed = [
        pa.field("uid", pa.string(), nullable=False),
        pa.field("cluster", pa.int64(), nullable=False),
        pa.field("digest", pa.string(), nullable=False),
        pa.field("at", _TIME),
        pa.field("groups", pa.list_(pa.string()), nullable=False),
        pa.field("split", pa.string()),
    ]
    kept = [pa.field(FIELD_PREFIX + name, _TYPES[kind]) for name, kind in fields.items()]
    return pa.schema(fixed + kept)


VERDICTS_SCHEMA = pa.schema(
    [
        pa.field("uid", pa.string(), nullable=False),
        pa.field("digest", pa.string(), nullable=False),
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
        vault: the keys that its files are encrypted with; None where they are not.
        only: the uids that are read, by table, of a sample; None for all.
    """

    digest: str
    folder: Path
    manifest: Mapping[str, Any]
    vault: Vault | None = field(default=None, compare=False, repr=False)
    only: Mapping[str, Any] | None = field(default=None, compare=False, repr=False)

    @property
    def fields(self) -> Mapping[str, InputKind]:
        """The dotted names of the fields that were kept, with their kinds."""
        if self.is_v1:
            return dict.fromkeys(self.manifest["fields"], InputKind.TEXT)
        return {each["name"]: InputKind(each["kind"]) for each in self.manifest["fields"]}

    @property
    def is_v1(self) -> bool:
        """Whether it was written before inputs were typed."""
        return bool(self.manifest["schema_version"] == snapshot_v1.SCHEMA_VERSION)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many incidents were read, kept, dropped and why."""
        counts: Mapping[str, int] = self.manifest["counts"]
        return counts

    @property
    def connectors(self) -> Mapping[str, Mapping[str, int]]:
        """A connector's name to its part of the counts; empty where all came from one."""
        found: Mapping[str, Mapping[str, int]] = self.manifest.get("connectors", {})
        return found

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
        """The rows as incidents without their verdicts; each field has its kind's type."""
        kinds = self.fields
        for batch in self.batches():
            fields = [(n, batch.column(FIELD_PREFIX + n).to_pylist(), k) for n, k in kinds.items()]
            fixed = [batch.column(name).to_pylist() for name in ("uid", "at", "split")]
            for index, (uid, at, split) in enumerate(zip(*fixed, strict=True)):
                present = {
                    name: self._value(values[index], kind)
                    for name, values, kind in fields
                    if values[index] is not None
                }
                yield Incident(uid, present, at=at, split=split)

    def sample(self, most: int) -> Snapshot:
        """The same with so many rows at most, evenly by uid, and all verdicts on their texts."""
        rows = self._columns("rows", ["uid", "digest"])
        if rows.num_rows <= most:
            return self
        order = pc.sort_indices(rows["uid"])[:: -(-rows.num_rows // most)]
        drawn, judged = rows.take(order), self._columns("verdicts", ["uid", "digest"])
        # Of an incident whose text changed, its other verdicts count too.
        on_texts = judged.filter(pc.is_in(judged["digest"], drawn["digest"].combine_chunks()))
        uids = {"rows": drawn["uid"], "verdicts": on_texts["uid"].unique()}
        return replace(self, only={name: pa.array(each) for name, each in uids.items()})

    def blob(self, sha256: str) -> Blob:
        """One of its images."""
        return blob_in(self.folder / BLOBS / sha256, sha256, self.vault)

    def blobs(self) -> set[str]:
        """The digests of all images that its rows name."""
        images = [FIELD_PREFIX + n for n, kind in self.fields.items() if kind is InputKind.IMAGE]
        return {
            name
            for batch in (self.batches(images) if images else ())
            for column in batch.columns
            for name in pc.unique(column).to_pylist()
            if name is not None
        }

    def _value(self, value: Any, kind: InputKind) -> Any:  # noqa: ANN401 - by kind
        if kind is InputKind.IMAGE:
            return self.blob(value)
        return tuple(value) if kind is InputKind.SEQUENCE else value

    def _columns(self, table: str, columns: Sequence[str]) -> Any:  # noqa: ANN401 - pyarrow
        schema = rows_schema({}) if table == "rows" else VERDICTS_SCHEMA
        wanted = pa.schema([schema.field(name) for name in columns])
        return pa.Table.from_batches(self._read(table, columns), wanted)

    def _read(self, table: str, columns: Sequence[str] | None) -> Iterator[Any]:
        if self.only is None:
            yield from self._read_all(table, columns)
            return
        extra = columns is not None and "uid" not in columns
        for batch in self._read_all(table, ["uid", *columns] if columns and extra else columns):
            kept = batch.filter(pc.is_in(batch["uid"], self.only[table]))
            yield kept.select(list(columns)) if columns and extra else kept

    def _read_all(self, table: str, columns: Sequence[str] | None) -> Iterator[Any]:
        if not self.is_v1:
            yield from self.read_stored(table, columns)
            return
        stored = None if columns is None else snapshot_v1.stored_names(columns)
        for batch in self.read_stored(table, stored):
            yield snapshot_v1.upgrade(batch)

    def read_stored(self, table: str, columns: Sequence[str] | None = None) -> Iterator[Any]:
        """A table's batches as they lie on disk, in the schema that they were written in.

        Raises:
            IntegrityError: when a part is missing or damaged.
        """
        for part in self.manifest["parts"][table]:
            try:
                with (
                    open_file(self.folder / part["name"], self.vault) as stream,
                    pq.ParquetFile(stream) as file,
                ):
                    yield from file.iter_batches(_BATCH, columns=columns)
            except (OSError, pa.ArrowException) as error:
                raise IntegrityError(
                    f"snapshot {self.digest[:12]}: {part['name']} cannot be read ({error}); "
                    "build the dataset again"
                ) from error


def manifest_digest(manifest: Mapping[str, Any]) -> str:
    """The digest of a manifest: of all it says but its own digest and the parts' files."""
    said = {k: v for k, v in manifest.items() if k not in {"digest", "parts"}}
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


def file_digest(path: Path, vault: Vault | None = None) -> str:
    """Hex SHA-256 of a file's content, before it was encrypted."""
    with open_file(path, vault) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def open_snapshot(folder: Path, *, verify: bool = True, vault: Vault | None = None) -> Snapshot:
    """Open a snapshot and check that it is the one that was written.

    Args:
        folder: the snapshot's folder; its name is the digest.
        verify: False checks the manifest only, not the parts.
        vault: the keys of an encrypted state.

    Raises:
        IntegrityError: when the manifest, a part or a blob is missing, damaged or changed, or the
            snapshot is of a later version.
    """
    path = folder / MANIFEST
    try:
        manifest: dict[str, Any] = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise IntegrityError(f"{path} cannot be read: {error}") from error
    version = manifest.get("schema_version")
    if version not in (snapshot_v1.SCHEMA_VERSION, SCHEMA_VERSION):
        raise IntegrityError(
            f"{path} has schema {version}, this version of sftsec reads schemas "
            f"{snapshot_v1.SCHEMA_VERSION} and {SCHEMA_VERSION}: build the dataset again"
        )
    digest = manifest_digest(manifest)
    if digest != folder.name or digest != manifest.get("digest"):
        raise IntegrityError(f"{path} was changed: its digest is {digest}")
    snapshot = Snapshot(digest, folder, manifest, vault)
    if verify:
        _verify(snapshot)
    return snapshot


def _verify(snapshot: Snapshot) -> None:
    for table in TABLES:
        for part in snapshot.manifest["parts"][table]:
            _verify_part(snapshot, part)
        content = ContentDigest(_stored_schema(snapshot, table))
        for batch in snapshot.read_stored(table):
            content.update(batch)
        if content.summary() != snapshot.manifest["content"][table]:
            raise IntegrityError(f"the {table} of {snapshot.folder} are not those of its manifest")
    for name in snapshot.blobs():
        path = snapshot.folder / BLOBS / name
        if not path.is_file() or file_digest(path, snapshot.vault) != name:
            raise IntegrityError(f"{path} is missing or damaged; build the dataset again")


def _verify_part(snapshot: Snapshot, part: Mapping[str, Any]) -> None:
    path = snapshot.folder / part["name"]
    if path.parent != snapshot.folder or not path.is_file():
        raise IntegrityError(f"{path} is missing from the snapshot")
    if file_digest(path, snapshot.vault) != part["sha256"]:
        raise IntegrityError(f"{path} was changed or damaged; build the dataset again")


def _stored_schema(snapshot: Snapshot, table: str) -> Any:  # noqa: ANN401 - pyarrow has no types
    if snapshot.is_v1:
        return snapshot_v1.schema(table, tuple(snapshot.fields))
    return rows_schema(snapshot.fields) if table == "rows" else VERDICTS_SCHEMA
