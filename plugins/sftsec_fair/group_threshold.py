"""The decider: a threshold for each group, so that no group is served worse than the rest.

"Equality of opportunity in supervised learning" (Hardt, Price and Srebro, 2016), with thresholds
only: their random decisions would give one incident an alert today and none tomorrow. A group is
brought up to the rest, never the rest down to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api import ConfigError
from sftsec_core.api.predictions import Decisions
from sftsec_core.sdk.threshold import ThresholdDecider, ThresholdSweep

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api import Predictions, Threshold
    from sftsec_fair.config import GroupThresholdSettings

_EVEN = 1e-9


@dataclass(frozen=True, slots=True)
class GroupThresholdDecider:
    """Decides by the threshold of an incident's group; by the common one where it has none.

    Attributes:
        common: for groups without a threshold of their own.
        field: whose values are groups.
        thresholds: a value of the field to the attack probability from which its incidents alert.
    """

    common: ThresholdDecider
    field: str
    thresholds: Mapping[str, float]

    @property
    def state(self) -> Mapping[str, Any]:
        """The common decider, the field, and the thresholds."""
        return {
            "common": dict(self.common.state),
            "field": self.field,
            "thresholds": dict(self.thresholds),
        }

    @property
    def threshold(self) -> Threshold:
        """The common one."""
        return self.common.threshold

    @property
    def group_fields(self) -> tuple[str, ...]:
        """The one field."""
        return (self.field,)

    def decide(self, proba: NDArray[np.float64]) -> Decisions:
        """Decide each row by the common threshold."""
        return self.common.decide(proba)

    def decide_by_group(
        self, proba: NDArray[np.float64], facets: Mapping[str, NDArray[np.object_]]
    ) -> Decisions:
        """Decide each row by the threshold of its group; groups without one are `unknown`."""
        values, found = facets[self.field], self.common.decide(proba)
        thresholds = np.full(len(proba), self.threshold.value)
        unknown = np.ones(len(proba), dtype=np.bool_)
        actions, labels, sets = found.actions.copy(), found.labels.copy(), found.label_sets.copy()
        for value, threshold in self.thresholds.items():
            rows = np.asarray(values == value)
            own = replace(self.threshold, value=threshold)
            mine = replace(self.common, threshold=own).decide(proba[rows])
            actions[rows], labels[rows], sets[rows] = mine.actions, mine.labels, mine.label_sets
            thresholds[rows], unknown[rows] = threshold, False
        return Decisions(actions, labels, sets, thresholds, unknown)

    @classmethod
    def fit(
        cls, config: GroupThresholdSettings, dev: Predictions, incidents_per_day: float | None
    ) -> GroupThresholdDecider:
        """Choose the common threshold on dev, then one for each group that is large enough.

        Raises:
            ConfigError: in a task without a benign label: each of its incidents alerts.
        """
        if dev.benign is None:
            raise ConfigError("decider group_threshold needs a benign label; use `threshold`")
        common = ThresholdDecider.fit(config, dev, incidents_per_day)
        values = dev.facets.get(config.field, np.full(len(dev), "", dtype=np.object_))
        names = sorted({value for value in values.tolist() if value})
        chosen = {name: _threshold(name, values, dev, common, config) for name in names}
        return cls(common, config.field, {n: t for n, t in chosen.items() if t is not None})

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> GroupThresholdDecider:
        """Make the decider of a state.

        Raises:
            ValueError, TypeError, KeyError: when it is not a state of this decider.
        """
        thresholds = {str(name): float(value) for name, value in state["thresholds"].items()}
        return cls(ThresholdDecider.load(state["common"]), str(state["field"]), thresholds)


def _threshold(
    name: str,
    values: NDArray[np.object_],
    dev: Predictions,
    common: ThresholdDecider,
    config: GroupThresholdSettings,
) -> float | None:
    """The group's threshold; None where it, or the rest, has too few rows to choose by."""
    inside, rest = np.asarray(values == name), np.asarray((values != "") & (values != name))
    kind = dev.attacks if config.equal == "recall" else ~dev.attacks
    if min((inside & kind).sum(), (rest & kind).sum()) < config.fewest:
        return None
    common_at = common.threshold.value
    target = float((dev.attack_scores[rest & kind] >= common_at).mean())
    sweep = ThresholdSweep.of(dev.take(inside))
    if config.equal == "recall":
        enough = np.flatnonzero(sweep.tp >= target * sweep.tp[-1] - _EVEN)
        return min(common_at, float(sweep.thresholds[enough[0]]))
    allowed = np.flatnonzero(sweep.fp <= target * sweep.fp[-1] + _EVEN)
    return max(common_at, float(sweep.thresholds[allowed[-1]]))
