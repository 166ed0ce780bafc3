"""Tokens are listed with their state, never with their hashes."""

from __future__ import annotations

import json
from pathlib import Path

from sftsec_core.operations.add_token import add_token
from sftsec_core.operations.list_tokens import list_tokens
from sftsec_core.operations.revoke_token import revoke_token
from sftsec_core.testing import MemoryConnector, MemorySource
from tests.core.operations.memory_site import MemoryPlugin, memory_context


class TestListTokens:
    def test_gives_states_and_no_hash(self, tmp_path: Path) -> None:
        plugin = MemoryPlugin(lambda: MemoryConnector(MemorySource()))
        with memory_context(tmp_path, plugin) as context:
            tokens = [add_token(context, name, ["viewer"]).token for name in ("bob", "ann")]
            revoke_token(context, "bob")
            found = list_tokens(context)
        assert [(each.row.name, each.state) for each in found] == [
            ("ann", "valid"),
            ("bob", "revoked"),
        ]
        shown = json.dumps([each.to_json() for each in found], default=str)
        assert "scrypt" not in shown
        assert not any(token.rpartition("_")[2] in shown for token in tokens)
