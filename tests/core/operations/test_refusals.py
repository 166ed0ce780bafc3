"""A refusal is written down, and stands when it cannot be."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from sftsec_core.api.errors import AuthorizationError
from sftsec_core.operations.refusals import note_refusal
from sftsec_core.testing import MemoryConnector, MemorySource
from tests.core.operations.memory_site import MemoryPlugin, memory_context

ERROR = AuthorizationError("ann", "model.retrain", "mail")


class TestNoteRefusal:
    def test_names_actor_task_and_origin(self, tmp_path: Path) -> None:
        plugin = MemoryPlugin(lambda: MemoryConnector(MemorySource()))
        with memory_context(tmp_path, plugin) as context:
            note_refusal(context, ERROR)
            note_refusal(context, ERROR, origin="server")
            entries = context.store.audit.tail(2)
        assert [entry.details["origin"] for entry in entries] == ["test", "server"]
        assert {(entry.actor, entry.object) for entry in entries} == {("ann", "mail")}

    def test_repeats_no_text_of_the_caller(self, tmp_path: Path) -> None:
        plugin = MemoryPlugin(lambda: MemoryConnector(MemorySource()))
        with memory_context(tmp_path, plugin) as context:
            note_refusal(context, AuthorizationError("ann", "model.retrain", "hunter2"))
            assert "hunter2" not in str(context.store.audit.tail(1))

    def test_never_raises_without_a_store(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        plugin = MemoryPlugin(lambda: MemoryConnector(MemorySource()))
        with memory_context(tmp_path, plugin) as context:
            context.folder.joinpath("sftsec.db").write_bytes(b"no database" * 100)
            with caplog.at_level(logging.WARNING):
                note_refusal(context, ERROR)
        assert "not in the audit log" in caplog.text
