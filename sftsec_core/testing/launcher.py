"""What launchers keep, as a test class.

A launcher's test, whole::

    class TestMyCluster(LauncherContract):
        def spec(self):
            return MY_CLUSTER
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from sftsec_core.api.contracts import TrainOrder
from sftsec_core.api.domain import Event, StageFinished, StageStarted
from sftsec_core.api.errors import SftsecError
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.recipes.launch.files import task_to_json, write_examples
from sftsec_core.recipes.launch.fit import is_fitted
from sftsec_core.recipes.launch.places import EXAMPLES, fitted_folder
from sftsec_core.testing.incidents import make_examples, make_task

if TYPE_CHECKING:
    from pathlib import Path

    from sftsec_core.api.contracts import LauncherSpec

RECIPE = "linear"  # every installation has it, and it takes a moment


class _StoppedError(Exception):
    """What the sink of events raises: another process holds the run now."""


class LauncherContract:
    """Inherit it, and give `spec`; `alive` where what it starts is no child of this process."""

    # --- what the author gives

    def spec(self) -> LauncherSpec[Any]:
        """Give the launcher's spec."""
        raise NotImplementedError(f"{type(self).__name__}.spec()")

    def config(self) -> Mapping[str, Any]:
        """Give what stands beside the launcher's name in `train.launcher`."""
        return {}

    def alive(self) -> int:
        """Count what the launcher has started and not ended; by default the child processes."""
        psutil = pytest.importorskip("psutil", reason="pip install psutil, or give `alive`")
        return len(psutil.Process().children())

    # --- the contract

    def test_it_fits_what_is_ordered(self, tmp_path: Path) -> None:
        """When it returns, the models are in the run's folder, whole."""
        before = self.alive()
        self._run(make_order(tmp_path))
        assert is_fitted(tmp_path, RECIPE)
        assert (fitted_folder(tmp_path, RECIPE) / "model" / "model.json").is_file()
        assert self.alive() == before, "what fitted the models is still there"

    def test_events_reach_the_run(self, tmp_path: Path) -> None:
        """A person watches them, and the run's lease is checked at each."""
        kinds = [type(event) for event in self._run(make_order(tmp_path))]
        assert kinds.count(StageStarted) == kinds.count(StageFinished) == 1
        assert kinds.index(StageStarted) < kinds.index(StageFinished)

    def test_what_is_fitted_is_left_alone(self, tmp_path: Path) -> None:
        """A resumed run orders again what its first try may have fitted."""
        order = make_order(tmp_path)
        self._run(order)
        kept = fitted_folder(tmp_path, RECIPE) / "fit.json"
        before = kept.stat()
        assert not [e for e in self._run(order) if isinstance(e, StageStarted)]
        after = kept.stat()
        assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)

    def test_failure_is_an_error_of_the_run(self, tmp_path: Path) -> None:
        """One line that names the cause; never a quiet return."""
        with pytest.raises(SftsecError, match="no-such-recipe"):
            self._run(make_order(tmp_path, "no-such-recipe"))

    def test_lost_examples_are_an_error_of_the_run(self, tmp_path: Path) -> None:
        """The folder may be on another host's disk."""
        order = make_order(tmp_path)
        (tmp_path / EXAMPLES / "train.parquet").unlink()
        with pytest.raises(SftsecError, match="train"):
            self._run(order)

    def test_it_ends_what_it_started(self, tmp_path: Path) -> None:
        """An exception of the run's (Ctrl-C, a lost lease) must not leave a card busy."""
        before = self.alive()

        def stop(_event: Event) -> None:
            raise _StoppedError

        with pytest.raises(_StoppedError):
            self._run(make_order(tmp_path), stop)
        assert self.alive() == before, "what it started outlived the run"

    def _run(self, order: TrainOrder, emit: Callable[[Event], None] | None = None) -> list[Event]:
        events: list[Event] = []
        spec = self.spec()
        spec.run(spec.configure(self.config()), order, emit or events.append)
        return events


def make_order(folder: Path, *recipes: str) -> TrainOrder:
    """Make an order with its examples in a run's folder; by default `linear` is ordered."""
    write_examples(make_examples(60, seed=1), folder / EXAMPLES, "train")
    write_examples(make_examples(20, seed=2), folder / EXAMPLES, "dev")
    return TrainOrder(
        run="made-up",
        task=task_to_json(make_task()),
        settings=TrainSettings().model_dump(mode="json"),
        recipes=recipes or (RECIPE,),
        plugins=("core",),
        folder=folder,
        baseline=RECIPE,
    )
