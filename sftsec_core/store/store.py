"""The state store: one object for each noun, over one database.

    with Store.open(None, folder=Path(".sftsec")) as store:
        store.verdicts.add("mail", incidents, run_id=run.id)
        for run in store.runs.list("phishing"):
            ...

Each method is one short transaction. To make several one, open `store.writing()` and hand the
connection to each; the audit log comes last, since a process that appends to it makes others wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.store import dialects
from sftsec_core.store.approvals import Approvals
from sftsec_core.store.audit import AuditLog
from sftsec_core.store.columns import utc_now
from sftsec_core.store.context_states import ContextStates
from sftsec_core.store.copies import Copies
from sftsec_core.store.cursors import Cursors
from sftsec_core.store.database import Database
from sftsec_core.store.drift_windows import DriftWindows
from sftsec_core.store.erasures import Erasures
from sftsec_core.store.figures import Figures
from sftsec_core.store.folders import Folders
from sftsec_core.store.gpu_leases import GpuLeases
from sftsec_core.store.health import Health
from sftsec_core.store.judged_inputs import JudgedInputs
from sftsec_core.store.label_requests import LabelRequests
from sftsec_core.store.leases import LEASE
from sftsec_core.store.models import Models
from sftsec_core.store.moving import Moving
from sftsec_core.store.notices import Notices
from sftsec_core.store.outbox import Outbox
from sftsec_core.store.outbox_rows import pack_outbox
from sftsec_core.store.pruning import Pruning
from sftsec_core.store.quarantine import Quarantine
from sftsec_core.store.recall_draws import RecallDraws
from sftsec_core.store.refusals import Refusals
from sftsec_core.store.reseal import seal_rows
from sftsec_core.store.run_queue import RunQueue
from sftsec_core.store.runs import Runs
from sftsec_core.store.schedules import Schedules
from sftsec_core.store.snapshots import Snapshots
from sftsec_core.store.tokens import AccessTokens
from sftsec_core.store.verdict_chain import VerdictChain
from sftsec_core.store.verdicts import Verdicts
from sftsec_core.store.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime, timedelta
    from pathlib import Path

    from sqlalchemy import Connection

    from sftsec_core.store.vault import Vault

DATABASE_FILE = "sftsec.db"


def url_of(url: str | None, folder: Path) -> str:
    """Return the URL of a store: the one given, or that of the file in the state folder."""
    return url or f"sqlite:///{folder.absolute() / DATABASE_FILE}"


class Store:
    """sftsec's state in a database; threads and processes may share it.

    Attributes:
        approvals: of models, by people.
        audit: who did what.
        copies: the store's rows in a file.
        health: how the database is.
        context_states: what scoring knows of earlier events.
        cursors: how far scoring has come.
        drift_windows: what was scored, as counts.
        erasures: incidents that were forgotten.
        figures: what is watched over time.
        gpu_leases: which run may compute on which GPU.
        label_requests: incidents that analysts were asked about.
        models: registered models and their aliases.
        moving: moves the store to another database.
        notices: what was told to whom.
        outbox: detections on their way to a SIEM.
        pruning: removes rows that nothing needs any more.
        queue: runs that wait for a worker.
        quarantine: records that could not be used.
        recall_draws: incidents without an alert that were drawn at random.
        refusals: what actors were not permitted to do, in the audit log and counted.
        runs: attempts at a task.
        schedules: what runs when, and what came of it.
        snapshots: data sets that were built.
        tokens: who may act with which roles, by their hashes.
        verdict_chain: seals what analysts said.
        verdicts: what analysts said, with where it came from.
        workers: the processes that claim runs.
    """

    def __init__(
        self, database: Database, folder: Path, actor: str | None, lease: timedelta
    ) -> None:
        self._database = database
        folders = Folders(folder)
        self.audit = AuditLog(database, actor)
        self.approvals = Approvals(database, self.audit)
        self.context_states = ContextStates(database)
        self.cursors = Cursors(database)
        self.drift_windows = DriftWindows(database)
        self.figures = Figures(database)
        self.gpu_leases = GpuLeases(database, self.audit)
        self.copies = Copies(database, self.audit)
        self.health = Health(database)
        self.label_requests = LabelRequests(database)
        self.judged_inputs = JudgedInputs(database)
        self.models = Models(database, folders, self.audit)
        self.moving = Moving(database, self.audit)
        self.notices = Notices(database)
        self.outbox = Outbox(database)
        self.pruning = Pruning(database, folders, self.audit)
        self.quarantine = Quarantine(database)
        self.recall_draws = RecallDraws(database)
        self.refusals = Refusals(database, self.audit)
        self.queue = RunQueue(database, folders, lease)
        self.runs = Runs(database, folders, lease)
        self.schedules = Schedules(database)
        self.snapshots = Snapshots(database, folders)
        self.tokens = AccessTokens(database, self.audit)
        self.verdict_chain = VerdictChain(database)
        self.erasures = Erasures(database, self.audit, self.verdict_chain)
        self.verdicts = Verdicts(database, self.verdict_chain)
        self.workers = Workers(database, lease)

    @classmethod
    def open(
        cls,
        url: str | None,
        *,
        folder: Path,
        actor: str | None = None,
        lease: timedelta = LEASE,
        clock: Callable[[], datetime] = utc_now,
        vault: Vault | None = None,
        even_moved: bool = False,
    ) -> Store:
        """Open a store, creating or migrating it as needed.

        Args:
            url: an SQLAlchemy URL (sqlite, postgresql); None for `sftsec.db` in the folder.
            folder: the state folder; what lies in it is stored relative to it.
            actor: who stands in the audit log; without one, what is audited is refused.
            lease: how long a run counts as alive after its last heartbeat.
            clock: gives the present moment (UTC).
            vault: the keys of an encrypted state; without them what is encrypted is refused.
            even_moved: open a store that was moved, or that a move has not finished, too.

        Raises:
            StoreMovedError: when it was moved to another place.
            StoreError: when it cannot be opened, or a newer sftsec wrote it.
        """
        folder = folder.absolute()
        place = dialects.read_url(url_of(url, folder))
        database = Database(place, clock, vault, even_moved=even_moved)
        return cls(database, folder, actor, lease)

    def writing(self) -> AbstractContextManager[Connection]:
        """Open a transaction for several writes that must happen together or not at all.

        Raises:
            StoreError: for whatever the database raises.
        """
        return self._database.writing()

    def use_vault(self, vault: Vault) -> None:
        """Encrypt with other keys from now on."""
        self._database.use_vault(vault)

    def seal_rows(self) -> int:
        """Encrypt all rows that can be with the current key, and return how many they are.

        Raises:
            StoreError: when the database refuses.
            IntegrityError: when a text cannot be decrypted.
        """
        return seal_rows(self._database)

    def pack_outbox(self) -> int:
        """Pack detections as earlier versions wrote them, and return how many there were.

        Raises:
            StoreError: when the database refuses.
            IntegrityError: when one cannot be read.
        """
        return pack_outbox(self._database)

    def close(self) -> None:
        """Let go of all connections; may be called twice."""
        self._database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Store({dialects.hidden(self._database.url)})"
