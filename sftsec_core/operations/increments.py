"""What a task's earlier pulls have left: their parts, and the snapshot that was made of them.

`increments/<task>/<key>` in the state folder holds cleaned parts; the key names all that shapes
one: fields, steps, renderer, plugins with their versions, connectors with their options, this
site's salt. Under another key nothing is taken over, and what lies under the old one goes.
"""

from __future__ import annotations

import hashlib
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import orjson

from sftsec_core.api.errors import DataError, NotFoundError
from sftsec_core.dataset.ingest import Earlier
from sftsec_core.dataset.journal import PartStore
from sftsec_core.operations.running import run_order
from sftsec_core.operations.show_dataset import newest_dataset
from sftsec_core.sdk.atomic import write_atomically
from sftsec_core.store.staging import try_locked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sftsec_core.api.domain import PullWindow
    from sftsec_core.dataset.snapshot import Snapshot
    from sftsec_core.operations.running import Run

FOLDER = "increments"
_LAST = "run"
_KEY_DIGITS = 32


@contextmanager
def earlier_pulls(
    run: Run, plan: str, reading: str, windows: Mapping[str, PullWindow], *, full: bool
) -> Iterator[Earlier | None]:
    """Lend what earlier pulls have left, to one run of the task at a time.

    Args:
        run: the run that pulls.
        plan: digest of the plan of its ingest.
        reading: digest of how incidents are read.
        windows: what is pulled of each connector.
        full: whether nothing of before may be taken.

    Yields:
        None where another run of the task is pulling: then this one pulls everything.
    """
    folder = run.context.folder / FOLDER / run.spec.name
    with try_locked(folder) as mine:
        if not mine:
            run.note("another run of the task is pulling: this one takes nothing of earlier pulls")
            yield None
            return
        parts = folder / _key(run, plan, reading, windows)
        if why := _why_not(run, parts, full=full):
            run.note(f"{why}: everything is pulled and cleaned again")
        if why or full or not parts.is_dir():
            _clear(folder)
        store = PartStore(parts)
        write_atomically(parts / _LAST, run.info.id.encode())
        yield Earlier(store, _snapshot(run))


def _key(run: Run, plan: str, reading: str, windows: Mapping[str, PullWindow]) -> str:
    order = run_order(run.context, "", run.spec.name).settings
    asked = {n: [list(w.fields), list(w.required), w.labelled] for n, w in windows.items()}
    said = [plan, reading, order["connectors"], list(run.task.connectors), asked]
    raw = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(raw).hexdigest()[:_KEY_DIGITS]


def _why_not(run: Run, parts: Path, *, full: bool) -> str:
    """Why nothing of earlier pulls is taken, where there were some."""
    if full or not any(path.is_dir() for path in parts.parent.iterdir()):
        return ""
    if not parts.is_dir():
        return "the task, its connectors or plugins have changed since the last pull"
    try:
        run.context.store.runs.get((parts / _LAST).read_text("ascii"))
    except (OSError, ValueError, NotFoundError):
        return "the database does not know the run that pulled last"
    return ""


def _clear(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)


def _snapshot(run: Run) -> Snapshot | None:
    try:
        return newest_dataset(run.context, run.spec.name)
    except DataError:
        return None
