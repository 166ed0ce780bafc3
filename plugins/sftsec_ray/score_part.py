"""Score one part of an input on a node: what `sftsec predict TASK - --lines` says, as Parquet.

That command cleans, redacts, scores and decides as `sftsec score` does, with the live model, whose
files it compares with their digests.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sftsec_core.api import DataError, TrainingError
from sftsec_core.sdk.atomic import write_atomically
from sftsec_ray.score_parts import ScorePart, note_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_BATCH = 2_000  # answers that are in memory at a time
_ANSWER = ("label", "probability", "threshold", "decision", "error")


@dataclass(frozen=True, slots=True)
class ScoreOrder:
    """What is the same for all parts.

    Attributes:
        config: the path of sftsec.yaml, on each node.
        task: its name.
        output: the folder of the results, which all nodes see.
        model: the digest of the live model; another one is an error.
        identifier: the field that names a record; None: its position alone.
    """

    config: str
    task: str
    output: str
    model: str
    identifier: str | None = None


def score_part(part: ScorePart, order: ScoreOrder) -> dict[str, Any]:
    """Score a part and leave `part-N.parquet` and, written last, `_part-N.json` in the folder.

    Returns:
        What _part-N.json holds: "part", "model", "rows", "errors", "seconds", "sha256", "host".

    Raises:
        DataError: when another model is live meanwhile, or the input has changed.
        TrainingError: when the command fails.
    """
    started = time.monotonic()
    folder = Path(order.output)
    _require_unchanged(part)
    draft = folder / f".{part.name}.{os.uname().nodename}.{os.getpid()}"
    try:
        rows, errors = _score(part, order, draft)
        with draft.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            os.fsync(stream.fileno())
        draft.replace(folder / f"{part.name}.parquet")
    finally:
        draft.unlink(missing_ok=True)
    known = {
        "part": part.to_json(),
        "model": order.model,
        "rows": rows,
        "errors": errors,
        "seconds": time.monotonic() - started,
        "sha256": digest,
        "host": os.uname().nodename,
    }
    write_atomically(note_of(folder, part), json.dumps(known).encode())
    return known


def _require_unchanged(part: ScorePart) -> None:
    try:
        known = Path(part.file).stat()
    except OSError as error:
        raise DataError(f"{part.file}: this node cannot read it: {error}") from error
    if (known.st_size, known.st_mtime_ns) != (part.size, part.changed):
        raise DataError(f"{part.file} has changed meanwhile, or is another file on this node")


def _score(part: ScorePart, order: ScoreOrder, draft: Path) -> tuple[int, int]:
    """Write the answers of a part to a file; how many, and how many are errors."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = [(name, pa.string()) for name in ("file", "id", "label", "decision", "error")]
    figures = [("position", pa.int64()), ("probability", pa.float64()), ("threshold", pa.float64())]
    schema = pa.schema([*texts, *figures])
    rows = errors = 0
    with pq.ParquetWriter(draft, schema) as writer:
        answers = _answers(part, order)
        while batch := list(islice(answers, _BATCH)):
            rows += len(batch)
            errors += sum(each["error"] is not None for each in batch)
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))
    return rows, errors


def _answers(part: ScorePart, order: ScoreOrder) -> Iterator[dict[str, Any]]:
    """The rows of a part's result, as the command gives them."""
    program = Path(sys.executable).with_name("sftsec")
    command = [str(program), "-c", order.config, "predict", order.task, "-", "--lines"]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said
        ) as process,
    ):
        assert process.stdin is not None and process.stdout is not None  # noqa: PT018, S101 - both were asked for
        keys: list[tuple[int, str | None]] = []
        feeder = threading.Thread(
            target=_feed, args=(part, order.identifier, process.stdin, keys), daemon=True
        )
        feeder.start()
        try:
            for number, line in enumerate(process.stdout):
                yield _row(json.loads(line), part, keys[number], order.model)
                keys[number] = (0, None)  # the text is not needed any more
        except BaseException:
            process.kill()
            raise
        feeder.join()
        if process.wait():
            said.seek(0)
            text = said.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
            text = text.removeprefix("sftsec: ")
            raise TrainingError(f"sftsec predict failed on {os.uname().nodename}: {text}")


def _row(
    answer: dict[str, Any], part: ScorePart, key: tuple[int, str | None], model: str
) -> dict[str, Any]:
    if answer.get("model", model) != model:
        raise DataError("another model went live meanwhile: run the same command again")
    found = {name: answer.get(name) for name in _ANSWER}
    return {"file": Path(part.file).name, "position": key[0], "id": key[1], **found}


def _feed(
    part: ScorePart, identifier: str | None, pipe: IO[bytes], keys: list[tuple[int, str | None]]
) -> None:
    """Write the records of a part to the command, a line each, and remember which they were."""
    with suppress(BrokenPipeError), pipe:
        for position, line in _rows_of(part):
            keys.append((position, _identifier(line, identifier)))
            pipe.write(line if line.endswith(b"\n") else line + b"\n")


def _rows_of(part: ScorePart) -> Iterator[tuple[int, bytes]]:
    """Where each record begins (byte, or row of its file), and the record as a line."""
    if part.is_parquet:
        yield from _parquet_rows(part)
        return
    with Path(part.file).open("rb") as stream:
        stream.seek(part.start)
        while (at := stream.tell()) < part.stop:
            yield at, stream.readline()


def _parquet_rows(part: ScorePart) -> Iterator[tuple[int, bytes]]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(part.file) as table:
        at = sum(table.metadata.row_group(n).num_rows for n in range(part.start))
        groups = list(range(part.start, part.stop))
        for batch in table.iter_batches(_BATCH, row_groups=groups):
            for row in batch.to_pylist():
                yield at, json.dumps(row, default=str).encode()
                at += 1


def _identifier(line: bytes, name: str | None) -> str | None:
    if name is None:
        return None
    try:
        values = json.loads(line)
    except ValueError:
        return None
    for step in (name, *name.split(".")) if isinstance(values, dict) else ():
        if step == name and name in values:
            return str(values[name])
        if isinstance(values, dict) and step in values:
            values = values[step]
    return None if isinstance(values, dict) else str(values)
