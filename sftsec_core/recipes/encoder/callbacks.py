"""What watches a training run: its figures, its time, its end, and its dice.

All of them read the run's state and keep none of their own that a resumed run would miss: what
`trainer_state.json` does not hold is either recomputed from it or harmless to lose.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from transformers import TrainerCallback

from sftsec_core.recipes.encoder.checkpoint import SELECTION

if TYPE_CHECKING:
    from transformers import TrainerControl, TrainerState, TrainingArguments

MACRO_F1 = "eval_macro_f1"
SHOWN = {
    "loss": "loss",
    "learning_rate": "learning_rate",
    "grad_norm": "grad_norm",
    "epoch": "epoch",
    "eval_loss": "dev_loss",
    MACRO_F1: "dev_macro_f1",
    SELECTION: "dev_score",
}


class StepSeed(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Seeds torch before every step, from the seed, the step and the process.

    Dropout is the only chance that a step takes. With it a function of the step's number, a
    resumed run needs no saved generator states (which are Python pickles) to repeat what an
    uninterrupted one does.
    """

    def __init__(self, seed: int) -> None:
        """Take the run's seed."""
        self._seed = seed

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Called by the Trainer before each step."""
        entropy = (self._seed, state.global_step, args.process_index)
        torch.manual_seed(int(np.random.SeedSequence(entropy).generate_state(1)[0]))


class StepLog(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Hands losses, rates and dev figures to the job's `log`."""

    def __init__(self, log: Callable[[int, Mapping[str, float]], None]) -> None:
        """Take the job's `log`."""
        self._log = log

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, float] | None = None,
        **_: object,
    ) -> None:
        """Called by the Trainer whenever it has figures; the first process alone speaks."""
        values = {name: float(logs[key]) for key, name in SHOWN.items() if logs and key in logs}
        if state.is_world_process_zero and values.keys() - {"epoch"}:
            self._log(state.global_step, values)


class StepProgress(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Tells, whenever there are figures, how many of the steps are done."""

    def __init__(self, progress: Callable[[int, int], None]) -> None:
        """Take what is called with the steps that are done and all of them."""
        self._progress = progress

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Called by the Trainer whenever it has figures; the first process alone speaks."""
        if state.is_world_process_zero:
            self._progress(state.global_step, state.max_steps)


class Deadline(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Stops in time; the Trainer then evaluates and saves as after any epoch.

    A safety net: the schedule was made to fit. It counts the steps' mean time and the measured
    time of an evaluation, so that the end and not the last step meets the deadline.
    """

    def __init__(self, at: float | None, evaluation_s: float) -> None:
        """Take the moment, by `time.monotonic()`, and the seconds of what follows the last step."""
        self._at = math.inf if at is None else at
        self._evaluation_s = evaluation_s

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Called by the Trainer after each step."""
        if time.monotonic() + self._evaluation_s > self._at:
            control.should_training_stop = True


class TimedCheckpoint(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Saves every so often, at the end of a step or an epoch: a kill costs a minute of training.

    A GPU trains for a second where an encoder takes another to be saved: no epoch is saved for
    its own sake. When it saves depends on the clock; what is trained does not depend on when it
    was saved.
    """

    def __init__(self, every_s: float) -> None:
        """Take the seconds between two checkpoints."""
        self._every_s = every_s
        self._last = time.monotonic()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Called by the Trainer after each step."""
        # An epoch's last step is saved once it is evaluated; saved before that, a run resumed
        # from it would never make up for the evaluation.
        last = float(state.epoch or 0).is_integer() or state.global_step >= state.max_steps
        if not last:
            control.should_save = self._is_due()

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Called by the Trainer after each epoch; it evaluates before it saves."""
        control.should_save = self._is_due()

    def _is_due(self) -> bool:
        return time.monotonic() - self._last >= self._every_s

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Called by the Trainer after each checkpoint."""
        self._last = time.monotonic()


class EarlyStop(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Stops when the score on dev, of the task's metric, has not risen for `patience` evaluations.

    Transformers' own counts in memory, which a resumed run starts from 0; this one counts in the
    run's history.
    """

    def __init__(self, patience: int) -> None:
        """Take the evaluations without gain to bear; 0 bears any number."""
        self._patience = patience

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Called by the Trainer after each evaluation."""
        if out_of_patience(state.log_history, self._patience):
            control.should_training_stop = True


def out_of_patience(history: Sequence[Mapping[str, float]], patience: int) -> bool:
    """Whether the last `patience` evaluations in a Trainer's history brought no gain.

    Args:
        history: `TrainerState.log_history`.
        patience: evaluations; 0 is never out of it.
    """
    scores = [entry[SELECTION] for entry in history if SELECTION in entry]
    if not patience or not scores:
        return False
    best = scores.index(max(scores))
    return len(scores) - 1 - best >= patience
