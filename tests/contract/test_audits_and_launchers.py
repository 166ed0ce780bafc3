"""The contracts of audits and launchers pass what is right and find what is wrong."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sftsec_core.api.contracts import (
    AuditInput,
    AuditSpec,
    EmptyConfig,
    LauncherSpec,
    TrainOrder,
)
from sftsec_core.api.domain import Batch, Event
from sftsec_core.plugins import Plugins
from sftsec_core.recipes.launch.fit import fit_order, fitted_folder
from sftsec_core.recipes.specs import LOCAL_LAUNCHER
from sftsec_core.testing import AuditContract, LauncherContract

Section = Mapping[str, Any]
Emit = Callable[[Event], None]
PATIENCE_S = 60

# --- audits


def errors(_config: EmptyConfig, given: AuditInput) -> Section:
    """Right: how many rows of the test part are decided wrongly."""
    found = given.predictions.labels != given.predictions.y
    return {"rows": len(found), "errors": int(found.sum())}


def at_an_hour(config: EmptyConfig, given: AuditInput) -> Section:
    return {**errors(config, given), "at": datetime.now(UTC).isoformat()}


def by_chance(config: EmptyConfig, given: AuditInput) -> Section:
    return {**errors(config, given), "chance": random.random()}  # noqa: S311 - the fault


def by_hash(config: EmptyConfig, given: AuditInput) -> Section:
    return {**errors(config, given), "rows": hash(given.split.test[0].uid)}


def nothing(_config: EmptyConfig, _given: AuditInput) -> Section:
    return {}


def always_content(_config: EmptyConfig, given: AuditInput) -> Section:
    return {"rows": len(given.predictions), "sound": True}


def undefined(config: EmptyConfig, given: AuditInput) -> Section:
    return {**errors(config, given), "gain": float("nan")}


def of_numpy(_config: EmptyConfig, given: AuditInput) -> Section:
    return {"errors": np.sum(given.predictions.labels != given.predictions.y)}


def of_sets(config: EmptyConfig, given: AuditInput) -> Section:
    return {**errors(config, given), "labels": set(given.task.labels)}


def by_number(config: EmptyConfig, given: AuditInput) -> Section:
    return {0: errors(config, given)["errors"]}  # type: ignore[dict-item]  # the fault


def a_list(config: EmptyConfig, given: AuditInput) -> Section:
    return [errors(config, given)]  # type: ignore[return-value]  # the fault


def sorting_in_place(config: EmptyConfig, given: AuditInput) -> Section:
    section = errors(config, given)
    given.predictions.proba.sort(axis=0)
    return section


def with_a_mark(config: EmptyConfig, given: AuditInput) -> Section:
    given.predictions.y[0] = 1 - given.predictions.y[0]
    return errors(config, given)


def wants_dev(config: EmptyConfig, given: AuditInput) -> Section:
    batch = Batch.of_examples(given.task.inputs, given.split.dev)
    return {**errors(config, given), "least": float(given.model.predict_proba(batch).min())}


def wants_times(config: EmptyConfig, given: AuditInput) -> Section:
    assert given.predictions.at is not None
    return {**errors(config, given), "first": str(given.predictions.at.min())}


def wants_attacks(_config: EmptyConfig, given: AuditInput) -> Section:
    attacks = given.predictions.attacks
    missed = attacks & (given.predictions.labels == 0)
    return {"missed": int(missed.sum()) / int(attacks.sum())}


WRONG_AUDITS = {
    at_an_hour: "same_candidate",
    by_chance: "same_candidate",
    by_hash: "same_candidate",
    nothing: "json_values",
    always_content: "tells_a_faulty",
    undefined: "json_values",
    of_numpy: "json_values",
    of_sets: "json_values",
    by_number: "json_values",
    a_list: "json_values",
    sorting_in_place: "leaves",
    with_a_mark: "leaves",
    wants_dev: "any_split",
    wants_times: "any_split",
    wants_attacks: "any_split",
}


def audit(run: Callable[..., Any]) -> AuditSpec[Any]:
    return AuditSpec(name="made", summary="Made for a test", run=run)


class TestErrors(AuditContract):
    """A right one passes everything, inherited."""

    def spec(self) -> AuditSpec[Any]:
        return audit(errors)


class TestWrongAudits:
    @pytest.mark.parametrize(("run", "test"), WRONG_AUDITS.items())
    def test_contract_finds_it(self, run: Callable[..., Any], test: str) -> None:
        contract = AuditContract()
        contract.spec = lambda: audit(run)  # type: ignore[method-assign]
        failed = [name for name in checks_of(AuditContract) if fails(getattr(contract, name))]
        assert any(test in name for name in failed), failed


def checks_of(contract: type) -> Iterator[str]:
    return (name for name in vars(contract) if name.startswith("test_"))


def fails(test: Callable[..., None], *arguments: object) -> bool:
    with suppress(Exception, pytest.fail.Exception):
        test(*arguments)
        return False
    return True


# --- launchers


def in_place(_config: EmptyConfig, order: TrainOrder, emit: Emit) -> None:
    """Right, if slow tests of one process are meant: fits here."""
    fit_order(order, Plugins(order.plugins), emit)


def silent(config: EmptyConfig, order: TrainOrder, _emit: Emit) -> None:
    in_place(config, order, lambda _: None)


def deaf(config: EmptyConfig, order: TrainOrder, emit: Emit) -> None:
    def lenient(event: Event) -> None:
        with suppress(Exception):
            emit(event)

    in_place(config, order, lenient)


def afterwards(config: EmptyConfig, order: TrainOrder, emit: Emit) -> None:
    """Hold the events back until the end, and in the wrong order."""
    events: list[Event] = []
    in_place(config, order, events.append)
    for event in reversed(events):
        emit(event)


def over_again(config: EmptyConfig, order: TrainOrder, emit: Emit) -> None:
    for recipe in order.recipes:
        fitted = fitted_folder(order.folder, recipe)
        if fitted.exists():
            (fitted / "fit.json").unlink(missing_ok=True)
    in_place(config, order, emit)


def lenient(config: EmptyConfig, order: TrainOrder, emit: Emit) -> None:
    with suppress(Exception):
        in_place(config, order, emit)


def raw(config: EmptyConfig, order: TrainOrder, emit: Emit) -> None:
    try:
        in_place(config, order, emit)
    except Exception as error:
        raise RuntimeError(str(error)) from error


def half(_config: EmptyConfig, order: TrainOrder, _emit: Emit) -> None:
    """Leave a folder without a model."""
    folder = fitted_folder(order.folder, order.recipes[0])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fit.json").write_text(json.dumps({"seconds": 0, "notes": {}}))


LEFT: list[subprocess.Popen[bytes]] = []


def leaves_a_process(config: EmptyConfig, order: TrainOrder, emit: Emit) -> None:
    LEFT.append(subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({PATIENCE_S})"]))
    in_place(config, order, emit)


WRONG_LAUNCHERS = {
    silent: "events_reach",
    deaf: "ends_what",
    afterwards: "events_reach",
    over_again: "left_alone",
    lenient: "failure_is",
    raw: "lost_examples",
    half: "fits_what",
    leaves_a_process: "ends_what",
}


def launcher(run: Callable[..., Any]) -> LauncherSpec[Any]:
    return LauncherSpec(name="made", summary="Made for a test", run=run)


class TestLocal(LauncherContract):
    """Everything, inherited."""

    def spec(self) -> LauncherSpec[Any]:
        return LOCAL_LAUNCHER


class TestWrongLaunchers:
    @pytest.fixture(autouse=True)
    def _end(self) -> Iterator[None]:
        yield
        for process in LEFT:
            process.kill()
            process.wait()
        LEFT.clear()

    def test_contract_passes_a_right_one(self, tmp_path: Path) -> None:
        assert list(self._failed(in_place, tmp_path)) == []

    @pytest.mark.parametrize(("run", "test"), WRONG_LAUNCHERS.items())
    def test_contract_finds_it(self, run: Callable[..., Any], test: str, tmp_path: Path) -> None:
        failed = list(self._failed(run, tmp_path))
        assert any(test in name for name in failed), failed

    def _failed(self, run: Callable[..., Any], folder: Path) -> Iterator[str]:
        contract = LauncherContract()
        contract.spec = lambda: launcher(run)  # type: ignore[method-assign]
        for name in checks_of(LauncherContract):
            (folder / name).mkdir()
            if fails(getattr(contract, name), folder / name):
                yield name
