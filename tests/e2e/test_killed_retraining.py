"""Retraining killed in each of its steps: the same command resumes it, a corrected one does not."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.e2e.site import PATIENCE_S, Site, wait_until

KILL = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
CHILD = "sftsec_core.recipes.launch.child"
# Where the command dies: the owner of a function, and whether the function is done by then.
STEPS = {
    "pull": ("sftsec_core.operations.ingesting", "_keep_beside", "after"),
    "fit": ("sftsec_core.operations.retrain", "fit_all", "after"),
    "gate": ("sftsec_core.operations.proposing", "decide", "before"),
    "register": ("sftsec_core.operations.retrain", "register", "after"),
    "promote": ("sftsec_core.registry.registry.ModelRegistry", "promote", "before"),
    "promoted": ("sftsec_core.registry.registry.ModelRegistry", "promote", "after"),
}


def dying(owner: str, name: str, when: str) -> str:
    """The command line, which ends by SIGKILL where it calls a function."""
    call = "inner(*args, **kwargs)" if when == "after" else "pass"
    return f"""
import pkgutil
owner = pkgutil.resolve_name({owner!r})
inner = getattr(owner, {name!r})
def killed(*args, **kwargs):
    {call}
    {KILL}
setattr(owner, {name!r}, killed)
from sftsec_core.cli import main; main()
"""


def training_process(parent: int) -> int | None:
    """The process that a command started to train in; None when there is none."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    for child in children:
        command = Path(f"/proc/{child}/cmdline")
        if command.exists() and CHILD in command.read_text(encoding="utf-8"):
            return int(child)
    return None


def await_end(process: int) -> None:
    """Wait until a process that is no child of ours is gone."""
    deadline = time.monotonic() + PATIENCE_S
    while Path(f"/proc/{process}").exists():
        assert time.monotonic() < deadline, "the training process outlived its parent"
        time.sleep(0.01)


class Killed:
    """A site whose retraining was killed; copied back for each way of going on."""

    def __init__(self, folder: Path) -> None:
        """Make the site; nothing of it runs yet."""
        self.site = Site.make(folder / "site")
        self._kept = folder / "kept"

    def keep(self) -> None:
        """Remember the state as the kill left it."""
        shutil.copytree(self.site.folder, self._kept)

    def again(self) -> Site:
        """The site as the kill left it, at its own path."""
        shutil.rmtree(self.site.folder)
        shutil.copytree(self._kept, self.site.folder)
        return self.site


def kill_in_training(site: Site, *, parent: bool) -> None:
    """Kill the command or its training process while a recipe is fitted."""
    command = site.start("retrain", "triage")
    wait_until(lambda: training_process(command.pid) is not None, command)
    child = training_process(command.pid)
    assert child is not None
    os.kill(command.pid if parent else child, signal.SIGKILL)
    _, told = command.communicate(timeout=PATIENCE_S)
    if parent:
        assert command.returncode == -signal.SIGKILL
        await_end(child)
    else:
        assert command.returncode == 7
        assert "the training process was ended by SIGKILL" in told


ALL_STEPS = (*STEPS, "parent", "training process")
# A run that is left behind looks the same after each: before, in and after the training.
LEFT_BEHIND = ("pull", "training process", "promoted")


@pytest.fixture(scope="class")
def killed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Killed:
    made = Killed(tmp_path_factory.mktemp("killed"))
    if request.param in STEPS:
        made.site.run("retrain", "triage", code=-9, program=dying(*STEPS[request.param]))
    else:
        kill_in_training(made.site, parent=request.param == "parent")
    made.keep()
    return made


class TestKilledRetraining:
    @pytest.mark.parametrize("killed", ALL_STEPS, indirect=True)
    def test_same_command_resumes_it(self, killed: Killed) -> None:
        site = killed.again()
        with site.store() as store:
            (left,) = store.runs.list("triage")
        assert left.status in ("running", "interrupted")
        outcome = site.json("retrain", "triage")
        assert (outcome["run"], outcome["promoted"]) == (left.id, True)
        assert_one_live_model(site, outcome["model"]["digest"])
        with site.store() as store:
            assert [run.status for run in store.runs.list("triage")] == ["succeeded"]

    @pytest.mark.parametrize("killed", LEFT_BEHIND, indirect=True)
    def test_changed_settings_start_afresh(self, killed: Killed) -> None:
        site = killed.again()
        with site.store() as store:
            (left,) = store.runs.list("triage")
        site.change("tasks", "triage", keep=[])
        outcome = site.json("retrain", "triage")
        assert outcome["run"] != left.id
        with site.store() as store:
            runs = {run.id: run.status for run in store.runs.list("triage")}
            assert runs == {left.id: "failed", outcome["run"]: "succeeded"}
            assert store.models.aliases("triage")["live"] == outcome["model"]["digest"]
        site.run("model", "verify")


def assert_one_live_model(site: Site, digest: str) -> None:
    with site.store() as store:
        assert [model.digest for model in store.models.list("triage")] == [digest]
        assert store.models.aliases("triage")["live"] == digest
        assert len(store.models.alias_history("triage", "live")) == 1
        assert len(store.snapshots.list("triage")) == 1
        assert store.audit.verify() > 0
    site.run("model", "verify")
