"""The site of `bench store`: a task with a live model, and a data set of any size.

The live model comes from a retraining on the small set of `bench kills`. The large data set is
written by the ingest's own writer, chunk by chunk, without the pull, which `bench ingest` measures.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import yaml

from sftsec_core.api.domain import InputKind
from sftsec_core.bench.kills_site import LABELS, TASK, make_site

if TYPE_CHECKING:
    from pathlib import Path

    from sftsec_core.dataset.snapshot import Snapshot
    from sftsec_core.operations.context import Context

SIEM = "incidents"
START = datetime(2026, 1, 1, tzinfo=UTC)
_CHUNK = 65_536
_ANALYSTS = 20


def config_of(folder: Path) -> Path:
    """The configuration of the site in a folder."""
    return folder / "site" / "sftsec.yaml"


@contextmanager
def store_site(folder: Path, url: str | None = None) -> Iterator[Context]:
    """Make a site in an empty folder, and retrain its task.

    Args:
        folder: where it lies, with its state.
        url: of an empty PostgreSQL database for the state; None for SQLite in the folder.
    """
    from sftsec_core.operations.authorize import local_admin
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.retrain import retrain

    file = config_of(folder)
    make_site(file.parent, "linear")
    settings = yaml.safe_load(file.read_text("utf-8"))
    if url is not None:
        secret = file.with_name("store.url")
        secret.touch(mode=0o600)
        secret.write_text(url, "utf-8")
        settings["state"]["url"] = "file:store.url"
    file.write_text(json.dumps(settings), "utf-8")
    with Context.open(file, actor=local_admin("bench")) as context:
        retrain(context, TASK)
        yield context


def add_dataset(context: Context, rows: int) -> Snapshot:
    """Make a data set of this many incidents the task's newest.

    One in ten has two verdicts; of these, one in ten is disputed. One in a hundred is
    undetermined, one in a thousand has a word that no label lists.
    """
    from sftsec_core.dataset.snapshot import open_snapshot
    from sftsec_core.dataset.writing import SnapshotWriter

    small = context.store.snapshots.latest(TASK)
    if small is None:
        raise RuntimeError("the site has no data set")
    known = open_snapshot(small.folder, verify=False)
    work = context.folder / "bench"
    work.mkdir()
    writer = SnapshotWriter(work, known.fields, None, None)
    counts = dict.fromkeys(known.counts, 0) | {"read": rows, "kept": rows}
    left_out = {"digest", "parts", "content", "schema_version"}
    manifest = {name: said for name, said in known.manifest.items() if name not in left_out}
    parts = (_MadePart(range(start, min(start + _CHUNK, rows))) for start in range(0, rows, _CHUNK))
    digest = writer.write(parts, manifest | {"counts": counts})
    target = writer.publish(known.folder.parent, digest)
    work.rmdir()
    found = open_snapshot(target, verify=False)
    context.store.snapshots.add(TASK, found.digest, target, rows=rows, manifest=found.manifest)
    return found


class _MadePart:
    """Consecutive incidents, as a snapshot's writer takes them."""

    def __init__(self, incidents: range) -> None:
        self._incidents = incidents

    def rows(self) -> Any:  # noqa: ANN401 - pyarrow has no types
        """Distinct messages, each in a cluster of its own."""
        import pyarrow as pa

        from sftsec_core.dataset.snapshot import rows_schema

        incidents = self._incidents
        columns: dict[str, list[Any]] = {
            "uid": [uid_of(n) for n in incidents],
            "cluster": list(incidents),
            "digest": [f"{n:032x}" for n in incidents],
            "at": [START + timedelta(seconds=n) for n in incidents],
            "groups": [[] for _ in incidents],
            "split": [None for _ in incidents],
            "field.message": [_message(n) for n in incidents],
        }
        return pa.table(columns, schema=rows_schema({"message": InputKind.TEXT}))

    def verdicts(self) -> Any:  # noqa: ANN401 - pyarrow has no types
        """As `add_dataset` says."""
        import pyarrow as pa

        from sftsec_core.dataset.snapshot import VERDICTS_SCHEMA

        given = [verdict for n in self._incidents for verdict in _verdicts(n)]
        columns = dict(zip(VERDICTS_SCHEMA.names, zip(*given, strict=True), strict=True))
        return pa.table(columns, schema=VERDICTS_SCHEMA)

    def blob(self, digest: str) -> Path:
        """There are no images."""
        raise LookupError(digest)


def uid_of(number: int) -> str:
    """The incident of a number."""
    return f"incident-{number:09d}"


def _message(number: int) -> str:
    draw = Random(number)  # noqa: S311 - a benchmark's data, no secret
    told = "curl evil host" if number % 5 == 0 else "list files"
    return f"{told} report user {draw.randrange(3000)} session {number} {draw.randbytes(12).hex()}"


def _verdicts(number: int) -> Iterator[tuple[Any, ...]]:
    told = LABELS[number % 5 == 0]
    if number % 1000 == 7:
        told = "no idea"
    elif number % 100 == 3:
        told = "undetermined"
    at = START + timedelta(seconds=number)
    digest, uid = f"{number:032x}", uid_of(number)
    yield (uid, digest, told, f"analyst {number % _ANALYSTS}", at, None, False)
    if number % 10 == 5:
        other = LABELS[number % 5 != 0] if number % 100 == 5 else told
        yield (uid, digest, other, f"analyst {(number + 1) % _ANALYSTS}", at, None, False)
