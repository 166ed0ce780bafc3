"""What a store says of itself, on both databases."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from sftsec_core.store.health import look_at
from sftsec_core.store.migrations import HEAD
from sftsec_core.store.store import Store
from tests.core.store.filled import fill


class TestHealth:
    def test_a_sound_store_has_no_damage(
        self, store: Store, state: Path, database_url: str
    ) -> None:
        fill(store, state)
        assert store.health.damage() == []
        assert store.health.bytes() > 10_000
        assert store.health.rows()["outbox"] == 7
        assert look_at(database_url).current

    def test_an_invalid_index_is_damage(self, postgres_url: str, state: Path) -> None:
        with Store.open(postgres_url, folder=state) as store:
            with store.writing() as connection:
                connection.execute(
                    text(
                        "UPDATE pg_index SET indisvalid = false "
                        "WHERE indexrelid = 'one_running'::regclass"
                    )
                )
            (found,) = store.health.damage()
        assert found == "index one_running is invalid: REINDEX INDEX one_running"


class TestLookAt:
    def test_changes_and_makes_nothing(self, tmp_path: Path) -> None:
        file = tmp_path / "state" / "sftsec.db"
        found = look_at(f"sqlite:///{file}")
        assert (found.revision, found.current, file.parent.exists()) == (None, False, False)
        with Store.open(None, folder=file.parent) as store, store.writing() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '0003'"))
        assert look_at(f"sqlite:///{file}").revision == "0003"
        assert HEAD != "0003"
