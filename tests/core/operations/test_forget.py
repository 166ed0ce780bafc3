"""Forgetting an incident or a user: what goes, what tells of it, and what may serve how long."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from sftsec_core.api.domain import RunInfo
from sftsec_core.api.errors import DataError, GateRefusedError, RunActiveError, StoreError
from sftsec_core.operations.build_dataset import build_dataset
from sftsec_core.operations.context import Context
from sftsec_core.operations.forget import ForgetRequest, forget, resume_forgetting
from sftsec_core.operations.left_out import left_out
from sftsec_core.operations.outdated_models import outdated_models
from sftsec_core.operations.promote import promote
from sftsec_core.operations.retrain import retrain
from sftsec_core.operations.score import live_model
from sftsec_core.operations.verify_audit import verify_audit
from sftsec_core.store.runs import RunOrder
from tests.core.operations.secret_task import (
    LABELS,
    Observer,
    context,
    secret_of,
    write_incidents,
)
from tests.e2e.held_text import holding

UID = "incidents.jsonl#i5"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("forget")
    write_incidents(folder, 600)
    with opened(folder) as work:
        retrain(work, "secret")
    return folder


@pytest.fixture
def site(trained: Path, tmp_path: Path) -> Path:
    return shutil.copytree(trained, tmp_path / "site")


@contextmanager
def opened(folder: Path, **registry: timedelta) -> Iterator[Context]:
    with context(folder, Observer(), "linear") as work:
        changed = work.settings.registry.model_copy(update=registry)
        work.settings = work.settings.model_copy(update={"registry": changed})
        yield work


def text_of(folder: Path, uid: str = UID) -> str:
    rows = map(json.loads, (folder / "incidents.jsonl").read_text("utf-8").splitlines())
    return str(next(row["message"] for row in rows if row["id"] == uid.partition("#")[2]))


class TestForget:
    def test_refuses_what_it_does_not_know(self, site: Path) -> None:
        with opened(site) as work, pytest.raises(DataError, match="no incident of that id"):
            forget(work, ForgetRequest(uid="i9999"))
        with opened(site) as work:
            assert work.store.erasures.list() == []

    def test_names_the_whole_id_of_a_part(self, site: Path) -> None:
        told = "did you mean 'incidents.jsonl#i5'"
        with opened(site) as work, pytest.raises(DataError, match=told):
            forget(work, ForgetRequest(uid="i5"))

    def test_looks_without_touching_anything(self, site: Path) -> None:
        with opened(site) as work:
            found = forget(work, ForgetRequest(uid=UID), dry_run=True)
            assert (found.removed, found.incidents, found.rows["verdicts"]) == (False, 1, 1)
            assert [model.task for model in found.models] == ["secret"]
            assert work.store.verdicts.of("siem", [UID])
            assert work.store.erasures.list() == []

    def test_names_nobody_in_the_audit_log(self, site: Path) -> None:
        with opened(site) as work:
            before = work.store.audit.head()[0]
            forget(work, ForgetRequest(uid=UID))
            told = [(e.action, e.object, e.details) for e in work.store.audit.after(before, 20)]
            actions = [action for action, _, _ in told]
            assert actions == [
                "erasure.begun",
                "verdicts.erased",
                "snapshot.removed",
                "erasure.finished",
            ]
            assert f'"{UID}"' not in json.dumps(told)
            assert text_of(site) not in json.dumps(told)
            assert any("was erased" in line for line in verify_audit(work).proved)

    def test_takes_it_out_of_the_fingerprints(self, site: Path) -> None:
        with opened(site) as work:
            folder = work.store.runs.list(kind="retrain")[0].folder
            names = ("seen.npy", "judged.npy")
            before = [len(np.load(folder / name)) for name in names]
            forget(work, ForgetRequest(uid=UID))
            after = [len(np.load(folder / name)) for name in names]
        gone = [was - left for was, left in zip(before, after, strict=True)]
        assert gone[1] == 1
        assert gone[0] in {0, 1}

    def test_forgets_all_incidents_of_a_user(self, site: Path) -> None:
        text = text_of(site)
        with opened(site) as work:
            found = forget(work, ForgetRequest(field="message", value=text.swapcase()))
            assert (found.removed, found.incidents) == (True, 1)
            again = forget(work, ForgetRequest(field="message", value=text))
            assert (again.removed, again.incidents) == (False, 0)
        assert holding(site / ".sftsec", text) == []

    def test_waits_for_no_run(self, site: Path) -> None:
        with opened(site) as work:
            run = begin(work)
            with pytest.raises(RunActiveError, match=run.id):
                forget(work, ForgetRequest(uid=UID))
            assert work.store.erasures.list() == []


class TestCopies:
    def test_go_with_the_incident(self, site: Path) -> None:
        """A copy of the incident's record under another id, whose row the data set left out."""
        record = {"id": "copy", "message": text_of(site), "label": LABELS[secret_of(text_of(site))]}
        with (site / "incidents.jsonl").open("a", encoding="utf-8") as out:
            out.write(json.dumps(record) + "\n")
        with opened(site) as work:
            build_dataset(work, "secret")
            assert work.store.verdicts.of("siem", ["incidents.jsonl#copy"])
            found = forget(work, ForgetRequest(uid=UID))
            assert (found.incidents, found.rows["verdicts"]) == (2, 2)
            assert not work.store.verdicts.of("siem", ["incidents.jsonl#copy"])

    def test_under_another_connector_stay_out(self, site: Path) -> None:
        with opened(site) as work:
            forget(work, ForgetRequest(uid=UID))
            text = text_of(site)
            settings = work.settings
            siem = {"other": settings.connectors["siem"]}
            task = settings.tasks["secret"].model_copy(update={"connector": ("other",)})
            work.settings = settings.model_copy(
                update={"connectors": siem, "tasks": {"secret": task}}
            )
            build_dataset(work, "secret")
            assert work.store.verdicts.of("other", ["incidents.jsonl#i6"])
            assert not work.store.verdicts.of("other", [UID])
        assert holding(site / ".sftsec", text) == []


