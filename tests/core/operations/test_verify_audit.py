"""Verifying the audit log: what is said to be proved, what is not, and what a copy adds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import ColumnElement, Table, delete, update

from sftsec_core.api.domain import Incident, Verdict
from sftsec_core.api.errors import ConnectorError, IntegrityError
from sftsec_core.operations import verify_audit as module
from sftsec_core.operations.context import Context
from sftsec_core.operations.export_audit import export_audit
from sftsec_core.operations.verify_audit import verify_audit
from sftsec_core.store.store import Store
from sftsec_core.store.tables import audit, verdict_chain, verdicts
from tests.core.operations.audit_sites import KeepsLog, ReadsLog, cut, forget_cursors, rewrite
from tests.core.operations.memory_site import MemoryPlugin, memory_context


@pytest.fixture
def siem() -> ReadsLog:
    return ReadsLog()


@pytest.fixture
def context(tmp_path: Path, siem: ReadsLog) -> Iterator[Context]:
    """Four entries, none of them copied."""
    with memory_context(tmp_path, MemoryPlugin(lambda: siem)) as opened:
        for number in range(4):
            opened.store.audit.append("thing.done", "object", {"number": number})
        yield opened


class TestWithoutAnchor:
    def test_says_what_the_chain_proves(self, context: Context) -> None:
        found = verify_audit(context)
        assert "the chain is whole from entry 1" in found.proved[0]
        assert context.store.audit.head()[1] in found.proved[0]
        assert "rewrote the whole log, hashes and rows too" in found.not_proved[0]
        assert "sftsec audit push CONNECTOR" in found.not_proved[0]

    def test_names_the_connector_to_compare(self, context: Context) -> None:
        export_audit(context, "siem")
        found = verify_audit(context)
        assert found.copied == {"siem": 4}
        assert "--anchor siem" in found.not_proved[0]

    def test_finds_a_forged_log_by_the_cursor(self, context: Context) -> None:
        export_audit(context, "siem")
        rewrite(context.store, 2, object="another")
        with pytest.raises(IntegrityError, match="entry 4 was copied to 'siem'"):
            verify_audit(context)

    def test_says_when_the_log_is_empty(self, tmp_path: Path) -> None:
        with memory_context(tmp_path, MemoryPlugin(KeepsLog)) as context:
            assert "the log is empty" in verify_audit(context).proved[0]

    def test_says_which_verdicts_are_sealed(self, context: Context) -> None:
        add = context.store.verdicts.add
        add("siem", [Incident("a", {}, (Verdict("spam"),))])
        export_audit(context, "siem")
        add("siem", [Incident("b", {}, (Verdict("spam"),))])
        found = verify_audit(context)
        assert found.verdicts == 2
        said = "the chain of the 2 verdicts is whole; the log has sealed the first 1"
        assert said in found.proved
        assert any("the last 1 verdicts" in each for each in found.not_proved)


class TestAnchor:
    def test_seals_what_was_copied(self, context: Context) -> None:
        export_audit(context, "siem")
        found = verify_audit(context, "siem")
        assert found.anchor is not None
        assert (found.anchor.seq, found.state.entries) == (4, 4)
        assert "entries 1 to 4 are as they were copied" in found.proved[-1]
        assert not any("rewrote" in each for each in found.not_proved)

    def test_says_what_is_not_copied(self, context: Context) -> None:
        export_audit(context, "siem")
        context.store.audit.append("thing.done", "fifth", {})
        found = verify_audit(context, "siem")
        assert "entries 5 to 5" in found.not_proved[0]
        assert "sftsec audit push siem" in found.not_proved[0]

    @pytest.mark.parametrize("attack", [lambda s: rewrite(s, 2, actor="eve"), lambda s: cut(s, 3)])
    def test_finds_what_left_no_trace(
        self, context: Context, attack: Callable[[Store], None]
    ) -> None:
        export_audit(context, "siem")
        attack(context.store)
        forget_cursors(context.store)
        assert verify_audit(context).proved
        with pytest.raises(IntegrityError, match="entry 4 was copied to 'siem'"):
            verify_audit(context, "siem")

    def test_finds_another_first_entry(self, context: Context) -> None:
        export_audit(context, "siem")
        rewrite(context.store, 1, object="another")
        forget_cursors(context.store)
        with pytest.raises(IntegrityError, match="holds no entry of this log"):
            verify_audit(context, "siem")

    def test_with_two_entries_of_one_number(self, context: Context, siem: ReadsLog) -> None:
        export_audit(context, "siem")
        last = max(siem.kept.values(), key=lambda e: e.seq)
        siem.kept["f" * 64] = replace(last, hash="f" * 64)
        with pytest.raises(IntegrityError, match=r"entry 4 .* with hash ffffffffffff; here it has"):
            verify_audit(context, "siem")

    def test_is_of_this_log_alone(self, context: Context, siem: ReadsLog) -> None:
        """Another installation writes to the same place, and its log is longer."""
        export_audit(context, "siem")
        last = max(siem.kept.values(), key=lambda e: e.seq)
        siem.kept["e" * 64] = replace(last, seq=99, hash="e" * 64, log="d" * 64)
        assert verify_audit(context, "siem").anchor is not None

    def test_needs_a_connector_that_can_be_asked(self, tmp_path: Path) -> None:
        with (
            memory_context(tmp_path, MemoryPlugin(KeepsLog)) as context,
            pytest.raises(ConnectorError, match="cannot tell what it holds"),
        ):
            verify_audit(context, "siem")


class TestLongLog:
    """What was copied is computed again on demand alone."""

    @pytest.fixture(autouse=True)
    def _long(self, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "WHOLE_UP_TO", 0)
        context.store.verdicts.add("siem", [Incident("a", {}, (Verdict("spam"),))])
        export_audit(context, "siem")
        context.store.audit.append("thing.done", "later", {})
        context.store.verdicts.add("siem", [Incident("b", {}, (Verdict("spam"),))])

    def test_computes_what_came_since(self, context: Context) -> None:
        found = verify_audit(context)
        assert (found.state.entries, found.computed_after, found.verdicts) == (6, 5, 2)
        assert "entries 1 to 5 are there" in found.proved[0]
        assert "whole from verdict 1 on" in found.proved[2]
        assert "`sftsec audit verify --full` computes all" in found.not_proved[0]
        full = verify_audit(context, full=True)
        assert (full.computed_after, full.state) == (
            0,
            replace(found.state, sealed=full.state.sealed),
        )
        assert not any("--full" in each for each in full.not_proved)

    @pytest.mark.parametrize("given", [{"full": True}, {"anchor": "siem"}])
    def test_finds_an_old_change_on_demand(self, context: Context, given: dict[str, Any]) -> None:
        change(context, audit, audit.c.seq == 2, object="forged")
        assert verify_audit(context).computed_after == 5
        with pytest.raises(IntegrityError, match="entry 2 is not as it was written"):
            verify_audit(context, **given)

    def test_finds_a_later_change(self, context: Context) -> None:
        change(context, audit, audit.c.seq == 6, object="forged")
        with pytest.raises(IntegrityError, match="entry 6 is not as it was written"):
            verify_audit(context)

    def test_finds_a_later_changed_verdict(self, context: Context) -> None:
        change(context, verdicts, verdicts.c.incident_uid == "b", value="ham")
        with pytest.raises(IntegrityError, match="verdict 2 is not as it was written"):
            verify_audit(context)

    @pytest.mark.parametrize("table", [audit, verdict_chain])
    def test_finds_an_old_row_gone(self, context: Context, table: Table) -> None:
        with context.store.writing() as connection:
            connection.execute(delete(table).where(table.c.seq == 1))
        with pytest.raises(IntegrityError, match=r"some (are missing|of the first 1 are gone)"):
            verify_audit(context)


def change(context: Context, table: Table, where: ColumnElement[bool], **values: str) -> None:
    with context.store.writing() as connection:
        assert connection.execute(update(table).where(where).values(values)).rowcount == 1
