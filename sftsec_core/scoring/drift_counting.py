"""Count a page's events into the windows that drift is read from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.drift.sketch import Rows, Sketch

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from sftsec_core.scoring.scorer import Scorer
    from sftsec_core.store.store import Store


def count_for_drift(
    store: Store, task: str, scorer: Scorer, rows: Rows | None, connection: Connection
) -> None:
    """Put events into the model's open window, and begin others where it is full.

    Args:
        store: holds the windows.
        task: the task's name.
        scorer: what scored them.
        rows: the events; None where nothing counts them.
        connection: the transaction that records the page.

    Raises:
        StoreError: when the database refuses.
    """
    if scorer.drift is None or rows is None or not len(rows):
        return
    windows, model = store.drift_windows, scorer.model_digest
    begun = windows.open_window(task, model, connection)
    known = None if begun is None else Sketch.from_json(begun.sketch)
    filled = []
    for sketch in scorer.drift.fill(known, rows):
        full = sketch.events >= scorer.drift.length
        filled.append((sketch.to_json(is_open=not full), full))
    windows.write(task, model, filled, begun, connection)
