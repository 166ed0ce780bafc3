"""`state.artifacts`: two hosts share a database and a place, and no folder of their own."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest
import yaml

from sftsec_core.api.errors import ConfigError, IntegrityError
from sftsec_core.demo.source import TASK
from sftsec_core.models.artifact import publish
from sftsec_core.operations.adapted_encoders import bring_encoders
from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.context import Context
from tests.core.cli.invoke import error_of, json_of
from tests.e2e.site import Site
from tests.servers.postgres import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]


def set_state(site: Site, **keys: object) -> None:
    settings = yaml.safe_load(site.config.read_text())
    settings["state"] |= keys
    site.config.write_text(yaml.safe_dump(settings))


@pytest.fixture
def share(tmp_path: Path) -> Path:
    return tmp_path / "share"


@pytest.fixture
def database(tmp_path: Path) -> str:
    """What both hosts read and write: one machine's hosts can share a file."""
    return f"sqlite:///{tmp_path / 'shared.db'}"


@pytest.fixture
def hosts(site: Site, share: Path, database: str) -> tuple[Site, Site]:
    """One that has trained a model on SQLite and moved, and one that has a salt and nothing."""
    set_state(site, artifacts=f"file://{share}")
    assert json_of(site, "store", "move", database)["configured"]
    other = Site(Path(shutil.copytree(site.folder, site.folder.with_name("other"))))
    shutil.rmtree(other.state)
    other.state.mkdir(0o700)
    shutil.copy(site.state / "salt", other.state / "salt")
    return site, other


class TestHosts:
    @pytest.fixture
    def database(self, postgres_url: str) -> str:
        return postgres_url

    def test_one_host_trains_and_another_scores(
        self, hosts: tuple[Site, Site], share: Path
    ) -> None:
        one, two = hosts
        assert isinstance(error_of(two, "score", TASK), IntegrityError)  # nothing is there yet
        done = json_of(one, "store", "share")
        assert done["missing"] == []
        kinds = {path.parent.name for path in share.glob("*/*")}
        assert kinds == {"models", "snapshots", "runs"}
        assert json_of(one, "store", "share")["files"] == 0
        assert json_of(two, "store", "check")["problems"] == []
        json_of(two, "score", TASK)
        assert two.pushed() != Counter()
        away = share.rename(share.with_name("away"))
        json_of(two, "score", TASK)  # with the model that it has by now
        away.rename(share)
        assert not list(two.state.glob("snapshots/*/rows-*"))
        (shown,) = json_of(two, "dataset", "show", TASK)
        json_of(two, "dataset", "show", TASK, shown["digest"], "--verify")
        assert json_of(two, "store", "check", "--deep")["problems"] == []
        assert list(two.state.glob("snapshots/*/rows-*"))


class TestShare:
    def test_a_new_model_is_there_at_once(self, hosts: tuple[Site, Site], share: Path) -> None:
        one, two = hosts
        json_of(one, "store", "share")
        before = {ref["digest"] for ref in json_of(one, "model", "list")}
        for site in hosts:
            site.change("tasks", TASK, train={"recipe": {"name": "linear", "regularization": 1}})
        two.run("retrain", TASK, "--no-promote")
        (new,) = {ref["digest"] for ref in json_of(two, "model", "list")} - before
        assert not (one.state / "models" / new).exists()
        assert json_of(one, "model", "verify", new)[0]["error"] is None
        assert json_of(one, "model", "show", new)
        json_of(two, "gc", "--yes", "--older-than", "0s", "--keep", "0")
        names = {ref["digest"] for ref in json_of(two, "model", "list")}
        assert {path.name for path in (share / "models").iterdir()} == names

    def test_damage_in_the_place_is_named(self, hosts: tuple[Site, Site], share: Path) -> None:
        one, two = hosts
        json_of(one, "store", "share")
        for path in share.glob("models/*/*"):
            if path.name != "index.json":
                path.write_bytes(path.read_bytes()[:-1])
        error = error_of(two, "score", TASK)
        assert isinstance(error, IntegrityError)
        assert "is damaged; call sftsec store share" in str(error)
        assert not list(two.state.glob("models/*/manifest.txt"))
        assert json_of(one, "store", "share")["files"] > 1
        json_of(two, "score", TASK)

    def test_another_salt_is_refused(self, hosts: tuple[Site, Site]) -> None:
        one, two = hosts
        json_of(one, "store", "share")
        (two.state / "salt").write_bytes(b"x" * 32)
        for command in (("score", TASK), ("retrain", TASK), ("store", "check")):
            error = error_of(two, *command)
            assert isinstance(error, ConfigError)
            assert "this host's salt is another" in str(error)
        (two.state / "salt").unlink()
        assert "has no salt yet" in str(error_of(two, "score", TASK))
        assert not (two.state / "salt").exists()

    def test_wants_a_place_to_share(self, site: Site) -> None:
        error = error_of(site, "store", "share")
        assert isinstance(error, ConfigError)
        assert "state.artifacts" in str(error)


class TestAdaptedEncoders:
    def test_one_host_downloads_what_another_made(
        self, hosts: tuple[Site, Site], tmp_path: Path
    ) -> None:
        one, two = hosts
        draft = tmp_path / "draft"
        draft.mkdir()
        (draft / "config.json").write_text("{}")
        digest, made = publish(draft, one.state / "encoders", "encoder")
        json_of(one, "store", "share")
        recipe = {
            "name": "probe",
            "encoder": {"path": f".sftsec/encoders/{digest}", "sha256": digest},
        }
        two.change("tasks", TASK, train={"recipe": recipe})
        with Context.open(two.config, actor=local_admin("test")) as context:
            bring_encoders(context, context.task(TASK).train)
        names = {file.name for file in (two.state / "encoders" / digest).iterdir()}
        assert names == {file.name for file in made.iterdir()}
