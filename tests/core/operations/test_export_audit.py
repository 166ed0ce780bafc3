"""The audit log is copied to a connector: each entry once, after it was verified."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from sftsec_core.api.domain import AuditEntry, PushReceipt
from sftsec_core.api.errors import ConnectorError, IntegrityError
from sftsec_core.operations.export_audit import export_audit
from sftsec_core.testing import MemoryConnector, MemorySource
from tests.core.operations.memory_site import MemoryPlugin, memory_context


class KeepsLog(MemoryConnector):
    """Keeps entries by number, and rejects those of one action."""

    def __init__(self) -> None:
        super().__init__(MemorySource())
        self.kept: dict[int, AuditEntry] = {}

    def push_audit(self, entries: Sequence[AuditEntry]) -> PushReceipt:
        rejected = [(str(e.seq), "its action is odd") for e in entries if e.action == "odd"]
        new = [e for e in entries if e.seq not in self.kept and e.action != "odd"]
        known = [str(e.seq) for e in entries if e.seq in self.kept]
        self.kept |= {e.seq: e for e in new}
        return PushReceipt([str(e.seq) for e in new], known, rejected)


@pytest.fixture
def siem() -> KeepsLog:
    return KeepsLog()


class TestExportAudit:
    def test_copies_only_new_entries(self, tmp_path: Path, siem: KeepsLog) -> None:
        with memory_context(tmp_path, MemoryPlugin(lambda: siem)) as context:
            log = context.store.audit
            for number in range(1100):
                log.append("thing.done", "object", {"number": number})
            done = export_audit(context, "siem")
            assert (done.seq, done.written, done.duplicates) == (1100, 1100, 0)
            assert list(siem.kept.values()) == list(log.after(0, 2000))
            log.append("thing.done", "object", {})
            again = export_audit(context, "siem")
            assert (again.seq, again.written) == (1101, 1)
            assert export_audit(context, "siem").written == 0

    def test_counts_what_is_there_already(self, tmp_path: Path, siem: KeepsLog) -> None:
        """As after a kill between the push and the cursor."""
        with memory_context(tmp_path, MemoryPlugin(lambda: siem)) as context:
            context.store.audit.append("thing.done", "object", {})
            siem.push_audit(context.store.audit.after(0, 9))
            done = export_audit(context, "siem")
            assert (done.seq, done.written, done.duplicates) == (1, 0, 1)

    def test_rejected_entry_is_sent_again(self, tmp_path: Path, siem: KeepsLog) -> None:
        with memory_context(tmp_path, MemoryPlugin(lambda: siem)) as context:
            context.store.audit.append("odd", "object", {})
            for _ in range(2):
                with pytest.raises(ConnectorError, match="an entry was rejected: its action"):
                    export_audit(context, "siem")

    def test_changed_log_is_not_sent(self, tmp_path: Path, siem: KeepsLog) -> None:
        with memory_context(tmp_path, MemoryPlugin(lambda: siem)) as context:
            context.store.audit.append("thing.done", "object", {})
            with sqlite3.connect(context.folder / "sftsec.db") as database:
                database.execute("UPDATE audit SET actor = 'mallory'")
            database.close()
            with pytest.raises(IntegrityError):
                export_audit(context, "siem")
        assert siem.kept == {}

    def test_needs_a_connector_with_a_log(self, tmp_path: Path) -> None:
        plugin = MemoryPlugin(lambda: MemoryConnector(MemorySource()))
        with (
            memory_context(tmp_path, plugin) as context,
            pytest.raises(ConnectorError, match="keeps no audit log"),
        ):
            export_audit(context, "siem")
