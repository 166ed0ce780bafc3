"""What the incidents held on which a verdict was pulled.

An incident can go on under its name with other content, such as a network flow in which a second
attack follows. What was judged is therefore named by the incident's uid and the digest of what a
model read of it. Two tasks may read one incident in two ways: a digest belongs to a reading.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy import select

from sftsec_core.store.columns import by_stored_text, clean_text
from sftsec_core.store.dialects import insert_new
from sftsec_core.store.tables import judged_inputs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sftsec_core.store.database import Database

_BATCH = 10_000
_UIDS_PER_QUERY = 500


class JudgedInputs:
    """The judged contents of all connectors; one that is seen again changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, connector: str, reading: str, judged: Iterable[tuple[str, str]]) -> None:
        """Keep what judged incidents held.

        Args:
            connector: the connector's name in the configuration.
            reading: how they were read: `dataset.reading.reading_digest`.
            judged: an incident's uid and the `inputs_digest` of what was read of it.

        Raises:
            StoreError: when the database refuses.
        """
        origin = {"connector": connector, "reading": reading}
        rows = (
            {**origin, "incident_uid": clean_text(uid), "inputs_digest": digest}
            for uid, digest in judged
        )
        while batch := list(islice(rows, _BATCH)):
            with self._database.writing() as connection:
                insert_new(connection, judged_inputs, batch)

    def changed(
        self, connector: str, reading: str, judged: Sequence[tuple[str, str]]
    ) -> frozenset[str]:
        """Return the uids of incidents that hold something else than what was judged before.

        One of which nothing is known under this reading is not among them.

        Args:
            connector: the connector's name in the configuration.
            reading: how they were read.
            judged: as for `add`, before they are added.
        """
        known = self.of(connector, reading, list(dict.fromkeys(uid for uid, _ in judged)))
        return frozenset(uid for uid, digest in judged if digest not in known.get(uid, {digest}))

    def of(self, connector: str, reading: str, uids: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Return what of these incidents was judged, an incident's uid to digests.

        Those of which nothing is known under this reading are left out.
        """
        names = by_stored_text(uids)
        wanted, found = list(names), defaultdict[str, set[str]](set)
        with self._database.reading() as connection:
            for start in range(0, len(wanted), _UIDS_PER_QUERY):
                query = select(judged_inputs.c.incident_uid, judged_inputs.c.inputs_digest).where(
                    judged_inputs.c.connector == connector,
                    judged_inputs.c.incident_uid.in_(wanted[start : start + _UIDS_PER_QUERY]),
                    judged_inputs.c.reading == reading,
                )
                for uid, digest in connection.execute(query):
                    for given in names[uid]:
                        found[given].add(digest)
        return {uid: frozenset(digests) for uid, digests in found.items()}
