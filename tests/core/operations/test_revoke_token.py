"""Revoking names who did it in the audit log."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.errors import NotFoundError
from sftsec_core.operations.add_token import add_token
from sftsec_core.operations.revoke_token import revoke_token
from sftsec_core.testing import MemoryConnector, MemorySource
from tests.core.operations.memory_site import MemoryPlugin, memory_context


class TestRevokeToken:
    def test_names_actor_and_token(self, tmp_path: Path) -> None:
        plugin = MemoryPlugin(lambda: MemoryConnector(MemorySource()))
        with memory_context(tmp_path, plugin) as context:
            made = add_token(context, "ann", ["viewer"])
            assert [each.id for each in revoke_token(context, "ann")] == [made.row.id]
            entry = context.store.audit.tail(1)[0]
            with pytest.raises(NotFoundError):
                revoke_token(context, "ann")
        assert (entry.actor, entry.action, entry.details["id"]) == (
            context.actor.name,
            "token.revoked",
            made.row.id,
        )
