"""An adaptation of the queue: killed with its worker as it trains, and taken over by another."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from sftsec_core.recipes.launch.places import FITTED
from sftsec_core.store.runs import LOG
from tests.core.recipes.tiny_encoder import make_tiny_encoder
from tests.e2e.site import Site, wait_until
from tests.e2e.test_killed_retraining import await_end, training_process

TASK = "triage"
STEPS = b'"unit": "steps"'


def kill_as_it_trains(site: Site, log: Path) -> None:
    """Kill -9 a worker, the run's process and the one that trains, once this has done steps."""
    worker = site.start("worker", "run")
    wait_until(lambda: log.exists() and STEPS in log.read_bytes(), worker)
    process = int(Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text("ascii"))
    trainer = training_process(process)
    assert trainer is not None
    for each in (trainer, process, worker.pid):
        os.kill(each, signal.SIGKILL)
    worker.communicate()
    await_end(process)


def carry_out_next(site: Site) -> None:
    """Look into the queue, as workers do, until the lease of the killed one has run out."""
    while not site.json("worker", "run", "--once")["runs"]:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site with a data set, whose task reads a tiny encoder."""
    tiny = make_tiny_encoder(tmp_path / "tiny")
    encoder = {"path": tiny.path, "sha256": tiny.sha256, "max_length": 64}
    recipe = {"recipe": {"name": "probe", "encoder": encoder}}
    site = Site.make(tmp_path / "site", rows=160, open_rows=0, train=recipe)
    site.run("dataset", "build", TASK)
    return site


class TestQueuedAdaptation:
    def test_killed_one_is_taken_over(self, site: Site) -> None:
        run = site.json("run", "add", "adapt", TASK, "-p", "budget=30m")["run"]
        folder = site.state / "runs" / run
        kill_as_it_trains(site, folder / LOG)
        assert not (folder / FITTED).exists()
        carry_out_next(site)
        with site.store() as store:
            runs = {each.id: (each.kind, each.status) for each in store.runs.list(TASK)}
            (made,) = [each for each in store.audit.tail(30) if each.action == "encoder.adapted"]
        assert runs[run] == ("adapt", "succeeded")
        assert made.details["run"] == run
        assert list((site.state / "encoders").glob("*/adaptation.json")) == [
            site.state / "encoders" / made.object / "adaptation.json"
        ]
