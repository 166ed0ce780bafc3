"""The launcher `ray`: a process of this machine that has a worker of the cluster do the work."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from sftsec_core.api import ConfigError
from sftsec_core.sdk.atomic import write_atomically
from sftsec_core.sdk.training_process import follow_training
from sftsec_ray.cluster import environment
from sftsec_ray.driver import STOP_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from sftsec_core.api import Event, TrainOrder
    from sftsec_ray.config import RayLauncherSettings

ORDER = "order.json"
_DRIVER = "sftsec_ray.driver"
_IMAGE = "image"


def run_on_ray(
    config: RayLauncherSettings, order: TrainOrder, emit: Callable[[Event], None]
) -> None:
    """Fit an order's recipes on a node of the cluster and pass on its events.

    Raises:
        ConfigError: when the task reads pictures, which stay where they are, and nothing is shared.
        SftsecError: what the training process or the driver reports, as the same class.
        TrainingInterruptedError: when too many workers died; what came back stays.
    """
    pictures = [each["name"] for each in order.task["inputs"] if each["kind"] == _IMAGE]
    if pictures and not config.shared:
        raise ConfigError(
            f"{', '.join(pictures)}: pictures do not travel to a node; put the state folder where "
            "all nodes see it, and set `shared: true`",
            path="train.launcher",
        )
    file = order.folder / ORDER
    write_atomically(file, json.dumps(order.to_json()).encode())
    command = [sys.executable, "-P", "-m", _DRIVER, str(file), config.model_dump_json()]
    follow_training(command, emit, environment(config), STOP_S)