class TestResume:
    def test_finishes_what_any_kill_left(self, site: Path, tmp_path: Path) -> None:
        """Killed by SIGKILL at each step in turn, from the first to the last."""
        text, ends = text_of(site), tmp_path / "ends"
        command = [sys.executable, "-m", "tests.core.operations.killed_forgetting"]
        done = subprocess.run(
            [*command, str(site), str(ends), UID], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        copies = sorted(ends.iterdir())
        assert len(copies) > 10
        with opened(copies[len(copies) // 2]) as work, pytest.raises(StoreError, match="--resume"):
            left_out(work)
        open_ = [finish(copy, text) for copy in copies]
        # The last one was not killed.
        assert open_.count(True) >= len(copies) - 2

    def test_starts_an_interrupted_run_anew(self, site: Path) -> None:
        with opened(site) as work:
            run = begin(work)
            (run.folder / "snapshot").write_text("0" * 64)
            work.store.runs.interrupt(run.id, "killed")
            forget(work, ForgetRequest(uid=UID))
            assert not (run.folder / "snapshot").exists()
            assert UID not in build_dataset(work, "secret").to_json()


class TestOutdatedModels:
    def test_serve_until_their_deadline(self, site: Path) -> None:
        with opened(site) as work:
            forget(work, ForgetRequest(uid=UID))
            live = live_model(work, "secret")
            assert not outdated_models(work)[live.digest].over
        with opened(site, replace_within=timedelta(0)) as work:
            with pytest.raises(GateRefusedError, match="sftsec retrain secret"):
                live_model(work, "secret")
            with pytest.raises(GateRefusedError, match="may not serve since"):
                promote(work, live.digest)

    def test_are_replaced_without_a_new_verdict(self, site: Path) -> None:
        with opened(site, replace_within=timedelta(0)) as work:
            learned = work.registry.live("secret")
            forget(work, ForgetRequest(uid=UID))
            made = retrain(work, "secret")
            assert not made.unchanged
            assert learned is not None
            assert made.model.digest != learned.digest
            assert live_model(work, "secret").digest == made.model.digest


def finish(folder: Path, text: str) -> bool:
    """Finish a killed erasure as its message says; return whether there was one to finish."""
    with opened(folder) as work:
        done = resume_forgetting(work)
        if not done:  # it was not begun, or it was finished: the command may be repeated
            with suppress(DataError):
                forget(work, ForgetRequest(uid=UID))
        assert all(each.models[0].aliases == ("candidate", "live") for each in done)
        assert resume_forgetting(work) == []
        actions = [entry.action for entry in work.store.audit.tail(20)]
        assert actions.count("erasure.begun") == actions.count("erasure.finished") == 1
        assert any("was erased" in line for line in verify_audit(work).proved)
    assert holding(folder / ".sftsec", text) == []
    return bool(done)


def begin(work: Context) -> RunInfo:
    order = RunOrder("dataset", "secret", {"task": {}})
    return work.store.runs.begin(order, work.folder / "runs").info
