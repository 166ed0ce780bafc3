"""The audit log is copied to a connector: each entry once, after it was verified."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from sftsec_core.api.domain import Incident, Verdict
from sftsec_core.api.errors import ConnectorError, IntegrityError
from sftsec_core.operations.context import Context
from sftsec_core.operations.export_audit import export_audit
from sftsec_core.store.tables import verdict_chain, verdict_head, verdicts
from sftsec_core.testing import MemoryConnector, MemorySource
from tests.core.operations.audit_sites import KeepsLog, ReadsLog, cut, forget_cursors, rewrite
from tests.core.operations.memory_site import MemoryPlugin, memory_context


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


@pytest.fixture(params=[KeepsLog, ReadsLog], ids=["by the cursor", "by the copy"])
def copied(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Context, KeepsLog]]:
    """A log of six entries that was copied, to a connector that can be asked for it or not."""
    siem = request.param()
    with memory_context(tmp_path, MemoryPlugin(lambda: siem)) as context:
        for number in range(6):
            context.store.audit.append("thing.done", f"object {number}", {"number": number})
        export_audit(context, "siem")
        # One of the two says by itself that something is wrong.
        if isinstance(siem, ReadsLog):
            forget_cursors(context.store)
        yield context, siem


class TestForgedLog:
    """Its chain is whole and its head agrees: `verify` alone finds nothing."""

    def refusal(self, copied: tuple[Context, KeepsLog]) -> str:
        context, siem = copied
        before = dict(siem.kept)
        assert context.store.audit.verify() == context.store.audit.head()[0]
        with pytest.raises(IntegrityError) as caught:
            export_audit(context, "siem")
        assert siem.kept == before
        return str(caught.value)

    def test_rewritten_entry_is_not_copied(self, copied: tuple[Context, KeepsLog]) -> None:
        rewrite(copied[0].store, 3, object="something else")
        said = self.refusal(copied)
        assert "entry 6 was copied to 'siem' with hash" in said
        assert "; here it has" in said

    def test_cut_tail_is_not_copied(self, copied: tuple[Context, KeepsLog]) -> None:
        cut(copied[0].store, 4)
        said = self.refusal(copied)
        assert "entry 6 was copied to 'siem'" in said
        assert "the log here ends before it" in said

    def test_other_tail_is_not_copied(self, copied: tuple[Context, KeepsLog]) -> None:
        cut(copied[0].store, 5)
        for _ in range(3):
            copied[0].store.audit.append("thing.done", "another", {})
        assert "entry 6 was copied to 'siem'" in self.refusal(copied)

    def test_honest_log_is_copied_on(self, copied: tuple[Context, KeepsLog]) -> None:
        context, siem = copied
        context.store.audit.append("thing.done", "seventh", {})
        assert export_audit(context, "siem").written == 1
        assert len(siem.kept) == 7


class TestAuditCursor:
    def test_of_an_older_version_goes_on(self, tmp_path: Path, siem: KeepsLog) -> None:
        with memory_context(tmp_path, MemoryPlugin(lambda: siem)) as context:
            for _ in range(2):
                context.store.audit.append("thing.done", "object", {})
                export_audit(context, "siem")
                forget_cursors(context.store, "1")
            assert export_audit(context, "siem").duplicates == 1

    def test_of_an_emptied_log_refuses(self, tmp_path: Path, siem: KeepsLog) -> None:
        with memory_context(tmp_path, MemoryPlugin(lambda: siem)) as context:
            context.store.audit.append("thing.done", "object", {})
            export_audit(context, "siem")
            cut(context.store, 0)
            with pytest.raises(IntegrityError, match="the log here ends before it"):
                export_audit(context, "siem")

    def test_that_is_none_is_a_fault(self, tmp_path: Path, siem: KeepsLog) -> None:
        with memory_context(tmp_path, MemoryPlugin(lambda: siem)) as context:
            context.store.audit.append("thing.done", "object", {})
            export_audit(context, "siem")
            forget_cursors(context.store, "-1:zz")
            with pytest.raises(IntegrityError, match="cursor of `audit push` is not as it was"):
                export_audit(context, "siem")


class TestVerdicts:
    def test_are_sealed_once_by_a_push(self, tmp_path: Path, siem: KeepsLog) -> None:
        with memory_context(tmp_path, MemoryPlugin(lambda: siem)) as context:
            context.store.verdicts.add("siem", [Incident("a", {}, (Verdict("spam"),))])
            assert export_audit(context, "siem").written == 1
            assert export_audit(context, "siem").written == 0
            (sealed,) = siem.kept.values()
            number, last = context.store.verdict_chain.head()
            assert sealed.details == {"verdicts": number, "hash": last}

    def test_computed_again_stop_a_push(self, tmp_path: Path, siem: KeepsLog) -> None:
        """A chain that is whole, of another verdict than the one that was sealed."""
        with memory_context(tmp_path, MemoryPlugin(lambda: siem)) as context:
            context.store.verdicts.add("siem", [Incident("a", {}, (Verdict("spam"),))])
            export_audit(context, "siem")
            with context.store.writing() as connection:
                for table in (verdicts, verdict_chain):
                    connection.execute(delete(table))
                connection.execute(update(verdict_head).values(seq=0, hash="0" * 64))
            context.store.verdicts.add("siem", [Incident("a", {}, (Verdict("ham"),))])
            assert context.store.verdict_chain.verify() == 1
            with pytest.raises(IntegrityError, match="verdict 1 is not the one that the audit"):
                export_audit(context, "siem")
