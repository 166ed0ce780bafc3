"""What calibrators and deciders keep, as test classes.

A decider's test, whole::

    class TestTwoStage(DeciderContract):
        def spec(self):
            return TWO_STAGE
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.predictions import Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api.contracts import CalibratorSpec, DeciderSpec
    from sftsec_core.api.contracts.serving import Calibrator, Decider

_ROWS = 300
_A_DAY = 50.0


class CalibratorContract:
    """Inherit it, and give `spec`; `config` where the defaults are not enough."""

    def spec(self) -> CalibratorSpec[Any]:
        """Give the calibrator's spec."""
        raise NotImplementedError(f"{type(self).__name__}.spec()")

    def config(self) -> Mapping[str, Any]:
        """Give the calibrator's own settings."""
        return {}

    def test_it_gives_probabilities(self) -> None:
        """Rows that sum to 1, for no row, certain rows and any others."""
        calibrator = self._fit(_dev())
        for proba in (_proba(0), np.eye(2), _proba(20, seed=3)):
            found = calibrator.calibrate(proba)
            assert found.shape == proba.shape
            assert np.all((found >= 0) & (found <= 1))
            np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)

    def test_each_row_is_calibrated_on_its_own(self) -> None:
        """A score must not depend on the incidents beside it."""
        calibrator, proba = self._fit(_dev()), _proba(20, seed=3)
        alone = np.concatenate([calibrator.calibrate(row[None]) for row in proba])
        np.testing.assert_allclose(calibrator.calibrate(proba), alone, atol=1e-9)

    def test_its_state_makes_it_again(self) -> None:
        """It is kept as JSON, and loaded to score."""
        calibrator = self._fit(_dev())
        loaded = self.spec().load(json.loads(json.dumps(dict(calibrator.state), allow_nan=False)))
        proba = _proba(20, seed=3)
        np.testing.assert_array_equal(loaded.calibrate(proba), calibrator.calibrate(proba))

    def test_no_dev_rows_are_no_error(self) -> None:
        """A small task may have none to spare."""
        assert self._fit(_dev(0)).calibrate(_proba(5)).shape == (5, 2)

    def _fit(self, dev: Predictions) -> Calibrator:
        spec = self.spec()
        return spec.fit(spec.configure(self.config()), dev)


class DeciderContract:
    """Inherit it, and give `spec`; `config` where the defaults are not enough."""

    def spec(self) -> DeciderSpec[Any]:
        """Give the decider's spec."""
        raise NotImplementedError(f"{type(self).__name__}.spec()")

    def config(self) -> Mapping[str, Any]:
        """Give the decider's own settings."""
        return {}

    def test_decisions_have_a_row_each(self) -> None:
        """An action, a label and a set of labels that holds the label, also for no row at all."""
        decider = self._fit(_dev())
        for rows in (0, 1, 40):
            found = decider.decide(_proba(rows))
            assert found.actions.shape == found.labels.shape == (rows,)
            assert found.label_sets.shape == (rows, 2)
            assert found.label_sets[np.arange(rows), found.labels].all()

    def test_each_row_is_decided_on_its_own(self) -> None:
        """A detection must not depend on the incidents beside it."""
        decider, proba = self._fit(_dev()), _proba(40, seed=3)
        alone = np.concatenate([decider.decide(row[None]).actions for row in proba])
        np.testing.assert_array_equal(decider.decide(proba).actions, alone)

    def test_a_more_probable_attack_is_not_dismissed_first(self) -> None:
        """Along the probability: dismiss, review, alert; a certain one is not dismissed."""
        attack = np.linspace(0, 1, 101)
        actions = self._fit(_dev()).decide(np.column_stack([1 - attack, attack])).actions
        assert np.all(np.diff(actions) >= 0)
        assert actions[-1] > actions[0], "every incident gets the same action"

    def test_its_state_makes_it_again(self) -> None:
        """It is kept as JSON, and loaded to score."""
        decider = self._fit(_dev())
        loaded = self.spec().load(json.loads(json.dumps(dict(decider.state), allow_nan=False)))
        proba = _proba(40, seed=3)
        np.testing.assert_array_equal(loaded.decide(proba).actions, decider.decide(proba).actions)
        assert loaded.threshold == decider.threshold

    def test_no_dev_rows_are_no_error(self) -> None:
        """A small task may have none to spare."""
        assert len(self._fit(_dev(0)).decide(_proba(5)).actions) == 5

    def _fit(self, dev: Predictions) -> Decider:
        spec = self.spec()
        return spec.fit(spec.configure(self.config()), dev, _A_DAY)


def _proba(rows: int, *, seed: int = 1) -> NDArray[np.float64]:
    attack = np.random.default_rng(seed).random(rows)
    return np.column_stack([1 - attack, attack])


def _dev(rows: int = _ROWS) -> Predictions:
    """Predictions that are mostly right."""
    proba = _proba(rows)
    noise = np.random.default_rng(2).normal(scale=0.2, size=rows)
    return Predictions((proba[:, 1] + noise > 0.6).astype(np.int64), proba, benign=0)
