"""The store as one object: opened again, and printed."""

from __future__ import annotations

from pathlib import Path

from sftsec_core.store.store import Store


class TestStore:
    def test_opened_again_holds_what_was_written(self, database_url: str, state: Path) -> None:
        with Store.open(database_url, folder=state, actor="tester") as first:
            first.audit.append("test.done", "something")
        with Store.open(database_url, folder=state, actor="tester") as second:
            assert [entry.action for entry in second.audit.tail()] == ["test.done"]

    def test_repr_hides_the_password(self, postgres_url: str, tmp_path: Path) -> None:
        from sqlalchemy import make_url

        url = make_url(postgres_url).set(password="hunter2").render_as_string(False)
        with Store.open(url, folder=tmp_path, actor="tester") as store:
            assert "hunter2" not in repr(store)
            assert make_url(postgres_url).database in repr(store)  # type: ignore[operator]
