"""What of a training fits into its time: fractions of epochs too, and never less than teaches."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sftsec_core.api.errors import TrainingError

# Steps of a shortest training, or one pass over the examples where that is less: measured on
# sms_spam, where an encoder that had 12 steps called every message ham, and one of 25 did not.
MIN_STEPS = 25
PLANNED_SHARE = 0.9  # of the time; the rest is for a machine that slows down meanwhile
MIN_ROWS_A_CLASS = 16  # that a shortest training reads, were the classes equally frequent


@dataclass(frozen=True, slots=True)
class TimePlan:
    """What a training takes, in seconds.

    Attributes:
        prepare_s: what comes before the first step.
        epoch_s: the steps of one pass over the examples.
        evaluation_s: one evaluation on dev, which follows each epoch, the last, broken one too.
        steps: of one pass.
        least_steps: of a training that teaches anything.
    """

    prepare_s: float
    epoch_s: float
    evaluation_s: float
    steps: int
    least_steps: int

    def seconds(self, epochs: float) -> float:
        """What so many epochs take."""
        return self.prepare_s + epochs * self.epoch_s + math.ceil(epochs) * self.evaluation_s

    @property
    def least_epochs(self) -> float:
        """Passes of the shortest training."""
        return self.least_steps / self.steps

    def epochs_within(self, seconds: float, wanted: float) -> float:
        """The most epochs, up to `wanted`, that so many seconds hold.

        Raises:
            TrainingError: when they do not hold the shortest training.
        """
        if self.seconds(wanted) <= seconds:
            return wanted
        left = seconds - self.prepare_s
        # Each begun epoch ends in an evaluation: the most of those that leave time for their steps.
        for begun in range(math.ceil(wanted), 0, -1):
            epochs = (left - begun * self.evaluation_s) / self.epoch_s
            if epochs > begun - 1:
                found = min(epochs, begun, wanted)
                if found * self.steps >= self.least_steps:
                    return found
                break
        raise TrainingError(self._refusal(max(left - self.evaluation_s, 0.0)))

    def _refusal(self, left: float) -> str:
        fitting = int(left / self.epoch_s * self.steps)
        return (
            f"the budget holds {fitting} training steps, and {self.least_steps} are the least that "
            f"teach anything: raise train.budget to {math.ceil(self.least_budget_s)}s or more, or "
            "use recipe 'linear'"
        )

    @property
    def least_budget_s(self) -> float:
        """Seconds of the shortest budget that is not refused."""
        return self.seconds(self.least_epochs) / PLANNED_SHARE


def least_steps(rows: int, steps: int, classes: int, epochs: float) -> int:
    """Steps of the shortest training that teaches anything.

    Args:
        rows: examples a step.
        steps: of one pass over the examples.
        classes: of the task.
        epochs: passes that are wanted.
    """
    teaching = max(MIN_STEPS, math.ceil(MIN_ROWS_A_CLASS * classes / rows))
    return min(teaching, steps, math.ceil(epochs * steps))
