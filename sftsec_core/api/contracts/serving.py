"""What turns a model's probabilities into decisions: calibrators and deciders.

Both are fitted on dev, kept in the model's folder as JSON, and loaded again to score. A decider
is a class and two functions, whole::

    @dataclass(frozen=True)
    class TwoStage:
        threshold: Threshold
        benign: int

        @property
        def state(self):
            return {"threshold": self.threshold.value, "benign": self.benign}

        def decide(self, proba):
            ...  # Decisions: for each row an action, a label, and a set of labels

    def fit(config, dev, incidents_per_day): ...  # a TwoStage, chosen on dev
    def load(state): ...  # the same TwoStage again
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from sftsec_core.api.contracts.base import ConfigT, Spec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sftsec_core.api.domain import Threshold
    from sftsec_core.api.predictions import Decisions, Predictions


class Calibrator(Protocol):
    """Makes a model's confidence agree with its accuracy."""

    @property
    def state(self) -> Mapping[str, Any]:
        """JSON values from which the spec's `load` makes the same calibrator."""
        ...

    def calibrate(self, proba: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrated probabilities, shape (n, k), from the model's own; rows sum to 1."""
        ...


class Decider(Protocol):
    """Decides what is done with a scored incident."""

    @property
    def state(self) -> Mapping[str, Any]:
        """JSON values from which the spec's `load` makes the same decider."""
        ...

    @property
    def threshold(self) -> Threshold:
        """The attack probability from which it may alert, for reports and detections."""
        ...

    def decide(self, proba: NDArray[np.float64]) -> Decisions:
        """Decide each row of calibrated probabilities, shape (n, k), on its own."""
        ...


@runtime_checkable
class DecidesByGroup(Protocol):
    """A decider that may also treat groups of incidents differently.

    On dev their values stand in `Predictions.facets`. It then decides wherever incidents are
    decided on: in evaluations, `score`, `serve` and `predict`. `decide` alone is for rows whose
    group is not known.
    """

    @property
    def group_fields(self) -> tuple[str, ...]:
        """The fields whose values it reads; they stand in the task's `evaluation.groups`."""
        ...

    def decide_by_group(
        self, proba: NDArray[np.float64], facets: Mapping[str, NDArray[np.object_]]
    ) -> Decisions:
        """Decide each row on its own.

        Args:
            proba: calibrated probabilities, shape (n, k).
            facets: each of `group_fields` to its values, shape (n,); "" where a row has none.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibratorSpec(Spec[ConfigT]):
    """A way to calibrate: `calibrator` of a task.

    Attributes:
        fit: (own settings, the model's own probabilities on dev, perhaps of no row) to a
            calibrator.
        load: makes a calibrator of its state.
    """

    hook: ClassVar[str] = "sftsec_register_calibrators"
    kind: ClassVar[str] = "calibrator"

    fit: Callable[[ConfigT, Predictions], Calibrator]
    load: Callable[[Mapping[str, Any]], Calibrator]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeciderSpec(Spec[ConfigT]):
    """A way to decide: `decider` of a task.

    Attributes:
        fit: (own settings, calibrated predictions on dev, perhaps of no row; incidents a day that
            dev stands for, None when that is not known) to a decider.
        load: makes a decider of its state.
    """

    hook: ClassVar[str] = "sftsec_register_deciders"
    kind: ClassVar[str] = "decider"

    fit: Callable[[ConfigT, Predictions, float | None], Decider]
    load: Callable[[Mapping[str, Any]], Decider]
