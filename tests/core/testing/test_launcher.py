"""The contract of launchers passes what is right and finds what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.contracts import EmptyConfig, LauncherSpec, TrainOrder
from sftsec_core.api.domain import Event
from sftsec_core.plugins import Plugins
from sftsec_core.recipes.launch.fit import fit_order
from sftsec_core.recipes.launch.places import fitted_folder
from sftsec_core.recipes.specs import LOCAL_LAUNCHER
from sftsec_core.testing import LauncherContract
from tests.core.testing.contracts import checks_of, fails

Emit = Callable[[Event], None]
PATIENCE_S = 60


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
