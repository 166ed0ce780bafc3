"""The launcher `local`: one process of this machine a run; its crash is an error of the run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Event
from sftsec_core.sdk.atomic import write_atomically
from sftsec_core.sdk.training_process import follow_training, training_command

if TYPE_CHECKING:
    from sftsec_core.api.contracts import EmptyConfig, TrainOrder

ORDER = "order.json"


def run_locally(_config: EmptyConfig, order: TrainOrder, emit: Callable[[Event], None]) -> None:
    """Fit an order's recipes in a process of its own and pass on its events.

    Raises:
        SftsecError: what the process reports, as the same class.
        TrainingInterruptedError: when it was killed; what it had fitted stays.
    """
    file = order.folder / ORDER
    write_atomically(file, json.dumps(order.to_json()).encode())
    follow_training(training_command(file), emit)
