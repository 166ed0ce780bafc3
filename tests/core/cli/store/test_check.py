"""`sftsec store check`: each kind of damage has its line, and a sound site has none."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from sftsec_core.api.errors import SftsecError, StoreError
from tests.core.cli.invoke import invoke, json_of, printed
from tests.e2e.site import Site


def change(site: Site, *statements: str) -> None:
    with closing(sqlite3.connect(site.state / "sftsec.db")) as database, database:
        for statement in statements:
            database.execute(statement)


def problems(site: Site, *arguments: str) -> list[str]:
    result = invoke(site, "store", "check", *arguments)
    assert isinstance(result.exception, StoreError), result.output
    assert result.exception.exit_code == 10
    return str(result.exception).splitlines()


class TestCheck:
    def test_a_sound_site_has_no_problem(self, site: Site) -> None:
        found = json_of(site, "store", "check", "--deep")
        assert found["problems"] == []
        assert found["revision"] == found["expected"]
        assert found["rows"]["models"]
        assert found["bytes"] > 10_000
        kinds = ("models", "snapshots", "encoders", "scores", "runs")
        assert found["orphans"] == dict.fromkeys(kinds, 0)
        assert "problems       none" in printed(site, "store", "check")

    def test_counts_folders_that_no_row_names(self, site: Site) -> None:
        (site.state / "models" / ("0" * 64)).mkdir()
        assert json_of(site, "store", "check")["orphans"]["models"] == 1

    def test_names_missing_and_changed_folders(self, site: Site) -> None:
        model = next(site.state.glob("models/*/manifest.txt")).parent
        (model / "serving.json").write_text("{}")
        part = next(site.state.glob("snapshots/*/rows-*.parquet"))
        part.write_bytes(part.read_bytes()[:-1])
        run = next(path for path in site.state.glob("runs/*") if path.is_dir())
        shutil.rmtree(run)
        (missing,) = problems(site)
        assert f"run {run.name}: its folder" in missing
        deep = problems(site, "--deep")
        assert [line.split()[0] for line in deep] == ["model", "snapshot", "run"]
        assert all("sftsec store restore" in line for line in deep)

    def test_names_broken_chains_and_keys(self, site: Site) -> None:
        change(
            site,
            "UPDATE verdicts SET value = 'x' WHERE key = (SELECT max(key) FROM verdicts)",
            "UPDATE audit SET actor = 'nobody' WHERE seq = 2",
            "UPDATE aliases SET digest = 'gone' WHERE alias = 'candidate'",
        )
        keys, audit, verdicts = problems(site)
        assert "a row of aliases names a row of models that is not there" in keys
        assert "entry 2 is not as it was written" in audit
        assert verdicts.startswith("verdicts:")

    def test_names_a_damaged_file(self, site: Site) -> None:
        file = site.state / "sftsec.db"
        change(site, "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA journal_mode=DELETE")
        content = bytearray(file.read_bytes())
        for page in range(2, len(content) // 4096 - 1):
            content[page * 4096 : page * 4096 + 200] = b"\xff" * 200
        file.write_bytes(content)
        error = invoke(site, "store", "check").exception
        assert isinstance(error, SftsecError), error
        assert error.exit_code == 10
        file.write_bytes(b"not a database" * 100)
        error = invoke(site, "store", "check").exception
        assert isinstance(error, StoreError)
        assert "restore a copy" in str(error)

    def test_an_older_schema_is_left_alone(self, site: Site) -> None:
        change(site, "UPDATE alembic_version SET version_num = '0006'")
        (line,) = problems(site)
        assert "its schema is 0006" in line
        assert json.loads(invoke(site, "store", "check", "--json").stdout)["revision"] == "0006"

    def test_a_fresh_folder_is_no_problem(self, site: Site) -> None:
        shutil.rmtree(site.state)
        assert json_of(site, "store", "check")["revision"] is None
        assert not Path(site.state / "sftsec.db").exists()
