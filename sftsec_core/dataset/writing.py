"""How a snapshot is written of decided parts, and published as a whole.

A part of the snapshot is made of whole parts of the pull, so that one that did not change has the
same values: then the file of the snapshot before is linked, and nothing is encoded.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any, Protocol

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from sftsec_core.api.domain import InputKind
from sftsec_core.dataset.content_digest import ContentDigest
from sftsec_core.dataset.snapshot import (
    BLOBS,
    FIELD_PREFIX,
    MANIFEST,
    SCHEMA_VERSION,
    VERDICTS_SCHEMA,
    file_digest,
    manifest_digest,
    rows_schema,
)
from sftsec_core.sdk.atomic import sync
from sftsec_core.store.vault import create_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from sftsec_core.dataset.snapshot import Snapshot
    from sftsec_core.store.vault import Vault

_DRAFT = "draft"
_PART_ROWS = 4096  # and more, up to a whole part of the pull more
_GROUP_ROWS = 16_384


class WrittenPart(Protocol):
    """What a part of a snapshot is written of."""

    def rows(self) -> Any:  # noqa: ANN401 - pyarrow has no types
        """A table with the columns of `rows_schema`."""

    def verdicts(self) -> Any:  # noqa: ANN401 - pyarrow has no types
        """A table with the columns of `VERDICTS_SCHEMA`."""

    def blob(self, digest: str) -> Path:
        """Where the bytes of an image that a row names lie."""


class SnapshotWriter:
    """Writes one snapshot into a draft folder, and moves it into place."""

    def __init__(
        self,
        work: Path,
        fields: Mapping[str, InputKind],
        vault: Vault | None,
        earlier: Snapshot | None,
    ) -> None:
        """Begin.

        Args:
            work: the folder of the ingest, on the same file system as the snapshots.
            fields: the kept fields, with their kinds.
            vault: the keys of an encrypted state.
            earlier: a snapshot whose files may be linked.
        """
        self._draft = work / _DRAFT  # of this run alone: others may build the same content
        shutil.rmtree(self._draft, ignore_errors=True)
        self._draft.mkdir()
        self._vault = vault
        self._earlier = earlier
        self._schemas = {"rows": rows_schema(fields), "verdicts": VERDICTS_SCHEMA}
        self._images = [FIELD_PREFIX + n for n, kind in fields.items() if kind is InputKind.IMAGE]

    def write(self, parts: Iterable[WrittenPart], manifest: dict[str, Any]) -> str:
        """Write what the parts hold, and the manifest.

        Args:
            parts: in the order of the pull.
            manifest: what it says besides the content, the parts and the digest.

        Returns:
            The snapshot's digest.
        """
        tables = {name: self._table(name) for name in self._schemas}
        for part in parts:
            rows = part.rows()
            self._take_blobs(part, rows)
            tables["rows"].add(rows)
            tables["verdicts"].add(part.verdicts())
        closed = {name: table.close() for name, table in tables.items()}
        contents = {name: content for name, (content, _) in closed.items()}
        manifest = {"schema_version": SCHEMA_VERSION, **manifest, "content": contents}
        manifest["digest"] = manifest_digest(manifest)
        manifest["parts"] = {name: files for name, (_, files) in closed.items()}
        path = self._draft / MANIFEST
        path.write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
        sync(path)
        sync(self._draft)
        return str(manifest["digest"])

    def publish(self, to: Path, digest: str) -> Path:
        """Move the snapshot into place, unless the same content lies there already.

        Args:
            to: the folder of all snapshots.
            digest: the snapshot's.

        Returns:
            The snapshot's folder.
        """
        to.mkdir(parents=True, exist_ok=True)
        target = to / digest
        try:
            self._draft.replace(target)
        except OSError:
            # Another build of the same content came first: a folder replaces only an empty one.
            if not (target / MANIFEST).is_file():
                raise
        sync(to)
        return target

    def _table(self, name: str) -> _TableWriter:
        known = {}
        if self._earlier is not None:
            parts = self._earlier.manifest["parts"][name]
            known = {part["content"]: part for part in parts if "content" in part}
        folder = None if self._earlier is None else self._earlier.folder
        return _TableWriter(self._draft, name, self._schemas[name], self._vault, (folder, known))

    def _take_blobs(self, part: WrittenPart, rows: Any) -> None:  # noqa: ANN401 - pyarrow
        """Take the images that rows name."""
        named = {
            name for column in self._images for name in rows[column].to_pylist() if name is not None
        }
        for name in sorted(named):
            (self._draft / BLOBS).mkdir(exist_ok=True)
            if not (self._draft / BLOBS / name).exists():
                _link_or_copy(part.blob(name), self._draft / BLOBS / name)
        if named:
            sync(self._draft / BLOBS)


class _TableWriter:
    """Writes a table in parts, and digests it on the way."""

    def __init__(
        self,
        folder: Path,
        name: str,
        schema: Any,  # noqa: ANN401 - pyarrow
        vault: Vault | None,
        earlier: tuple[Path | None, Mapping[str, dict[str, Any]]],
    ) -> None:
        self._folder = folder
        self._name = name
        self._schema = schema
        self._vault = vault
        self._earlier = earlier
        self._content = ContentDigest(schema)
        self._parts: list[dict[str, Any]] = []
        self._held: list[Any] = []

    def add(self, table: Any) -> None:  # noqa: ANN401 - pyarrow has no types
        """Take a table, in whole."""
        if table.num_rows:
            self._held.append(table.select(self._schema.names).cast(self._schema))
        if sum(one.num_rows for one in self._held) >= _PART_ROWS:
            self._flush()

    def close(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Finish; the content's summary and the parts with their digests."""
        if self._held or not self._parts:
            self._flush()
        return self._content.summary(), self._parts

    def _flush(self) -> None:
        table = pa.concat_tables([self._schema.empty_table(), *self._held]).combine_chunks()
        self._held = []
        content = ContentDigest(self._schema)
        for batch in table.to_batches():
            self._content.update(batch)
            content.update(batch)
        path = self._folder / f"{self._name}-{len(self._parts):05d}.parquet"
        known = self._linked(path, content.name())
        if known is None:
            with create_file(path, self._vault) as stream:
                pq.write_table(table, stream, compression="zstd", row_group_size=_GROUP_ROWS)
            sync(path)
            known = {"rows": table.num_rows, "sha256": file_digest(path, self._vault)}
        self._parts.append({**known, "name": path.name, "content": content.name()})

    def _linked(self, path: Path, content: str) -> dict[str, Any] | None:
        """Link the earlier file of the same values; None where there is none."""
        folder, known = self._earlier
        found = known.get(content)
        if folder is None or found is None:
            return None
        source = folder / found["name"]
        if not source.is_file():
            return None
        _link_or_copy(source, path)
        return {"rows": found["rows"], "sha256": found["sha256"]}


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copyfile(source, target)
        sync(target)
