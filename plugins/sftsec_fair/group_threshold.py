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
    return _chosen(dev.take(inside), common_at, target, config)


def _chosen(
    group: Predictions, common_at: float, target: float, config: GroupThresholdSettings
) -> float:
    """The threshold nearest to the common one that meets the target, or comes near and is paid."""
    sweep = ThresholdSweep.of(group)
    alerts = int((group.attack_scores >= common_at).sum())
    # The step that decides the group's rows as the common threshold does.
    base = int(np.searchsorted(sweep.tp + sweep.fp, alerts))
    if config.equal == "recall":
        steps = np.arange(base, len(sweep.thresholds))
        met = sweep.tp >= target * sweep.tp[-1] - _EVEN
    else:
        steps = np.arange(base, -1, -1)
        met = sweep.fp <= target * sweep.fp[-1] + _EVEN
    worth = _macro_f1(sweep)
    affordable = steps[worth[steps] >= worth[base] - config.price - _EVEN]
    reached = affordable[met[affordable]]
    step = reached[0] if len(reached) else affordable[-1]
    return common_at if step == base else float(sweep.thresholds[step])


def _macro_f1(sweep: ThresholdSweep) -> NDArray[np.float64]:
    """Of attacks against benign rows at each threshold, shape (g + 1,)."""
    attacks, benign = sweep.tp[-1], sweep.fp[-1]
    tn, missed = benign - sweep.fp, attacks - sweep.tp
    attack_f1 = 2 * sweep.tp / np.maximum(1.0, 2 * sweep.tp + sweep.fp + missed)
    benign_f1 = 2 * tn / np.maximum(1.0, 2 * tn + sweep.fp + missed)
    return np.asarray((attack_f1 + benign_f1) / 2)
