"""The built-in calibrator and decider keep their contracts, and the contracts find wrong ones."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from sftsec_core.api.contracts import Calibrator, CalibratorSpec, Decider, DeciderSpec, EmptyConfig
from sftsec_core.api.domain import Threshold
from sftsec_core.api.predictions import Decisions, Predictions
from sftsec_core.evaluation.specs import TEMPERATURE, THRESHOLD
from sftsec_core.testing import CalibratorContract, DeciderContract

Floats = NDArray[np.float64]


class TestTemperature(CalibratorContract):
    """Everything, inherited."""

    def spec(self) -> CalibratorSpec[Any]:
        return TEMPERATURE


@pytest.mark.parametrize(
    "settings",
    [{}, {"method": "fpr", "target": 0.01}, {"review_from": 0.2}],
    ids=["default", "fpr", "review"],
)
class TestThreshold(DeciderContract):
    """Everything, inherited."""

    @pytest.fixture(autouse=True)
    def _of(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings

    def spec(self) -> DeciderSpec[Any]:
        return THRESHOLD

    def config(self) -> Mapping[str, Any]:
        return self.settings


# --- calibrators


@dataclass
class Shrinks:
    """Right: every probability moves towards an equal one."""

    by: float = 0.5

    @property
    def state(self) -> Mapping[str, Any]:
        return {"by": self.by}

    def calibrate(self, proba: Floats) -> Floats:
        return np.asarray(self.by * proba + (1 - self.by) / proba.shape[1])


class Overshoots(Shrinks):
    def calibrate(self, proba: Floats) -> Floats:
        return proba * 2


class SeesTheBatch(Shrinks):
    def calibrate(self, proba: Floats) -> Floats:
        share = proba / max(float(proba.max(initial=1e-9)), 1e-9)
        return np.asarray(share / share.sum(axis=1, keepdims=True)) ** (1 + len(proba)) + 0 * proba


class ForgetsItsState(Shrinks):
    @property
    def state(self) -> Mapping[str, Any]:
        return {}


class KeepsArrays(Shrinks):
    @property
    def state(self) -> Mapping[str, Any]:
        return {"by": np.float32(self.by)}


class CalibratorUnderTest(CalibratorContract):
    kind: ClassVar[type[Shrinks]] = Shrinks

    def spec(self) -> CalibratorSpec[Any]:
        return CalibratorSpec(name="shrink", summary="Shrinks", fit=self._made, load=self._load)

    def _made(self, _config: EmptyConfig, _dev: Predictions) -> Calibrator:
        return self.kind(0.3)

    def _load(self, state: Mapping[str, Any]) -> Calibrator:
        return self.kind(**state)


class TestARightCalibrator(CalibratorUnderTest):
    """Everything, inherited."""


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        (Overshoots, "test_it_gives_probabilities"),
        (SeesTheBatch, "test_each_row_is_calibrated_on_its_own"),
        (ForgetsItsState, "test_its_state_makes_it_again"),
        (KeepsArrays, "test_its_state_makes_it_again"),
    ],
)
def test_contract_finds_a_wrong_calibrator(kind: type[Shrinks], test: str) -> None:
    contract = type("Faulty", (CalibratorUnderTest,), {"kind": kind})()
    with pytest.raises((AssertionError, TypeError)):
        getattr(contract, test)()


# --- deciders


@dataclass
class Half:
    """Right: an alert from a half on."""

    threshold: Threshold = field(default_factory=lambda: Threshold(0.5, "fixed"))

    @property
    def state(self) -> Mapping[str, Any]:
        return {"value": self.threshold.value}

    def decide(self, proba: Floats) -> Decisions:
        alerts = proba[:, 1] >= self.threshold.value
        sets = np.ones(proba.shape, dtype=bool)
        return Decisions(np.where(alerts, 2, 0).astype(np.int8), alerts.astype(np.int64), sets)


class AlertsOnTheTop(Half):
    def decide(self, proba: Floats) -> Decisions:
        found = super().decide(proba)
        top = proba[:, 1] >= np.median(proba[:, 1]) if len(proba) else proba[:, 1] > 0
        return Decisions(np.where(top, 2, 0).astype(np.int8), found.labels, found.label_sets)


class DismissesTheCertain(Half):
    def decide(self, proba: Floats) -> Decisions:
        found = super().decide(proba)
        actions = np.where(proba[:, 1] > 0.95, 0, found.actions).astype(np.int8)
        return Decisions(actions, found.labels, found.label_sets)


class AlwaysAlerts(Half):
    def decide(self, proba: Floats) -> Decisions:
        found = super().decide(proba)
        return Decisions(np.full(len(proba), 2, np.int8), found.labels, found.label_sets)


class RulesOutItsLabel(Half):
    def decide(self, proba: Floats) -> Decisions:
        found = super().decide(proba)
        return Decisions(found.actions, found.labels, ~found.label_sets)


class DropsTheDismissed(Half):
    def decide(self, proba: Floats) -> Decisions:
        return super().decide(proba[proba[:, 1] >= 0.5])


class DrawsItsThreshold(Half):
    @property
    def state(self) -> Mapping[str, Any]:
        return {"value": random.random()}  # noqa: S311 - the fault


class DeciderUnderTest(DeciderContract):
    kind: ClassVar[type[Half]] = Half

    def spec(self) -> DeciderSpec[Any]:
        return DeciderSpec(name="half", summary="A half", fit=self._made, load=self._load)

    def _made(self, _config: EmptyConfig, _dev: Predictions, _a_day: float | None) -> Decider:
        return self.kind()

    def _load(self, state: Mapping[str, Any]) -> Decider:
        return self.kind(Threshold(state["value"], "fixed"))


class TestARightDecider(DeciderUnderTest):
    """Everything, inherited."""


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        (AlertsOnTheTop, "test_each_row_is_decided_on_its_own"),
        (DismissesTheCertain, "test_a_more_probable_attack_is_not_dismissed_first"),
        (AlwaysAlerts, "test_a_more_probable_attack_is_not_dismissed_first"),
        (RulesOutItsLabel, "test_decisions_have_a_row_each"),
        (DropsTheDismissed, "test_decisions_have_a_row_each"),
        (DrawsItsThreshold, "test_its_state_makes_it_again"),
    ],
)
def test_contract_finds_a_wrong_decider(kind: type[Half], test: str) -> None:
    contract = type("Faulty", (DeciderUnderTest,), {"kind": kind})()
    with pytest.raises(AssertionError):
        getattr(contract, test)()
