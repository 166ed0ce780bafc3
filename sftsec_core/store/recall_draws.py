"""Scored incidents that raised no alert and were drawn at random, to estimate the live recall.

Each is kept with the probability of its draw, for 90 days.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import case, delete, select

from sftsec_core.store.columns import clean_text
from sftsec_core.store.dialects import insert_into
from sftsec_core.store.tables import recall_draws

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from sftsec_core.store.database import Database

KEPT = timedelta(days=90)


class RecallDraws:
    """The draws of all tasks and models."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        task: str,
        connector: str,
        uids: Iterable[str],
        *,
        model: str,
        probability: float,
        joined: Connection | None = None,
    ) -> None:
        """Keep draws, and remove those made long ago.

        Whether an incident is drawn hangs on its uid alone, so that one which is scored again with
        a higher probability was drawn with that one.

        Args:
            task: the task.
            connector: where the incidents are from.
            uids: the incidents.
            model: digest of the model that raised no alert on them.
            probability: with which each was drawn.
            joined: a transaction to take part in.

        Raises:
            StoreError: when the database refuses.
        """
        now = self._database.clock()
        rows = [
            {
                "task": clean_text(task),
                "connector": connector,
                "incident_uid": uid,
                "model": model,
                "probability": probability,
                "drawn_at": now,
            }
            for uid in dict.fromkeys(map(clean_text, uids))
        ]
        if not rows:
            return
        with self._database.writing(joined) as connection:
            insert = insert_into(connection, recall_draws)
            new, old = insert.excluded["probability"], recall_draws.c.probability
            keys = ["task", "connector", "incident_uid", "model"]
            higher = {"probability": case((new > old, new), else_=old)}
            connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=higher), rows)
            connection.execute(delete(recall_draws).where(recall_draws.c.drawn_at < now - KEPT))

    def made(
        self, task: str, model: str, *, since: datetime, until: datetime
    ) -> list[tuple[str, str, float]]:
        """Return a model's draws: connector, uid of the incident and probability, oldest first.

        Args:
            task: the task's name.
            model: digest of the model.
            since: made at this time or later.
            until: made before this time.
        """
        table = recall_draws.c
        query = (
            select(table.connector, table.incident_uid, table.probability)
            .where(table.task == clean_text(task), table.model == model)
            .where(table.drawn_at >= since, table.drawn_at < until)
            .order_by(table.drawn_at, table.connector, table.incident_uid)
        )
        with self._database.reading() as connection:
            return [(row[0], row[1], row[2]) for row in connection.execute(query)]
