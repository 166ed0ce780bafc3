"""The work folder of an ingest: what survives a kill, and how the snapshot is made of it.

At a page's end, now and then, what was gathered since the last time is written as one chunk: rows,
verdicts and the deduplicator's state, each file under a temporary name, synced and renamed;
`progress.json` follows last and says how many chunks count. A kill loses at most the pages since
then, and those are pulled again. Images are written when they are met, each content once.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from sftsec_core.api.domain import InputKind
from sftsec_core.api.errors import DataError
from sftsec_core.dataset.content_digest import ContentDigest
from sftsec_core.dataset.snapshot import (
    BLOBS,
    FIELD_PREFIX,
    MANIFEST,
    SCHEMA_VERSION,
    TABLES,
    VERDICTS_SCHEMA,
    file_digest,
    manifest_digest,
    rows_schema,
)
from sftsec_core.sdk.atomic import sync
from sftsec_core.store.vault import create_file, open_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sftsec_core.api.domain import Blob
    from sftsec_core.store.vault import Vault

_PROGRESS = "progress.json"
_DRAFT = "draft"
_PART_ROWS = 131_072
_GROUP_ROWS = 16_384
_GROUP_BYTES = 32 << 20


@dataclass(slots=True)
class Progress:
    """How far an ingest got.

    Attributes:
        plan: digest of what the ingest was asked for; another plan cannot resume here.
        cursor: after the last page that counts; None before the first.
        chunks: chunks that count.
        counts: read, kept, dropped and why.
        steps: counts of each step.
        span: first and last time of an event, ISO 8601.
        connectors: a connector's name to its part of the counts, where there are several.
    """

    plan: str
    cursor: str | None = None
    chunks: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    steps: dict[str, Counter[str]] = field(default_factory=dict)
    span: list[str | None] = field(default_factory=lambda: [None, None])
    connectors: dict[str, Counter[str]] = field(default_factory=dict)


class Journal:
    """Writes and reads the chunks of one work folder."""

    def __init__(
        self, folder: Path, fields: Mapping[str, InputKind], vault: Vault | None = None
    ) -> None:
        """Take the folder, which is made when missing, and the keys of an encrypted state."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._vault = vault
        self._schemas = {"rows": rows_schema(fields), "verdicts": VERDICTS_SCHEMA}
        self._images = [FIELD_PREFIX + n for n, kind in fields.items() if kind is InputKind.IMAGE]

    def load(self, plan: str) -> Progress:
        """How far an earlier run got; a fresh start when there was none.

        Raises:
            DataError: when the earlier run had another plan.
        """
        progress = read_progress(self._folder)
        if progress is None:
            return Progress(plan)
        if progress.plan != plan:
            raise DataError(
                f"{self._folder} holds a build that was begun with other settings or by another "
                "version; remove the folder to start again"
            )
        return progress

    def write(
        self,
        progress: Progress,
        columns: Mapping[str, Mapping[str, list[Any]]],
        dedupe: Mapping[str, NDArray[Any]],
    ) -> None:
        """Write one chunk and then, with it, the progress.

        Args:
            progress: as of the chunk's end; its `chunks` is raised by one.
            columns: table name to column name to values.
            dedupe: the deduplicator's state since the last chunk.
        """
        number = progress.chunks
        for table in TABLES:
            data = pa.table(dict(columns[table]), schema=self._schemas[table])
            _write_atomically(self._path(table, number), partial(self._save_table, data))
        _write_atomically(self._path("dedupe", number), partial(self._save_arrays, dedupe))
        progress.chunks += 1
        said = {
            "plan": progress.plan,
            "cursor": progress.cursor,
            "chunks": progress.chunks,
            "counts": dict(progress.counts),
            "steps": {name: dict(counts) for name, counts in progress.steps.items()},
            "span": progress.span,
            "connectors": {name: dict(counts) for name, counts in progress.connectors.items()},
        }
        raw = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
        _write_atomically(self._folder / _PROGRESS, lambda path: _write_bytes(path, raw))

    def keep_blob(self, blob: Blob) -> str:
        """Write an image's bytes, unless they are there; return their digest."""
        target = self._folder / BLOBS / blob.sha256
        if not target.is_file():
            target.parent.mkdir(exist_ok=True)
            content = blob.read()
            _write_atomically(target, partial(self._save_bytes, content))
        return blob.sha256

    def dedupe_states(self, progress: Progress) -> Iterator[dict[str, NDArray[Any]]]:
        """The deduplicator's state, chunk by chunk."""
        for number in range(progress.chunks):
            with (
                open_file(self._path("dedupe", number), self._vault) as stream,
                np.load(stream, allow_pickle=False) as arrays,
            ):
                yield dict(arrays)

    def names(self, chunks: int) -> Iterator[tuple[str, str]]:
        """The uid and the digest of each row of so many chunks."""
        for batch in self._batches("rows", chunks):
            yield from zip(batch["uid"].to_pylist(), batch["digest"].to_pylist(), strict=True)

    def finish(
        self,
        progress: Progress,
        manifest: dict[str, Any],
        clusters: Mapping[int, int],
        to: Path,
        on_publish: Callable[[], None] = lambda: None,
        chosen: Sequence[bool] | None = None,
    ) -> Path:
        """Make the snapshot of the chunks, move it into place, and empty the work folder.

        Args:
            progress: as of the end.
            manifest: what it says besides the content, the parts and the digest.
            clusters: clusters that were tied to a lower one.
            to: the folder of all snapshots.
            on_publish: called just before the snapshot appears there.
            chosen: whether each row goes into the snapshot; None for all.

        Returns:
            The snapshot's folder, named by its digest.
        """
        draft = self._folder / _DRAFT  # of this run alone: others may build the same content
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        contents, parts = {}, {}
        for table in TABLES:
            writer = _PartWriter(draft, table, self._schemas[table], self._vault)
            batches = self._batches(table, progress.chunks)
            for batch in _chosen(batches, chosen) if table == "rows" else batches:
                writer.add(_relabelled(batch, clusters) if table == "rows" else batch)
            contents[table], parts[table] = writer.close()
        self._take_blobs(draft, _chosen(self._batches("rows", progress.chunks), chosen))
        manifest = {"schema_version": SCHEMA_VERSION, **manifest, "content": contents}
        manifest |= {"digest": manifest_digest(manifest), "parts": parts}
        _write_bytes(draft / MANIFEST, orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
        sync(draft)
        on_publish()
        target = _publish(draft, to, str(manifest["digest"]))
        # First what makes the folder one to resume: a kill amid the removal leaves none of it.
        (self._folder / _PROGRESS).unlink(missing_ok=True)
        shutil.rmtree(self._folder)
        return target

    def _take_blobs(self, draft: Path, rows: Iterable[Any]) -> None:
        """Take the images that rows name; others are of pages that a kill undid, or not chosen.

        They stay in the work folder too, until it goes: after a kill they are taken again.
        """
        named = {
            name
            for batch in (rows if self._images else ())
            for column in self._images
            for name in batch[column].to_pylist()
            if name is not None
        }
        for name in sorted(named):
            (draft / BLOBS).mkdir(exist_ok=True)
            _link_or_copy(self._folder / BLOBS / name, draft / BLOBS / name)
        if named:
            sync(draft / BLOBS)

    def _batches(self, table: str, chunks: int) -> Iterator[Any]:
        for number in range(chunks):
            with (
                open_file(self._path(table, number), self._vault) as stream,
                pq.ParquetFile(stream) as file,
            ):
                yield from file.iter_batches(4096)

    def _save_table(self, table: Any, path: Path) -> None:  # noqa: ANN401 - pyarrow
        # zstd 1: written once and read once, when the snapshot is made of it.
        with create_file(path, self._vault) as stream:
            pq.write_table(table, stream, compression="zstd", compression_level=1)

    def _save_arrays(self, arrays: Mapping[str, NDArray[Any]], path: Path) -> None:
        with create_file(path, self._vault) as stream:
            np.savez(stream, **dict(arrays))  # type: ignore[arg-type]  # numpy's stub names its flag

    def _save_bytes(self, content: bytes, path: Path) -> None:
        with create_file(path, self._vault) as stream:
            stream.write(content)

    def _path(self, table: str, number: int) -> Path:
        suffix = "npz" if table == "dedupe" else "parquet"
        return self._folder / f"{table}-{number:05d}.{suffix}"


class _PartWriter:
    """Writes a table in parts of bounded size, and digests it on the way."""

    def __init__(
        self,
        folder: Path,
        table: str,
        schema: Any,  # noqa: ANN401 - pyarrow
        vault: Vault | None,
    ) -> None:
        self._folder = folder
        self._vault = vault
        self._stream: Any = None
        self._table = table
        self._schema = schema
        self._content = ContentDigest(schema)
        self._parts: list[dict[str, Any]] = []
        self._held: list[Any] = []
        self._writer: Any = None
        self._rows = 0

    def add(self, batch: Any) -> None:  # noqa: ANN401 - pyarrow has no types
        """Take a batch."""
        self._content.update(batch)
        self._held.append(batch)
        rows = sum(one.num_rows for one in self._held)
        if rows >= _GROUP_ROWS or sum(one.nbytes for one in self._held) >= _GROUP_BYTES:
            self._flush()

    def close(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Finish; the content's summary and the parts with their digests."""
        if self._held or not self._parts:
            self._flush()
        self._end_part()
        return self._content.summary(), self._parts

    def _flush(self) -> None:
        if self._writer is None:
            name = f"{self._table}-{len(self._parts):05d}.parquet"
            self._parts.append({"name": name})
            self._stream = create_file(self._folder / name, self._vault)
            self._writer = pq.ParquetWriter(self._stream, self._schema, compression="zstd")
        table = pa.Table.from_batches(self._held, self._schema)
        self._writer.write_table(table, row_group_size=_GROUP_ROWS)
        self._rows += table.num_rows
        self._held = []
        if self._rows >= _PART_ROWS:
            self._end_part()

    def _end_part(self) -> None:
        if self._writer is None:
            return
        self._writer.close()
        self._stream.close()
        path = self._folder / self._parts[-1]["name"]
        sync(path)
        self._parts[-1] |= {"rows": self._rows, "sha256": file_digest(path, self._vault)}
        self._writer = None
        self._rows = 0


def _chosen(batches: Iterable[Any], chosen: Sequence[bool] | None) -> Iterator[Any]:
    """The batches of rows without those that are not chosen."""
    begin = 0
    for batch in batches:
        if chosen is None:
            yield batch
            continue
        yield batch.filter(pa.array(chosen[begin : begin + batch.num_rows], pa.bool_()))
        begin += batch.num_rows


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copyfile(source, target)
        sync(target)


def _publish(draft: Path, to: Path, digest: str) -> Path:
    """Move a snapshot into place, unless the same content lies there already."""
    to.mkdir(parents=True, exist_ok=True)
    target = to / digest
    try:
        draft.replace(target)
    except OSError:
        # Another build of the same content came first: a folder replaces only an empty one.
        if not (target / MANIFEST).is_file():
            raise
    sync(to)
    return target


def read_progress(folder: Path) -> Progress | None:
    """What `progress.json` of a work folder says; None when there is none."""
    path = folder / _PROGRESS
    if not path.exists():
        return None
    said = orjson.loads(path.read_bytes())
    steps = {name: Counter(counts) for name, counts in said["steps"].items()}
    # A build that an older version began is of one connector.
    connectors = {name: Counter(own) for name, own in said.get("connectors", {}).items()}
    return Progress(
        said["plan"],
        said["cursor"],
        said["chunks"],
        Counter(said["counts"]),
        steps,
        said["span"],
        connectors,
    )


def _relabelled(batch: Any, clusters: Mapping[int, int]) -> Any:  # noqa: ANN401 - pyarrow
    if not clusters:
        return batch
    place = batch.schema.get_field_index("cluster")
    numbers = batch.column(place).to_pylist()
    final = pa.array([clusters.get(number, number) for number in numbers], pa.int64())
    return batch.set_column(place, batch.schema.field(place), final)


def _write_bytes(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)
    sync(path)


def _write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    draft = path.with_name(f".{path.name}.tmp")
    write(draft)
    sync(draft)
    draft.replace(path)
    sync(path.parent)
