"""`sftsec store move`: a whole site goes to PostgreSQL and back, and nothing is lost or twice."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import make_url

from sftsec_core.api.errors import ConfigError, StoreError, StoreMovedError
from sftsec_core.demo.source import TASK
from sftsec_core.store.copying import TableSum, sums_of
from sftsec_core.store.store import Store
from tests.core.cli.invoke import error_of, invoke, json_of, printed
from tests.e2e.site import Site, wait_until
from tests.servers.postgres import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]

# Two files tell the scorer's process and the test how far the other one is.
SLOW_SCORER = """
import time
from pathlib import Path
from sftsec_files.connector import FilesConnector
here, inner = Path({folder!r}), FilesConnector.push
def push(self, detections):
    (here / "pushing").touch()
    while not (here / "go").exists():
        time.sleep(0.01)
    return inner(self, detections)
FilesConnector.push = push
from sftsec_core.cli import main; main()
"""
KILLED = """
import os, signal
import {module} as module
def die(*_arguments, **_named):
    os.kill(os.getpid(), signal.SIGKILL)
{target} = die
from sftsec_core.cli import main; main()
"""


def start(site: Site, program: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", program, "-c", str(site.config), *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)


def killed(site: Site, module: str, target: str, *arguments: str) -> None:
    process = start(site, KILLED.format(module=module, target=target), *arguments)
    told = process.communicate()[1]
    assert process.returncode == -signal.SIGKILL, told


def scores(site: Site) -> list[str]:
    return [run["status"] for run in json_of(site, "run", "list") if run["kind"] == "score"]


def configured(site: Site) -> Any:
    return yaml.safe_load(site.config.read_text())["state"].get("url")


def sums(site: Site, url: str | None = None) -> Mapping[str, TableSum]:
    with (
        Store.open(url, folder=site.state, even_moved=True) as store,
        store._database.reading() as connection,
    ):
        return sums_of(connection)


class TestMove:
    def test_goes_there_and_back_under_scoring(self, site: Site, postgres_url: str) -> None:
        settings = yaml.safe_load(site.config.read_text())
        settings["state"]["lease"] = "1s"
        site.config.write_text(yaml.safe_dump(settings))
        expected = self.expected(site)
        scorer = start(site, SLOW_SCORER.format(folder=str(site.folder)), "score", TASK)
        wait_until((site.folder / "pushing").exists, scorer)
        done = json_of(site, "store", "move", postgres_url)
        assert (done["moved"], done["configured"], done["next"]) == (True, True, None)
        assert done["rows"] == {n: each.rows for n, each in sums(site, postgres_url).items()}
        (site.folder / "go").touch()
        told = scorer.communicate()[1]
        assert scorer.returncode == StoreError.exit_code
        assert "was moved to postgresql" in told.splitlines()[-1]
        assert sums(site) == sums(site, postgres_url)
        assert configured(site) == postgres_url
        json_of(site, "score", TASK)
        assert scores(site) == ["succeeded"]  # the same run, resumed
        assert set(site.pushed()) == expected
        assert set(site.pushed().values()) == {1}
        back = f"sqlite:///{site.state / 'sftsec.db'}"
        assert "--replace-moved" in str(error_of(site, "store", "move", back))
        printed(site, "store", "move", back, "--replace-moved")
        assert sums(site) == sums(site, postgres_url)
        assert json_of(site, "audit", "verify")["state"]["entries"]
        json_of(site, "score", TASK)
        assert scores(site) == ["succeeded", "succeeded"]
        assert set(site.pushed().values()) == {1}
        assert isinstance(error_of(site, "store", "move", postgres_url), StoreError)

    @staticmethod
    def expected(site: Site) -> set[str]:
        """What a scorer that nobody disturbs pushes; the site is as before."""
        whole = Site(Path(shutil.copytree(site.folder, site.folder.with_name("whole"))))
        json_of(whole, "score", TASK)
        assert len(whole.pushed()) > 5
        return set(whole.pushed())

    def test_next_call_finishes_a_killed_one(self, site: Site, tmp_path: Path) -> None:
        url = f"sqlite:///{tmp_path / 'new' / 'other.db'}"
        again = f"sqlite:///{tmp_path / 'old' / '..' / 'new' / 'other.db'}"
        module = "sftsec_core.store.moving"
        before = sums(site)
        killed(site, module, "module.mark_moved", "store", "move", url)
        assert sums(site) == before
        assert json_of(site, "status")
        killed(site, module, "module.Moving.finish", "store", "move", url)
        assert configured(site) is None
        assert isinstance(error_of(site, "status"), StoreMovedError)
        assert json_of(site, "store", "move", again)["configured"]
        assert configured(site) == url
        assert json_of(site, "status")
        assert sums(site) == sums(site, url)

    def test_a_dry_run_changes_nothing(self, site: Site, tmp_path: Path) -> None:
        before = sums(site), site.config.read_text()
        done = json_of(site, "store", "move", f"sqlite:///{tmp_path}/new.db", "--dry-run")
        assert not done["moved"]
        assert done["rows"]["verdicts"]
        assert (sums(site), site.config.read_text()) == before

    def test_a_reference_stays_one(
        self, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OLD_DB", f"sqlite:///{site.state / 'sftsec.db'}")
        monkeypatch.setenv("NEW_DB", f"sqlite:///{tmp_path / 'new.db'}")
        json_of(site, "store", "move", "env:NEW_DB")
        assert configured(site) == "env:NEW_DB"
        told = invoke(site, "store", "move", "env:OLD_DB", "--replace-moved")
        assert told.exit_code == 0
        assert "next: let env:NEW_DB give the new URL" in told.stderr
        assert configured(site) == "env:NEW_DB"

    def test_a_password_stays_out_of_the_configuration(self, site: Site, postgres_url: str) -> None:
        url = make_url(postgres_url).set(password="hunter2").render_as_string(False)
        told = invoke(site, "store", "move", url)
        assert told.exit_code == 0
        assert "env:NAME" in told.stderr
        assert configured(site) is None
        assert "hunter2" not in told.output + site.config.read_text()
        assert "hunter2" not in str(error_of(site, "status"))

    def test_wrong_urls_get_one_line(self, site: Site) -> None:
        for url in ("mysql://x/y", "nonsense", "postgresql://a:hunter2@127.0.0.1:1/x"):
            error = error_of(site, "store", "move", url)
            assert isinstance(error, StoreError)
            assert "hunter2" not in str(error)
        assert isinstance(error_of(site, "store", "move", "env:NOT_SET"), ConfigError)
        here = f"sqlite:///{site.state / '..' / site.state.name / 'sftsec.db'}"
        assert "already" in str(error_of(site, "store", "move", here))
