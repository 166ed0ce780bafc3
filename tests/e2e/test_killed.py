"""kill -9 at the worst moments; the same command again makes it good."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.core.recipes.tiny_encoder import make_tiny_encoder
from tests.e2e.site import Site

DIE = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
DIE_BEFORE_PUSH = f"""
from sftsec_files.connector import FilesConnector
def push(self, detections):
    {DIE}
FilesConnector.push = push
from sftsec_core.cli import main; main()
"""
DIE_AFTER_PUSH = f"""
from sftsec_files.connector import FilesConnector
inner = FilesConnector.push
def push(self, detections):
    inner(self, detections)
    {DIE}
FilesConnector.push = push
from sftsec_core.cli import main; main()
"""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with a model in service, to be copied."""
    site = Site.make(tmp_path_factory.mktemp("live"), open_rows=1500)
    site.run("retrain", "triage")
    return site.folder


@pytest.fixture
def site(live: Path, tmp_path: Path) -> Site:
    return Site(Path(shutil.copytree(live, tmp_path / "site")))


@pytest.fixture(scope="module")
def expected(live: Path, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The detections of a run that nobody kills."""
    whole = Site(Path(shutil.copytree(live, tmp_path_factory.mktemp("whole") / "site")))
    whole.run("score", "triage")
    assert len(whole.pushed()) > 50
    return set(whole.pushed())


def assert_each_once(site: Site, expected: set[str]) -> None:
    assert set(site.pushed()) == expected
    assert set(site.pushed().values()) == {1}
    with site.store() as store:
        assert store.outbox.pending("incidents") == 0


def test_rerun_of_training_promotes_one_model(tmp_path: Path) -> None:
    encoder = make_tiny_encoder(tmp_path / "encoder").model_dump()
    # At the usual rate so tiny an encoder learns nothing, and such a model is refused.
    steps = {"epochs": 8, "patience": 0, "learning_rate": 2e-3}
    recipe = {"name": "full", **steps, "encoder": encoder}
    train = {"recipe": recipe, "budget": None}
    site = Site.make(tmp_path / "site", train=train)
    runs = tmp_path / "site" / ".sftsec" / "runs"
    site.kill_when(lambda: any(runs.glob("*/work/full/**/plan.json")), "retrain", "triage")
    with site.store() as store:
        assert store.models.list("triage") == []
        (left,) = store.runs.list("triage", kind="retrain")
        assert left.status == "running"
    # The tiny encoder knows nothing, so the gate takes linear; that is another test's matter.
    outcome = site.json("retrain", "triage")
    assert outcome["run"] == left.id
    assert outcome["promoted"]
    assert {"full", "linear"} <= {*outcome["metrics"], outcome["model"]["recipe"]}
    with site.store() as store:
        assert [run.status for run in store.runs.list("triage")] == ["succeeded"]
        assert len(store.snapshots.list("triage")) == 1
        assert len(store.models.list("triage")) == 1
        assert len(store.models.alias_history("triage", "live")) == 1
        assert store.audit.verify() > 0
    site.run("model", "verify")


def test_rerun_of_pull_makes_same_snapshot(live: Path, tmp_path: Path) -> None:
    site = Site.make(tmp_path / "site", open_rows=1500)
    shutil.copytree(live / ".sftsec", site.folder / ".sftsec")
    before = site.json("dataset", "show", "triage")[0]["digest"]
    work = site.folder / ".sftsec" / "runs"
    site.kill_when(lambda: any(work.glob("*/ingest")), "dataset", "build", "triage")
    site.run("dataset", "build", "triage")
    assert [s["digest"] for s in site.json("dataset", "show", "triage")] == [before]


def test_rerun_of_scoring_pushes_each_once(site: Site, expected: set[str]) -> None:
    def scored_a_page() -> bool:
        with site.store() as store:
            return store.outbox.pending("incidents") > 0

    site.kill_when(scored_a_page, "score", "triage")
    site.run("score", "triage")
    assert_each_once(site, expected)


@pytest.mark.parametrize("program", [DIE_BEFORE_PUSH, DIE_AFTER_PUSH])
def test_rerun_around_push_pushes_each_once(site: Site, expected: set[str], program: str) -> None:
    site.run("score", "triage", code=-9, program=program)
    site.run("score", "triage")
    assert_each_once(site, expected)


def test_rescan_pushes_nothing_again(site: Site, expected: set[str]) -> None:
    site.run("score", "triage")
    again = site.json("score", "triage", "--rescan")
    assert again["delivered"]["written"] == 0
    assert again["scored"] == 1500
    assert_each_once(site, expected)
