"""Forgetting through the command line: nothing holds the text, and no model knows it any more."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from sqlalchemy import create_engine
from sqlalchemy import text as sql

from sftsec_core.demo.source import TASK
from sftsec_core.store.store import Store
from sftsec_core.store.vault import open_vault
from tests.core.store.keys import new_key
from tests.e2e.held_text import holding, rows_holding
from tests.e2e.site import Site, encryption
from tests.servers.postgres import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]

UID, OPEN_UID = "inc-secret", "inc-open"
# Letters that no step cleans, in an incident that is like no other.
TEXT = "zqxmarker quibbling wombats juggle nineteen harmonicas beside vexed ferrymen"
SAID = {"label": "malicious", "@timestamp": "2026-01-02T00:00:00+00:00"}
OPEN_TEXT = "zqyopen marker lists twelve peculiar trombones and one flamboyant gazebo"


def record(uid: str, text: str, **more: object) -> str:
    return json.dumps({"id": uid, "message": text, "host": {"name": "web-7"}, **more}) + "\n"


def make(folder: Path, *, secret: bool) -> Site:
    """A site with its incidents, and with two that are to be forgotten."""
    site = Site.make(folder, rows=260, open_rows=60)
    (site.state).mkdir(mode=0o700)
    (site.state / "salt").write_bytes(b"s" * 32)
    (site.state / "salt").chmod(0o600)
    if secret:
        with (folder / "incidents" / "judged.jsonl").open("a", encoding="utf-8") as out:
            out.write(record(UID, TEXT, **SAID, analyst={"name": "alice"}))
        with (folder / "incidents" / "open.jsonl").open("a", encoding="utf-8") as out:
            out.write(record(OPEN_UID, OPEN_TEXT, **{"@timestamp": "2026-06-02T00:00:00+00:00"}))
    return site


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = make(tmp_path_factory.mktemp("trained"), secret=True)
    site.run("retrain", TASK)
    site.run("score", TASK)
    return site


@pytest.fixture
def site(trained: Site, tmp_path: Path) -> Site:
    return Site(shutil.copytree(trained.folder, tmp_path / "site"))


@pytest.mark.skipif(bool(encryption()), reason="the text cannot be looked for in encrypted files")
class TestForget:
    def test_leaves_the_text_in_no_file(self, site: Site) -> None:
        before = holding(site.state, TEXT)
        assert any(path.startswith("snapshots/") for path in before)
        assert any(path.startswith("increments/") for path in before)
        assert "sftsec.db" in holding(site.state, UID)
        done = site.json("forget", UID, "--yes")
        assert done["files"] == {"data sets": 1, "runs": 1, "pulls": 1, "caches": 1}
        assert holding(site.state, "zqxmarker") == holding(site.state, UID) == []
        site.run("retrain", TASK)
        assert holding(site.state, "zqxmarker") == holding(site.state, UID) == []
        assert "1 of the verdicts was erased" in site.run("audit", "verify")

    def test_makes_the_model_without_it(self, site: Site, tmp_path: Path) -> None:
        learned = site.json("model", "list")[0]
        site.run("forget", UID, "--yes")
        marked = site.json("model", "show", f"{TASK}@live")
        assert "forgotten" in marked["outdated"]
        again = site.json("retrain", TASK)
        never = make(tmp_path / "never", secret=False).json("retrain", TASK)
        assert not again["unchanged"]
        assert again["model"]["digest"] == never["model"]["digest"] != learned["digest"]
        assert site.json("model", "show", f"{TASK}@live")["outdated"] is None

    def test_scores_it_never_again(self, site: Site) -> None:
        scored = {json.loads(line)["sftsec.incident.uid"] for line in _lines(site.output)}
        site.run("forget", OPEN_UID, "--yes", "--connector", "incidents")
        assert holding(site.state, "zqyopen") == []
        rescanned = site.json("score", TASK, "--rescan")
        assert rescanned["pulled"] == 60
        assert OPEN_UID in scored or rescanned["new"] == 0
        assert holding(site.state, OPEN_UID) == []


class TestComesNotBack:
    def test_under_the_id_of_another_file(self, site: Site) -> None:
        """The same incident, exported again: another file, another id."""
        site.run("forget", UID, "--yes")
        judged = site.folder / "incidents" / "judged.jsonl"
        rows = [line for line in judged.read_text("utf-8").splitlines() if UID not in line]
        judged.write_text("\n".join(rows) + "\n", encoding="utf-8")
        again = record("inc-again", TEXT, **SAID, analyst={"name": "alice"})
        (judged.parent / "export.jsonl").write_text(again, encoding="utf-8")
        made = site.json("retrain", TASK)
        assert holding(site.state, "zqxmarker") == holding(site.state, "inc-again") == []
        assert not made["unchanged"]
        open_again = record("inc-open-again", TEXT, **{"@timestamp": SAID["@timestamp"]})
        (judged.parent / "open.jsonl").write_text(open_again, encoding="utf-8")
        scored = site.json("score", TASK, "--rescan")
        assert (scored["scored"], scored["dropped_by_steps"]) == (0, 1)
        assert holding(site.state, "inc-open-again") == []

    def test_with_a_restored_backup(self, site: Site, tmp_path: Path) -> None:
        file = str(tmp_path / "site.tar")
        site.run("store", "backup", file, "--with-secrets")
        site.run("forget", UID, "--yes")
        site.run("store", "restore", file, "--force")
        assert holding(site.state, "zqxmarker") != []
        told = site.run("retrain", TASK, code=10)
        assert "may hold what was forgotten: `sftsec forget --resume`" in told
        (done,) = site.json("forget", "--resume")
        assert (done["removed"], done["incidents"]) == (True, 1)
        assert holding(site.state, "zqxmarker") == holding(site.state, UID) == []
        site.run("retrain", TASK)
        assert holding(site.state, "zqxmarker") == []


class TestForgetElsewhere:
    def test_in_an_encrypted_state(self, site: Site, tmp_path: Path) -> None:
        key = new_key(tmp_path)
        set_state(site, encrypt={"key": str(key)})
        site.run("store", "encrypt")
        vault = open_vault(site.state, key)
        with Store.open(None, folder=site.state, vault=vault) as store:
            assert "outbox" in rows_holding(store, "inc-")
        assert any(p.startswith("snapshots/") for p in holding(site.state, TEXT, vault))
        site.run("forget", UID, "--yes")
        site.run("retrain", TASK)
        for text in ("zqxmarker", UID):
            assert holding(site.state, text, vault) == []
            with Store.open(None, folder=site.state, vault=vault) as store:
                assert rows_holding(store, text) == []

    def test_no_text_stays_in_postgresql(
        self, trained: Site, tmp_path: Path, postgres_url: str
    ) -> None:
        file = str(tmp_path / "site.tar")
        trained.run("store", "backup", file, "--with-secrets")
        site = Site(shutil.copytree(trained.folder, tmp_path / "site"))
        shutil.rmtree(site.state)
        set_state(site, url=postgres_url)
        site.run("store", "restore", file)
        assert in_database(postgres_url, UID) != []
        site.run("forget", UID, "--yes")
        assert in_database(postgres_url, UID) == holding(site.state, UID) == []
        assert holding(site.state, "zqxmarker") == []
        assert "1 of the verdicts was erased" in site.run("audit", "verify")


def set_state(site: Site, **keys: object) -> None:
    settings = yaml.safe_load(site.config.read_text("utf-8"))
    settings["state"] |= keys
    site.config.write_text(yaml.safe_dump(settings), encoding="utf-8")


def in_database(url: str, text: str) -> list[str]:
    """The files of a PostgreSQL database that hold a text, as they are on the disk."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(sql("CHECKPOINT"))
            data = connection.execute(sql("SHOW data_directory")).scalar_one()
            query = "SELECT oid FROM pg_database WHERE datname = current_database()"
            number = connection.execute(sql(query)).scalar_one()
    finally:
        engine.dispose()
    return holding(Path(data, "base", str(number)), text)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()
