"""List this machine's GPUs with who uses them, and the leases of all machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.gpu.choice import GpuNeed, choose_gpus
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.gpu_lease import rules_of, visible_gpus

if TYPE_CHECKING:
    from datetime import datetime

    from sftsec_core.gpu.devices import GpuDevice
    from sftsec_core.operations.context import Context
    from sftsec_core.store.gpu_leases import GpuLeaseInfo


@dataclass(frozen=True, slots=True)
class ListedGpu:
    """A device of this machine.

    Attributes:
        lease: the open lease of it; None where there is none.
        reason: why a run may not take it now, a lease apart; None where it may.
    """

    device: GpuDevice
    lease: GpuLeaseInfo | None
    reason: str | None

    def to_json(self) -> dict[str, Any]:
        """For `--json`; memory in bytes, utilisation as a fraction."""
        lease = self.lease
        return {
            **asdict(self.device),
            "lease": lease.id if lease else None,
            "run": lease.run_id if lease else None,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class GpuList:
    """The devices that may be seen, and what there is to say of others.

    Attributes:
        failed: a line for each device that does not answer.
        unavailable: why the driver cannot be asked; None where it can.
    """

    gpus: tuple[ListedGpu, ...]
    failed: tuple[str, ...]
    unavailable: str | None

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "gpus": [each.to_json() for each in self.gpus],
            "failed": list(self.failed),
            "unavailable": self.unavailable,
        }


def list_gpus(context: Context) -> GpuList:
    """Return the GPUs of this machine: memory, load, processes, and the runs that lease them."""
    authorize(context.actor, Permission.READ)
    survey, settings = visible_gpus(), context.settings.gpu
    leases = {uuid: each for each in context.store.gpu_leases.list() for uuid in each.devices}
    need = GpuNeed(memory=settings.min_free)
    refused = choose_gpus(survey, need, rules_of(settings)).refused
    resting = context.store.gpu_leases.resting(settings.rest)
    listed = [
        ListedGpu(
            each,
            leases.get(each.uuid),
            _resting(resting.get(each.uuid)) or refused.get(each.index),
        )
        for each in survey.devices
    ]
    return GpuList(tuple(listed), survey.failed, survey.unavailable)


def _resting(reason: str | None) -> str | None:
    return None if reason is None else f"left alone for a while: {reason}"


@dataclass(frozen=True, slots=True)
class ListedLease:
    """A lease.

    Attributes:
        status: "open", or how it ended.
        gpu_seconds: the time that it was held, times its devices.
    """

    info: GpuLeaseInfo
    status: str
    gpu_seconds: float

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        info = self.info
        return {
            "lease": info.id,
            "run": info.run_id,
            "task": info.task,
            "host": info.host,
            "devices": dict(info.devices),
            "status": self.status,
            "reason": info.reason,
            "taken_at": info.taken_at.isoformat(),
            "until": info.until.isoformat(),
            "gpu_seconds": round(self.gpu_seconds, 3),
        }


def list_gpu_leases(
    context: Context, *, ended: bool = False, limit: int = 50
) -> Sequence[ListedLease]:
    """Return leases on every machine that shares the store, newest first.

    Args:
        context: settings, store, registry, actor and event stream.
        ended: those that ended within the last 30 days too.
        limit: how many at most.
    """
    authorize(context.actor, Permission.READ)
    leases = context.store.gpu_leases
    now = leases.now()
    return [_listed(each, now) for each in leases.list(ended=ended, limit=limit)]


def _listed(info: GpuLeaseInfo, now: datetime) -> ListedLease:
    status = info.end or ("open" if info.until > now else "expired")
    return ListedLease(info, status, info.seconds(now))
