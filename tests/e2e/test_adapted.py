"""An encoder that is adapted through the queue: killed, resumed, kept, and used on another host."""

from __future__ import annotations

import os
import shutil
import signal
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.core.recipes.tiny_encoder import make_tiny_encoder
from tests.e2e.site import Site, wait_until
from tests.e2e.test_killed_retraining import await_end, training_process

TASK = "triage"
WORK = ("worker", "run", "--once")


def recipe_on(path: str, sha256: str) -> dict[str, Any]:
    encoder = {"path": path, "sha256": sha256, "max_length": 64}
    return {"recipe": {"name": "probe", "encoder": encoder}}


def run_process(worker: int) -> int:
    """The process that a worker has started for its run; 0 while there is none."""
    children = Path(f"/proc/{worker}/task/{worker}/children").read_text("ascii").split()
    return int(children[0]) if children else 0


def trains(worker: int) -> bool:
    found = run_process(worker)
    return bool(found) and training_process(found) is not None


def set_state(site: Site, **keys: Any) -> None:
    settings = yaml.safe_load(site.config.read_text("utf-8"))
    settings["state"] |= keys
    site.config.write_text(yaml.safe_dump(settings), encoding="utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site whose adaptation was queued and killed with all of its processes as it trained."""
    folder = tmp_path_factory.mktemp("adapted")
    tiny = make_tiny_encoder(folder / "tiny")
    made = Site.make(
        folder / "site", rows=160, open_rows=0, train=recipe_on(tiny.path, tiny.sha256 or "")
    )
    made.run("dataset", "build", TASK)
    queued = made.json("run", "add", "adapt", TASK, "-p", "budget=30m")
    worker = made.start(*WORK)
    wait_until(lambda: trains(worker.pid), worker)
    run = run_process(worker.pid)
    child = training_process(run)
    for process in (worker.pid, run, child or run):
        os.kill(process, signal.SIGKILL)
    worker.communicate()
    await_end(child or run)
    with made.store() as store:
        assert store.runs.get(queued["run"]).status in ("running", "interrupted")
    wait_until_taken(made, queued["run"])
    return made


def wait_until_taken(site: Site, run: str) -> None:
    """Let workers look, until the lease of the killed one has ended and one carries it out."""
    for _ in range(60):
        if site.json(*WORK)["runs"]:
            break
    with site.store() as store:
        assert store.runs.get(run).status == "succeeded"


@pytest.fixture(scope="module")
def encoder(site: Site) -> Path:
    (found,) = (site.state / "encoders").glob("*/adaptation.json")
    return found.parent


class TestQueuedAdaptation:
    def test_killed_one_is_taken_over(self, site: Site, encoder: Path) -> None:
        with site.store() as store:
            kinds = [(run.kind, run.status) for run in store.runs.list(TASK)]
            (told,) = [e for e in store.audit.tail(30) if e.action == "encoder.adapted"]
        assert sorted(kinds) == [("adapt", "succeeded"), ("dataset", "succeeded")]
        assert told.object == encoder.name
        assert told.details["parent"]

    def test_backup_holds_it(self, site: Site, encoder: Path, tmp_path: Path) -> None:
        site.run("store", "backup", str(tmp_path / "b.tar"))
        with tarfile.open(tmp_path / "b.tar") as backup:
            names = {name for name in backup.getnames() if name.startswith("encoders/")}
        assert f"encoders/{encoder.name}/model.safetensors" in names
        assert len(names) >= len([*encoder.iterdir()])

    def test_another_host_brings_it(self, site: Site, encoder: Path, tmp_path: Path) -> None:
        one = Site(Path(shutil.copytree(site.folder, tmp_path / "one")))
        set_state(one, artifacts=f"file://{tmp_path / 'share'}")
        one.change("tasks", TASK, train=recipe_on(f".sftsec/encoders/{encoder.name}", encoder.name))
        one.json("store", "share")
        assert (tmp_path / "share" / "encoders" / encoder.name).is_dir()
        shutil.rmtree(one.state / "encoders")  # as a host that has made none
        assert one.json("retrain", TASK)["model"]["recipe"] == "probe"
        assert (one.state / "encoders" / encoder.name / "model.safetensors").is_file()
        shutil.rmtree(one.state / "encoders")
        one.json("score", TASK)
        assert (one.state / "encoders" / encoder.name / "model.safetensors").is_file()
