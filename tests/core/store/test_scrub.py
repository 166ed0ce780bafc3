"""What looks like a secret is not written."""

from __future__ import annotations

from sftsec_core.store.store import Store


class TestSecrets:
    def test_are_not_written_to_the_log(self, store: Store) -> None:
        store.audit.append(
            "connector.checked",
            "https://me:hunter2@siem/",
            {"password": "hunter2", "nested": [{"api_key": ["hunter2"]}], "user": "me"},
        )
        (entry,) = store.audit.tail()
        assert "hunter2" not in str(entry)
        assert entry.details == {"password": "***", "nested": [{"api_key": "***"}], "user": "me"}
        assert store.audit.verify() == 1
