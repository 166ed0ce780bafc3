"""Several processes at one registry, and processes that are killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from sftsec_core.api.domain import Decision, Vote
from sftsec_core.api.errors import StoreError
from sftsec_core.registry.registry import ModelRegistry
from sftsec_core.store.store import Store
from tests.core.registry.trained import RECIPES, TASK, register
from tests.e2e.forked import PROCESSES

YES = Decision(True, (Vote("no_leak", True, "clean"),))


def opened(folder: Path) -> tuple[Store, ModelRegistry]:
    store = Store.open(None, folder=folder, actor="tester")
    return store, ModelRegistry(store.models, folder / "models", RECIPES)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[tuple[Path, Store, ModelRegistry]]:
    store, registry = opened(tmp_path)
    yield tmp_path, store, registry
    store.close()


def promote_often(folder: Path, digests: list[str], who: str, barrier: object) -> None:
    store, registry = opened(folder)
    barrier.wait()  # type: ignore[attr-defined]
    won = 0
    for turn in range(20):
        try:
            registry.promote(TASK.name, digests[turn % len(digests)], YES, who)
            won += 1
        except StoreError:
            continue
    assert won
    store.close()


def register_often(folder: Path, who: str) -> None:
    store, registry = opened(folder)
    for turn in range(1000):
        register(registry, f"{who}-{turn}")
    store.close()


def test_concurrent_promotions_leave_one_history(
    state: tuple[Path, Store, ModelRegistry],
) -> None:
    folder, store, registry = state
    digests = [register(registry, f"run-{i}").digest for i in range(3)]
    barrier = PROCESSES.Barrier(2)
    workers = [
        PROCESSES.Process(target=promote_often, args=(folder, turned, who, barrier))
        for turned, who in ((digests, "ann"), (digests[::-1], "bob"))
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0]
    history = store.models.alias_history(TASK.name, "live")
    live = registry.live(TASK.name)
    assert live is not None
    assert live.digest == history[0][0]
    # Each move was decided on what the move before it left: none repeats its predecessor.
    assert all(newer[0] != older[0] for newer, older in pairwise(history))


def test_kill_during_registration_leaves_whole_models(
    state: tuple[Path, Store, ModelRegistry],
) -> None:
    folder, _, registry = state
    worker = PROCESSES.Process(target=register_often, args=(folder, "doomed"))
    worker.start()
    deadline = time.monotonic() + 60
    while len(registry.models()) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    worker.join(60)
    assert worker.exitcode == -signal.SIGKILL
    models = registry.models()
    assert len(models) >= 2
    for ref in models:
        registry.verify(ref)
    after = register(registry, "after")
    visible = {path.name for path in (folder / "models").iterdir() if path.name[0] != "."}
    assert after.digest in visible
    assert {ref.digest for ref in registry.models()} <= visible
    assert not list((folder / "models").glob(".staging-*"))
