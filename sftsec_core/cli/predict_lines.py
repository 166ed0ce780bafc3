"""`sftsec predict TASK - --lines`: a line of JSON for each line that is read, block by block."""

from __future__ import annotations

import json
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

from sftsec_core.api.errors import DataError
from sftsec_core.cli.predict import read_record
from sftsec_core.operations.predict import predict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sftsec_core.api.domain import TaskSpec
    from sftsec_core.operations.context import Context

BLOCK = 2_000  # records that are in memory at a time
_SHOWN = ("label", "probability", "threshold", "decision")
Given = tuple[int, "dict[str, Any] | str"]


def print_lines(context: Context, spec: TaskSpec, stdin: IO[bytes], out: IO[str]) -> None:
    """Write what the live model says of each line, in their order.

    A line gives {"model", "label", "probability", "threshold", "decision"}, or {"error"} where it
    cannot be read or holds nothing that the model reads.

    Args:
        context: settings, store, registry, actor and event stream.
        spec: the task.
        stdin: a text or a JSON object a line; lines without either are an error each.
        out: where it is written, a block at a time.

    Raises:
        SftsecError: as `predict` does, but for its `DataError`.
    """
    lines = enumerate(stdin, start=1)
    while block := list(islice(lines, BLOCK)):
        given = [_given(spec, line, number) for number, line in block]
        for found in _answers(context, spec.name, given):
            out.write(json.dumps(found) + "\n")
        out.flush()


def _given(spec: TaskSpec, line: bytes, number: int) -> dict[str, Any] | str:
    """The fields of a line, or why there are none."""
    text = line.decode("utf-8", "replace").strip()
    try:
        return read_record(spec, text, number) if text else "the line is empty"
    except DataError as error:
        return str(error)


def _answers(
    context: Context, task: str, given: Sequence[dict[str, Any] | str]
) -> Iterator[dict[str, Any]]:
    records = [each for each in given if not isinstance(each, str)]
    answers = iter(list(_predicted(context, task, records)))
    for each in given:
        yield {"error": each} if isinstance(each, str) else next(answers)


def _predicted(
    context: Context, task: str, records: Sequence[dict[str, Any]]
) -> Iterable[dict[str, Any]]:
    """Predict all at once; where one of them cannot be, half of them, until it is alone."""
    if not records:
        return []
    try:
        model, found = predict(context, task, records)
    except DataError as error:
        if len(records) == 1:
            reason = str(error).removeprefix("record 1: ").removeprefix("record 1 has ")
            return [{"error": reason}]
        half = len(records) // 2
        parts = (records[:half], records[half:])
        return [each for part in parts for each in _predicted(context, task, part)]
    return [{"model": model, **{name: getattr(each, name) for name in _SHOWN}} for each in found]
