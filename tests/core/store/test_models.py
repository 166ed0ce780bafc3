"""Models and aliases: moved by compare-and-swap, with history and audit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import ModelRef
from sftsec_core.api.errors import NotFoundError, StoreError
from sftsec_core.store.store import Store
from tests.e2e.forked import PROCESSES

A, B, C = "a" * 64, "b" * 64, "c" * 64


def ref(state: Path, digest: str, task: str = "mail", hour: int = 1) -> ModelRef:
    folder = state / "models" / digest
    at = datetime(2026, 1, 31, hour, tzinfo=UTC)
    return ModelRef(digest, task, "linear", "run-1", folder, at)


def move(store: Store, digest: str, expected: str | None, reason: str = "better") -> None:
    store.models.set_alias("mail", "live", digest, expected=expected, by="ada", reason=reason)


@pytest.fixture
def stocked(store: Store, state: Path) -> Store:
    for hour, digest in enumerate((A, B, C), start=1):
        store.models.add(ref(state, digest, hour=hour))
    return store


def _race(url: str, folder: Path, digest: str, barrier: Any, results: Any) -> None:
    with Store.open(url, folder=folder, actor="tester") as store:
        barrier.wait()
        try:
            move(store, digest, A)
        except StoreError:
            results.put(None)
        else:
            results.put(digest)


def test_model_comes_back_as_added(stocked: Store, state: Path) -> None:
    assert stocked.models.get(A) == ref(state, A)
    assert stocked.models.get("d" * 64) is None
    assert [model.digest for model in stocked.models.list("mail")] == [C, B, A]
    assert stocked.models.list("proxy") == []
    assert len(stocked.models.list(None)) == 3


def test_model_of_two_runs_is_one(stocked: Store, state: Path) -> None:
    first = ref(state, A)
    stocked.models.add(replace(ref(state, A, hour=9), run_id="run-2"), card=B)
    assert stocked.models.get(A) == replace(first, run_id="run-2")
    assert [(made.run_id, made.card) for made in stocked.models.registrations(A)] == [
        ("run-1", None),
        ("run-2", B),
    ]
    entry = stocked.audit.tail(action="model.registered")[-1]
    assert (entry.details["run"], entry.details["card"]) == ("run-2", B)
    assert len(stocked.models.list("mail")) == 3


def test_run_that_registers_again_is_one(stocked: Store, state: Path) -> None:
    stocked.models.add(ref(state, A, hour=9))
    assert len(stocked.audit.tail(action="model.registered")) == 3
    stocked.models.add(ref(state, A, hour=9), card=C)
    (made,) = stocked.models.registrations(A)
    assert (made.run_id, made.card) == ("run-1", C)
    assert stocked.models.get(A) == ref(state, A)


def test_a_model_of_another_task_is_refused(stocked: Store, state: Path) -> None:
    with pytest.raises(StoreError, match="answers task 'mail', not 'proxy'"):
        stocked.models.add(ref(state, A, "proxy"))
    with pytest.raises(StoreError, match="answers task 'mail', not 'proxy'"):
        stocked.models.set_alias("proxy", "live", A, expected=None, by="ada", reason="")


def test_alias_moves_with_history_and_audit(stocked: Store) -> None:
    move(stocked, A, None, "first")
    move(stocked, B, A, "better")
    assert stocked.models.aliases("mail") == {"live": B}
    history = stocked.models.alias_history("mail", "live")
    assert [(digest, by, reason) for digest, _, by, reason in history] == [
        (B, "ada", "better"),
        (A, "ada", "first"),
    ]
    last = stocked.audit.tail()[-1]
    assert (last.actor, last.action, last.object) == ("ada", "alias.moved", "mail/live")
    assert last.details == {"digest": B, "previous": A, "reason": "better"}
    model = stocked.models.get(B)
    assert model is not None
    assert model.aliases == ("live",)


@pytest.mark.parametrize("expected", [None, A, C])
def test_alias_elsewhere_is_not_moved(stocked: Store, expected: str | None) -> None:
    move(stocked, B, None)
    before = stocked.audit.head()
    with pytest.raises(StoreError, match="somebody moved it meanwhile"):
        move(stocked, C, expected)
    assert stocked.models.aliases("mail") == {"live": B}
    assert len(stocked.models.alias_history("mail", "live")) == 1
    assert stocked.audit.head() == before


def test_new_alias_has_no_earlier_model(stocked: Store) -> None:
    with pytest.raises(StoreError, match="no longer points at aaaaaaaaaaaa"):
        move(stocked, B, A)


def test_an_unknown_model_gets_no_alias(stocked: Store) -> None:
    with pytest.raises(NotFoundError, match="unknown model"):
        move(stocked, "d" * 64, None)


def test_one_of_two_promotions_wins(stocked: Store, database_url: str, state: Path) -> None:
    move(stocked, A, None)
    barrier, results = PROCESSES.Barrier(2), PROCESSES.Queue()
    workers = [
        PROCESSES.Process(target=_race, args=(database_url, state, digest, barrier, results))
        for digest in (B, C)
    ]
    for worker in workers:
        worker.start()
    answers = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(60)
    (winner,) = [answer for answer in answers if answer]
    assert stocked.models.aliases("mail") == {"live": winner}
    assert len(stocked.models.alias_history("mail", "live")) == 2
