"""A cursor is moved by compare-and-swap."""

from __future__ import annotations

import pytest

from sftsec_core.api.errors import StoreError
from sftsec_core.store.store import Store


class TestCursors:
    def test_move_only_from_where_seen(self, store: Store) -> None:
        assert store.cursors.get("mail", "siem") is None
        store.cursors.move("mail", "siem", "page 1", expected=None)
        store.cursors.move("mail", "siem", "page 2", expected="page 1")
        for stale in (None, "page 1"):
            with pytest.raises(StoreError, match="another process is scoring task 'mail'"):
                store.cursors.move("mail", "siem", "page 2b", expected=stale)
        assert store.cursors.get("mail", "siem") == "page 2"
        assert store.cursors.get("mail", "other") is None

    def test_of_a_task_have_connectors_names(self, store: Store) -> None:
        for task, name in (("mail", "siem"), ("mail", "files"), ("web", "siem")):
            store.cursors.move(task, name, f"{task} {name}", expected=None)
        assert store.cursors.of_task("mail") == {"files": "mail files", "siem": "mail siem"}
        assert store.cursors.of_task("dns") == {}
