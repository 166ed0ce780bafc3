"""`sftsec store backup` and `restore`: a site comes back elsewhere, as it was at one moment."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import yaml

from sftsec_core.api.errors import ConfigError, IntegrityError
from sftsec_core.demo.source import TASK
from tests.core.cli.invoke import error_of, invoke, json_of
from tests.core.store.keys import new_key
from tests.e2e.site import Site
from tests.servers.postgres import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]

KILLED = """
import os, signal
import {module} as module
def die(*_arguments, **_named):
    os.kill(os.getpid(), signal.SIGKILL)
module.{target} = die
from sftsec_core.cli import main; main()
"""


def set_state(site: Site, **keys: Any) -> None:
    settings = yaml.safe_load(site.config.read_text())
    settings["state"] |= keys
    site.config.write_text(yaml.safe_dump(settings))


def elsewhere(site: Site, name: str, **state: Any) -> Site:
    """The same configuration in another folder, whose state is empty."""
    other = Site(Path(shutil.copytree(site.folder, site.folder.with_name(name))))
    shutil.rmtree(other.state)
    set_state(other, **state)
    return other


def killed(site: Site, module: str, target: str, *arguments: str) -> None:
    program = KILLED.format(module=module, target=target)
    command = [sys.executable, "-c", program, "-c", str(site.config), *arguments]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL


@pytest.fixture
def backup(site: Site, tmp_path: Path) -> Path:
    with closing(sqlite3.connect(site.state / "labelling.db")) as queue, queue:
        queue.execute("CREATE TABLE waits (uid TEXT)")
    (site.state / "connectors" / "incidents").mkdir(parents=True, exist_ok=True)
    (site.state / "connectors" / "incidents" / "seen").write_text("x")
    file = tmp_path / "site.tar"
    done = json_of(site, "store", "backup", str(file), "--with-secrets")
    assert (done["file"], done["left_out"]) == (str(file), [])
    return file


class TestBackup:
    def test_comes_back_on_postgresql(self, site: Site, backup: Path, postgres_url: str) -> None:
        other = elsewhere(site, "other", url=postgres_url)
        done = json_of(other, "store", "restore", str(backup))
        assert done["notes"] == []
        assert done["folders"]["models"] == len(list(other.state.glob("models/*/manifest.txt")))
        assert json_of(other, "store", "check", "--deep")["problems"] == []
        assert (other.state / "salt").read_bytes() == (site.state / "salt").read_bytes()
        assert (other.state / "connectors" / "incidents" / "seen").read_text() == "x"
        with closing(sqlite3.connect(other.state / "labelling.db")) as queue:
            assert queue.execute("SELECT * FROM waits").fetchall() == []
        json_of(other, "score", TASK)
        json_of(site, "score", TASK)
        assert Counter(other.pushed()) == Counter(site.pushed()) != Counter()
        assert "holds data" in str(error_of(other, "store", "restore", str(backup)))
        json_of(other, "store", "restore", str(backup), "--force")
        assert [run["kind"] for run in json_of(other, "run", "list")] == ["retrain"]
        assert json_of(other, "audit", "tail")[-1]["action"] == "store.restored"

    def test_is_one_moment_of_a_busy_store(self, site: Site, tmp_path: Path) -> None:
        """The chain that is written meanwhile is whole in the copy, wherever it was cut."""
        done = Event()

        def write() -> None:
            with site.store() as store:
                while not done.is_set():
                    store.audit.append("test.noise", "x", actor="writer")

        writer = Thread(target=write)
        writer.start()
        try:
            made = json_of(site, "store", "backup", str(tmp_path))
        finally:
            done.set()
            writer.join()
        other = elsewhere(site, "other")
        shutil.copy(site.state / "salt", tmp_path / "salt")
        told = invoke(other, "store", "restore", made["file"])
        assert told.exit_code == 0, told.output
        assert "put the old site's salt into" in told.stderr
        assert json_of(other, "store", "check", "--deep")["problems"] == []
        assert json_of(other, "audit", "verify")["state"]["entries"] == made["rows"]["audit"] + 1

    def test_a_killed_one_leaves_no_file(self, site: Site, tmp_path: Path) -> None:
        file = tmp_path / "killed.tar"
        killed(
            site, "sftsec_core.operations.backup_store", "_add_rest", "store", "backup", str(file)
        )
        assert not file.exists()
        json_of(site, "store", "backup", str(file))
        assert [path.name for path in tmp_path.glob("*killed*")] == ["killed.tar"]
        assert [path.name for path in tmp_path.glob(".killed*")] == []
        assert list(site.state.glob(".staging-*")) == []


class TestRestore:
    def test_a_killed_one_is_called_again(self, site: Site, backup: Path) -> None:
        other = elsewhere(site, "other")
        module = "sftsec_core.operations.restore_store"
        killed(other, module, "_put_rest", "store", "restore", str(backup))
        json_of(other, "store", "restore", str(backup))
        assert json_of(other, "store", "check", "--deep")["problems"] == []
        assert list(other.state.glob(".staging-*")) == []

    def test_a_damaged_file_touches_nothing(self, site: Site, backup: Path) -> None:
        other = elsewhere(site, "other")
        content = bytearray(backup.read_bytes())
        content[len(content) // 3] ^= 255
        backup.write_bytes(content)
        assert isinstance(error_of(other, "store", "restore", str(backup)), IntegrityError)
        assert not list(other.state.glob("models/*"))
        backup.write_text("not a backup")
        assert isinstance(error_of(other, "store", "restore", str(backup)), IntegrityError)

    def test_refuses_another_sites_salt(self, site: Site, backup: Path) -> None:
        other = elsewhere(site, "other")
        other.state.mkdir()
        (other.state / "salt").write_bytes(b"x" * 32)
        error = error_of(other, "store", "restore", str(backup))
        assert isinstance(error, ConfigError)
        assert "is not the salt of the backup's site" in str(error)

    def test_an_encrypted_state_needs_its_keys(self, site: Site, tmp_path: Path) -> None:
        key = new_key(tmp_path)
        set_state(site, encrypt={"key": str(key)})
        json_of(site, "store", "encrypt")
        plain, whole = tmp_path / "plain.tar", tmp_path / "whole.tar"
        json_of(site, "store", "backup", str(plain))
        json_of(site, "store", "backup", str(whole), "--with-secrets")
        other = elsewhere(site, "other")
        error = error_of(other, "store", "restore", str(plain))
        assert isinstance(error, ConfigError)
        assert "keys.json" in str(error)
        assert isinstance(json_of(other, "store", "restore", str(whole)), dict)
        assert json_of(other, "store", "check", "--deep")["problems"] == []
        assert json_of(other, "labels", "list") == json_of(site, "labels", "list")
