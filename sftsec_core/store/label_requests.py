"""Requests for verdicts that were put to a platform, until a verdict on the incident is pulled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, func, select

from sftsec_core.store.columns import clean_text
from sftsec_core.store.dialects import insert_into
from sftsec_core.store.tables import label_requests, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from sftsec_core.store.database import Database

_JUDGED = exists().where(
    verdicts.c.connector == label_requests.c.connector,
    verdicts.c.incident_uid == label_requests.c.incident_uid,
    # One that was there before is on what the incident held then.
    verdicts.c.pulled_at >= label_requests.c.requested_at,
)


class LabelRequests:
    """The requests of all tasks; an incident is in a task's once, as it was requested last."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        task: str,
        connector: str,
        uids: Iterable[str],
        *,
        model: str,
        joined: Connection | None = None,
    ) -> None:
        """Keep requests; one that is repeated waits for a verdict from now on.

        Args:
            task: the task that asks.
            connector: the platform whose analysts are asked.
            uids: the incidents.
            model: digest of the model that is uncertain of them.
            joined: a transaction to take part in.

        Raises:
            StoreError: when the database refuses.
        """
        now = self._database.clock()
        rows = [
            {
                "task": task,
                "connector": connector,
                "incident_uid": uid,
                "model": model,
                "requested_at": now,
            }
            for uid in dict.fromkeys(map(clean_text, uids))
        ]
        if not rows:
            return
        with self._database.writing(joined) as connection:
            insert = insert_into(connection, label_requests)
            again = {name: insert.excluded[name] for name in ("model", "requested_at")}
            keys = ["task", "connector", "incident_uid"]
            connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=again), rows)

    def waiting(self, task: str, connector: str) -> int:
        """Return how many incidents were requested and have no verdict that was pulled."""
        mine = (label_requests.c.task == task, label_requests.c.connector == connector)
        query = select(func.count()).select_from(label_requests).where(*mine, ~_JUDGED)
        with self._database.reading() as connection:
            return connection.execute(query).scalar_one()

    def judged(self, task: str, connector: str) -> list[str]:
        """Return the requested incidents that a verdict was pulled on since."""
        mine = (label_requests.c.task == task, label_requests.c.connector == connector)
        query = select(label_requests.c.incident_uid).where(*mine, _JUDGED)
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def waiting_models(self) -> frozenset[str]:
        """Return the digests of the models whose requests wait for a verdict."""
        query = select(label_requests.c.model).distinct().where(~_JUDGED)
        with self._database.reading() as connection:
            return frozenset(connection.execute(query).scalars())
