"""The migrations and the tables of the code are the same."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect

from sftsec_core.store import migrations
from sftsec_core.store.store import Store
from sftsec_core.store.tables import metadata


class TestMigrations:
    def test_make_the_tables_of_the_code(self, store: Store, database_url: str) -> None:
        engine = create_engine(database_url)
        try:
            with engine.connect() as connection:
                found = set(inspect(connection).get_table_names())
                assert found == {*metadata.tables, "alembic_version"}
                context = MigrationContext.configure(connection, opts={"compare_type": True})
                assert compare_metadata(context, metadata) == []
        finally:
            engine.dispose()

    def test_end_at_the_expected_head(self) -> None:
        here = Path(migrations.__file__).parent
        script = ScriptDirectory(here, version_locations=[here / "versions"])
        assert script.get_heads() == [migrations.HEAD]
