"""SIGTERM while an encoder trains: a checkpoint first, then the end."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Self

from transformers import TrainerCallback

if TYPE_CHECKING:
    from types import FrameType, TracebackType

    from transformers import TrainerControl, TrainerState, TrainingArguments


class StopSignal:
    """Notes a SIGTERM within its body, for the training to act on; a second one acts at once.

    Attributes:
        asked: whether one has come.
    """

    def __init__(self) -> None:
        """Nothing has come yet."""
        self.asked = False
        self._before: signal.Handlers | None = None
        # Only the main thread may set a handler; elsewhere the signal does what it did before.
        self._ours = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> Self:
        if self._ours:
            self._before = signal.signal(signal.SIGTERM, self._note)  # type: ignore[assignment]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._restore()
        if self.asked and error is None:
            self.act()  # the last step was done before a checkpoint was due

    def act(self) -> None:
        """Do what the signal did before: end the process, or raise KeyboardInterrupt."""
        self.asked = False
        self._restore()
        signal.raise_signal(signal.SIGTERM)

    def _restore(self) -> None:
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)
            self._before = None

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked:
            self.act()
        self.asked = True


class StopCheckpoint(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Saves at the end of the step or epoch in which SIGTERM came, and then lets it act.

    Added after `TimedCheckpoint`, whose answer it overrules.
    """

    def __init__(self, stop: StopSignal) -> None:
        """Take what notes the signal."""
        self._stop = stop

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Called by the Trainer after each step."""
        # An epoch's last step is saved once it is evaluated, see `TimedCheckpoint`.
        last = float(state.epoch or 0).is_integer() or state.global_step >= state.max_steps
        if self._stop.asked and not last:
            control.should_save = True

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Called by the Trainer after each epoch; it evaluates before it saves."""
        if self._stop.asked:
            control.should_save = True

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Called by the Trainer once a checkpoint is whole."""
        if self._stop.asked:
            self._stop.act()
