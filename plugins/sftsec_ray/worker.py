"""The driver's side of an actor: calls that wait, and deaths told apart from errors."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sftsec_core.api import PluginError, SftsecError, TrainingError, TrainingInterruptedError
from sftsec_ray.remote_training import RemoteTraining

if TYPE_CHECKING:
    from types import TracebackType

    from sftsec_ray.config import RayLauncherSettings

_LOOK_S = 2.0


class WorkerLostError(TrainingInterruptedError):
    """The worker, its node or its training process was killed; another one can take over."""


class NodeWorker:
    """One actor of a cluster that carries out an order; it is gone when the body ends."""

    def __init__(self, ray: Any, settings: RayLauncherSettings) -> None:  # noqa: ANN401 - the module
        """Ask for an actor; it starts when a node has room for it.

        Args:
            ray: the module `ray`, connected.
            settings: what the actor reserves.
        """
        self._ray = ray
        options = {
            "num_cpus": settings.cpus,
            "num_gpus": settings.gpus,
            "memory": int(settings.memory) if settings.memory else None,
            "max_restarts": 0,  # what it knew is gone with it: the driver makes another one
        }
        self._actor = ray.remote(RemoteTraining).options(**options).remote(settings.folder)

    def __enter__(self) -> NodeWorker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._ray.kill(self._actor)

    def call(self, method: str, *args: object, within_s: float | None = None) -> Any:  # noqa: ANN401 - a text or bytes
        """Call a method of `RemoteTraining` and wait for what it gives.

        Args:
            method: its name.
            args: its arguments, texts and bytes.
            within_s: how long to wait; by default until the answer or the actor's death.

        Raises:
            WorkerLostError: when the actor or its node is gone.
            TrainingInterruptedError: when there is no answer within `within_s`.
            SftsecError: what the method raised.
            PluginError: when the node cannot start the actor.
        """
        from ray.exceptions import RayActorError, RayError, RayTaskError

        answer = getattr(self._actor, method).remote(*args)
        until = None if within_s is None else time.monotonic() + within_s
        while not self._ray.wait([answer], timeout=_LOOK_S)[0]:
            if until is not None and time.monotonic() > until:
                raise TrainingInterruptedError(self._no_room())
        try:
            return self._ray.get(answer)
        except RayTaskError as error:
            raise _of_the_node(error.cause) from error
        except RayError as error:
            if isinstance(error, RayActorError) and getattr(error, "actor_init_failed", False):
                raise PluginError(f"a node cannot start a worker: {_last_line(error)}") from error
            raise WorkerLostError(_first_line(error)) from error

    def _no_room(self) -> str:
        has = self._ray.cluster_resources()
        cores, cards = has.get("CPU", 0), has.get("GPU", 0)
        return (
            f"no node of the Ray cluster had room in time: it has {cores:g} CPUs and {cards:g} "
            "GPUs in all; lower `cpus`, `gpus` or `memory` of the launcher, or raise `wait`"
        )


def _of_the_node(cause: Any) -> SftsecError:  # noqa: ANN401 - Ray's own type says nothing
    if isinstance(cause, SftsecError):
        return cause
    return TrainingError(f"on the node: {type(cause).__name__}: {cause}")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _last_line(error: Exception) -> str:
    return str(error).strip().rpartition("\n")[2]
