"""The log of a run that a worker carried out."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import NotFoundError
from sftsec_core.operations.authorize import authorize
from sftsec_core.store.run_rows import ENDED
from sftsec_core.store.runs import LOG

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sftsec_core.operations.context import Context

_LOOK_EVERY_S = 0.5


def run_logs(
    context: Context, run: str, *, follow: bool = False, every_s: float = _LOOK_EVERY_S
) -> Iterator[dict[str, Any]]:
    """Yield the lines of a run's log: events, an error, or text that something printed.

    Args:
        context: settings, store, registry, actor and event stream.
        run: its id, or the beginning of it.
        follow: wait for more until the run has ended.
        every_s: seconds between two looks.

    Raises:
        NotFoundError: when there is no such run, or it has no log: no worker carried it out.
    """
    authorize(context.actor, Permission.READ)
    return _lines(context, context.store.runs.get(run).id, follow=follow, every_s=every_s)


def _lines(context: Context, run: str, *, follow: bool, every_s: float) -> Iterator[dict[str, Any]]:
    position, rest = 0, b""
    while True:
        info = context.store.runs.get(run)
        ended = info.status in ENDED
        # A run that is taken over moves its folder: the name is asked for each time.
        found = _read(info.folder / LOG, position)
        if found is None and not follow:
            raise NotFoundError("log of run", run, ())
        more = found or b""
        position += len(more)
        *whole, rest = (rest + more).split(b"\n")
        yield from (_line(each) for each in whole if each)
        if not follow or (ended and not more):
            break
        if not more:
            time.sleep(every_s)
    if rest:
        yield _line(rest)


def _read(file: Path, position: int) -> bytes | None:
    try:
        with file.open("rb") as log:
            log.seek(position)
            return log.read()
    except FileNotFoundError:
        return None


def _line(line: bytes) -> dict[str, Any]:
    text = line.decode("utf-8", errors="replace")
    try:
        values = json.loads(text)
    except ValueError:
        return {"text": text}
    return values if isinstance(values, dict) else {"text": text}
