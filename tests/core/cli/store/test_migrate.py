"""`sftsec store migrate`: an older store is saved, migrated, and can be brought back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from sftsec_core.api.errors import StoreError
from sftsec_core.store import dialects
from sftsec_core.store.migrations import HEAD, migrate
from tests.core.cli.invoke import error_of, invoke, json_of
from tests.e2e.site import Site


def make_older(site: Site, revision: str = "0005") -> None:
    """Put a store of an earlier version in the place of the site's, with a verdict in it."""
    file = site.state / "sftsec.db"
    for path in site.state.glob("sftsec.db*"):
        path.unlink()
    engine = dialects.create(URL.create("sqlite", database=str(file)))
    with dialects.writer_of(engine).begin() as connection:
        migrate(connection, to=revision)
        connection.exec_driver_sql(
            "INSERT INTO verdicts (key, connector, incident_uid, value, automated, pulled_at) "
            "VALUES ('k', 'incidents', 'i1', 'tp', 0, '2026-01-31 12:00:00.000000')"
        )
    engine.dispose()


def revision_of(site: Site) -> Any:
    with closing(sqlite3.connect(site.state / "sftsec.db")) as database:
        return database.execute("SELECT version_num FROM alembic_version").fetchone()[0]


class TestMigrate:
    def test_saves_migrates_and_brings_back(self, site: Site, tmp_path: Path) -> None:
        make_older(site)
        file = tmp_path / "before.tar"
        error = error_of(site, "store", "migrate", "--check")
        assert isinstance(error, StoreError)
        assert f"the schema is 0005, this version's is {HEAD}" in str(error)
        assert revision_of(site) == "0005"
        done = json_of(site, "store", "migrate", "--backup", str(file))
        assert (done["before"], done["after"], done["backup"]) == ("0005", HEAD, str(file))
        assert revision_of(site) == HEAD
        assert json_of(site, "store", "migrate", "--check")["after"] == HEAD
        json_of(site, "store", "restore", str(file), "--force")
        assert len(json_of(site, "labels", "list")) == 1
        assert json_of(site, "audit", "verify")["verdicts"] == 1

    def test_without_a_backup_nothing_is_migrated(self, site: Site, tmp_path: Path) -> None:
        make_older(site)
        file = tmp_path / "there.tar"
        file.touch()
        assert "there already" in str(error_of(site, "store", "migrate", "--backup", str(file)))
        assert revision_of(site) == "0005"

    def test_a_newer_store_stays_as_it_is(self, site: Site) -> None:
        with closing(sqlite3.connect(site.state / "sftsec.db")) as database, database:
            database.execute("UPDATE alembic_version SET version_num = '9999'")
        assert "a newer version wrote it" in str(error_of(site, "store", "migrate"))
        assert revision_of(site) == "9999"

    def test_a_look_takes_no_backup(self, site: Site) -> None:
        assert invoke(site, "store", "migrate", "--check", "--backup", "x").exit_code == 2
