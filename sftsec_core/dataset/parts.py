"""Parts of a pull: cleaned, hashed and on disk, each a folder that appears as a whole.

    <part>/part.json         counts, what each step did, what the part depends on
    <part>/rows.parquet      uid, at, groups, split, field.<ECS name> ...: all that has inputs
    <part>/verdicts.parquet  place (of the row), value, analyst, at, reason, automated
    <part>/arrays.npz        what the deduplicator reads: digests, and signatures of the texts
    <part>/blobs/<sha256>    the bytes of images, each content once

What a part holds depends on its own incidents alone. Which of its rows a snapshot takes depends on
all parts, and is decided when the snapshot is made.
"""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from sftsec_core.dataset.dedup.batch import DedupBatch
from sftsec_core.dataset.snapshot import BLOBS, FIXED_COLUMNS, VERDICTS_SCHEMA, rows_schema
from sftsec_core.sdk.atomic import sync
from sftsec_core.store.vault import create_file, open_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sftsec_core.api.domain import Blob, InputKind
    from sftsec_core.store.vault import Vault

_FACTS, _ROWS, _VERDICTS, _ARRAYS = "part.json", "rows.parquet", "verdicts.parquet", "arrays.npz"
_BATCH_COLUMNS = ("uids", "records", "digests", "verdicts", "splits", "others")
_DECIDED = ("cluster", "digest")  # columns of a snapshot that its own build fills

VERDICT_COLUMNS = pa.schema(
    [pa.field("place", pa.int32(), nullable=False)]
    + [f for f in VERDICTS_SCHEMA if f.name not in ("uid", "digest")]
)


def part_schema(fields: Mapping[str, InputKind]) -> Any:  # noqa: ANN401 - pyarrow has no types
    """The Arrow schema of a part's rows: a snapshot's without what is decided later."""
    return pa.schema([f for f in rows_schema(fields) if f.name not in _DECIDED])


ROW_COLUMNS = tuple(name for name in FIXED_COLUMNS if name not in _DECIDED)


@dataclass(slots=True)
class PartFacts:
    """What a part says of itself.

    Attributes:
        connector: whose incidents they are; "" where all are from one.
        counts: read, rejected, dropped by steps and empty.
        steps: what each step did.
        rows: incidents that have inputs.
        proof: what else the part depends on, for the connector to check; "" for nothing.
    """

    connector: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    steps: dict[str, Counter[str]] = field(default_factory=dict)
    rows: int = 0
    proof: str = ""


class PartDraft:
    """A part that is being written; what an earlier process left of one is removed."""

    def __init__(self, folder: Path, vault: Vault | None) -> None:
        """Take an empty folder beside the part's place."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._folder = folder
        self._vault = vault

    def keep_blob(self, blob: Blob) -> str:
        """Write an image's bytes, unless they are there; return their digest."""
        target = self._folder / BLOBS / blob.sha256
        if not target.is_file():
            target.parent.mkdir(exist_ok=True)
            content = blob.read()
            with create_file(target, self._vault) as stream:
                stream.write(content)
            sync(target)
        return blob.sha256

    def publish(
        self,
        to: Path,
        facts: PartFacts,
        tables: tuple[Any, Any],
        arrays: Mapping[str, NDArray[Any]],
    ) -> None:
        """Write the rest and move the part to its place, for which an older one goes.

        Args:
            to: its place.
            facts: what it says of itself.
            tables: the rows and the verdicts, in Arrow.
            arrays: of `batch_arrays`.
        """
        for name, table in zip((_ROWS, _VERDICTS), tables, strict=True):
            with create_file(self._folder / name, self._vault) as stream:
                pq.write_table(table, stream, compression="zstd", compression_level=1)
        with create_file(self._folder / _ARRAYS, self._vault) as stream:
            np.savez(stream, **dict(arrays))  # type: ignore[arg-type]  # numpy's stub names its flag
        said = {
            "connector": facts.connector,
            "counts": dict(facts.counts),
            "steps": {name: dict(counts) for name, counts in facts.steps.items()},
            "rows": facts.rows,
            "proof": facts.proof,
        }
        (self._folder / _FACTS).write_bytes(orjson.dumps(said, option=orjson.OPT_SORT_KEYS))
        for path in (*self._folder.iterdir(), self._folder):
            sync(path)
        shutil.rmtree(to, ignore_errors=True)
        self._folder.replace(to)
        sync(to.parent)


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part on disk."""

    folder: Path
    facts: PartFacts
    vault: Vault | None = field(default=None, repr=False)

    def rows(self, columns: Sequence[str] | None = None) -> Any:  # noqa: ANN401 - pyarrow
        """The table of rows; None for all columns."""
        return self._table(_ROWS, columns)

    def verdicts(self) -> Any:  # noqa: ANN401 - pyarrow has no types
        """The table of verdicts."""
        return self._table(_VERDICTS, None)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What the deduplicator reads."""
        with (
            open_file(self.folder / _ARRAYS, self.vault) as stream,
            np.load(stream, allow_pickle=False) as arrays,
        ):
            return dict(arrays)

    def blob(self, name: str) -> Path:
        """Where an image lies."""
        return self.folder / BLOBS / name

    def _table(self, name: str, columns: Sequence[str] | None) -> Any:  # noqa: ANN401 - pyarrow
        with open_file(self.folder / name, self.vault) as stream, pq.ParquetFile(stream) as file:
            return file.read(columns=columns, use_threads=False)


def open_part(folder: Path, vault: Vault | None) -> StoredPart | None:
    """Open a part; None where there is none, or none that can be read."""
    try:
        said = orjson.loads((folder / _FACTS).read_bytes())
        steps = {name: Counter(counts) for name, counts in said["steps"].items()}
        counts = Counter(said["counts"])
        facts = PartFacts(said["connector"], counts, steps, said["rows"], said["proof"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return StoredPart(folder, facts, vault)


def batch_arrays(batch: DedupBatch, renamed: Sequence[bool]) -> dict[str, NDArray[Any]]:
    """A batch with the signatures of its texts, each content's once, as arrays.

    Args:
        batch: the rows.
        renamed: whether a row's uid looks like a name that we give (`row_uid`).
    """
    long = np.flatnonzero(batch.long)
    _, first, inverse = np.unique(batch.digests[long, 0], return_index=True, return_inverse=True)
    bands, compact = batch.sign(long[first])
    signature = np.full(len(batch), -1, np.int32)
    signature[long] = inverse
    found: dict[str, NDArray[Any]] = {name: getattr(batch, name) for name in _BATCH_COLUMNS}
    return found | {
        "signature": signature,
        "bands": bands,
        "compact": compact,
        "renamed": np.array(renamed, np.bool_),
    }


def join_batches(parts: Sequence[Mapping[str, NDArray[Any]]]) -> DedupBatch:
    """One batch of the rows of several parts, in their order, with their signatures."""
    begin, signatures = 0, []
    for part in parts:
        own = part["signature"].astype(np.int64)
        signatures.append(np.where(own < 0, -1, own + begin))
        begin += len(part["bands"])
    signature = np.concatenate(signatures)
    bands = np.concatenate([part["bands"] for part in parts])
    compact = np.concatenate([part["compact"] for part in parts])

    def sign(chosen: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        return bands[signature[chosen]], compact[signature[chosen]]

    columns = {name: np.concatenate([part[name] for part in parts]) for name in _BATCH_COLUMNS}
    return DedupBatch(**columns, long=signature >= 0, sign=sign)
