"""Removing what is unused: what goes, what a kill leaves, and what happens beside others."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from sftsec_core.api.errors import StoreError
from sftsec_core.operations.build_dataset import build_dataset
from sftsec_core.operations.context import Context
from sftsec_core.operations.remove_unused import UnusedResult, remove_unused
from sftsec_core.operations.unused import MODEL, RUN, SNAPSHOT, UnusedOrder
from sftsec_core.store.models import Models
from sftsec_core.store.snapshots import Snapshots
from tests.core.operations.nights import ALL, Nights, opened
from tests.core.operations.secret_task import Observer, context
from tests.core.registry.trained import TASK, register


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    return Nights.make(tmp_path_factory.mktemp("nights") / "site")


@pytest.fixture
def site(template: Nights, tmp_path: Path) -> Nights:
    folder = Path(shutil.copytree(template.folder, tmp_path / "site"))
    return Nights(folder, template.nights)


def remove(site: Nights, order: UnusedOrder = ALL, **given: Any) -> UnusedResult:
    with site.opened() as work:
        return remove_unused(work, order, remove=given.get("remove", True))


def gone(found: UnusedResult) -> set[tuple[str, str]]:
    return {(item.kind, item.name) for item in found.items if item.goes}


def files(site: Nights) -> set[Path]:
    """All files of the state but the database's and the locks."""
    found = (path.relative_to(site.state) for path in site.state.rglob("*") if path.is_file())
    return {path for path in found if path.name != ".lock" and "sftsec.db" not in path.name}


def is_held(folder: Path) -> bool:
    """Whether someone holds the folder's lock."""
    with (folder / ".lock").open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def check_consistent(site: Nights) -> None:
    """Every row names what is there, and what is needed works."""
    with site.opened() as work:
        check_rows(work, site)


def check_rows(work: Context, site: Nights) -> None:
    store, registry = work.store, work.registry
    known = {run.id for run in store.runs.list()}
    for ref in registry.models():
        registry.verify(ref)
        assert registry.card(ref)["training_data"]["snapshot"] in {
            row.digest for row in store.snapshots.list()
        }
        assert ref.run_id in known
        assert (store.runs.get(ref.run_id).folder / "report.json").is_file()
    assert all(run.folder.is_dir() for run in store.runs.list())
    assert all((row.folder / "manifest.json").is_file() for row in store.snapshots.list())
    store.audit.verify()
    first, _, third, _ = site.nights
    assert registry.restorable(TASK.name) == [first.model, third.model]


class TestLooking:
    def test_removes_nothing_from_the_disk(self, site: Nights) -> None:
        before = files(site)
        found = remove(site, remove=False)
        second = site.nights[1]
        assert {(MODEL, second.model), (RUN, second.run), (SNAPSHOT, second.snapshot)} <= gone(
            found
        )
        assert not found.removed
        assert files(site) == before

    def test_says_what_a_removal_does(self, site: Nights) -> None:
        planned = remove(site, remove=False)
        with_lock = files(site)
        done = remove(site)
        assert done.removed
        assert gone(done) == gone(planned)
        assert done.bytes == planned.bytes > 0
        freed = with_lock - files(site)
        assert freed
        assert all("seen" not in path.name for path in freed)


class TestRemoval:
    def test_leaves_what_is_needed_whole(self, site: Nights) -> None:
        found = remove(site)
        check_consistent(site)
        with site.opened() as work:
            assert {ref.digest for ref in work.registry.models()} == {
                night.model for n, night in enumerate(site.nights) if n != 1
            }
            entries = {e.action: e for e in work.store.audit.tail(50)}
        assert entries["model.removed"].object == site.nights[1].model
        assert entries["runs.removed"].details["runs"] == [site.nights[1].run]
        assert entries["snapshot.removed"].details["tasks"] == [TASK.name]
        assert "runs.emptied" in entries
        assert gone(found)
        assert gone(remove(site)) == set()

    def test_leaves_a_rollback_where_it_led(self, site: Nights) -> None:
        remove(site)
        first, _, third, _ = site.nights
        with site.opened() as work:
            assert work.registry.restorable(TASK.name) == [first.model, third.model]
            assert work.registry.rollback(TASK.name, "ada", "again").digest == first.model

    def test_finds_nothing_that_is_young(self, site: Nights) -> None:
        before = files(site)
        assert gone(remove(site, UnusedOrder(timedelta(days=30), keep=0))) == set()
        assert files(site) == before

    def test_takes_leftovers_of_the_dead(self, site: Nights) -> None:
        for name in ("models/" + "e" * 64, "snapshots/" + "f" * 64, "models/.staging-dead"):
            (site.state / name).mkdir()
            (site.state / name / "half").write_bytes(b"h")
        (site.state / "salt.4711").write_bytes(b"s")
        names = {name for kind, name in gone(remove(site)) if kind == "leftover"}
        assert names == {
            "models/" + "e" * 64,
            "snapshots/" + "f" * 64,
            "models/.staging-dead",
            "salt.4711",
        }
        assert not any((site.state / name).exists() for name in names)

    def test_names_a_folder_that_stays(self, site: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
        def denied(path: Path, target: Path) -> Path:
            raise PermissionError(13, "Permission denied")

        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", denied)
            with pytest.raises(StoreError, match="cannot be removed: Permission denied"):
                remove(site)
        check_consistent(site)
        assert ("leftover", f"models/{site.nights[1].model}") in gone(remove(site))


class TestKilled:
    def test_at_any_step_leaves_a_whole_state(self, template: Nights, tmp_path: Path) -> None:
        module = "tests.core.operations.killed_removal"
        command = [sys.executable, "-m", module, str(template.folder), str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        sites = [Nights(folder, template.nights) for folder in sorted(tmp_path.iterdir())]
        assert len(sites) > 8
        ends = set()
        for each in sites:
            with each.opened() as work:
                check_rows(work, each)
                remove_unused(work, ALL, remove=True)
                check_rows(work, each)
            ends.add(frozenset(files(each)))
        assert len(ends) == 1
        assert not [path for path in next(iter(ends)) if path.name.startswith(".staging")]


class TestBesideOthers:
    def test_two_removals_share_the_work(self, site: Nights) -> None:
        planned = gone(remove(site, remove=False))
        together = Barrier(2)

        def one(_number: int) -> set[tuple[str, str]]:
            with opened(site.folder) as work:
                together.wait()
                return gone(remove_unused(work, ALL, remove=True))

        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(one, range(2))
        assert first | second == planned
        rows = {(kind, name) for kind, name in first & second if kind in (MODEL, RUN, SNAPSHOT)}
        assert rows == set()
        check_consistent(site)

    def test_snapshot_is_held_until_recorded(
        self, folder: Path, observer: Observer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        held: list[bool] = []
        add = Snapshots.add

        def add_while_held(
            self: Snapshots, task: str, digest: str, place: Path, **more: Any
        ) -> None:
            with (place.parent / ".lock").open("rb") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    held.append(place.is_dir())
            add(self, task, digest, place, **more)

        monkeypatch.setattr(Snapshots, "add", add_while_held)
        with context(folder, observer, "linear") as work:
            build_dataset(work, "secret")
        assert held == [True]

    def test_model_is_held_until_recorded(
        self, site: Nights, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        held: list[bool] = []
        add = Models.add

        def add_while_held(self: Models, ref: Any, card: str | None = None) -> None:
            held.append(ref.folder.is_dir() and is_held(ref.folder.parent))
            add(self, ref, card)

        monkeypatch.setattr(Models, "add", add_while_held)
        with site.opened() as work:
            register(work.registry, "another")
        assert held == [True]
