"""Take a GPU away from the run that leases it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.api.domain import Permission
from sftsec_core.operations.authorize import authorize

if TYPE_CHECKING:
    from sftsec_core.operations.context import Context
    from sftsec_core.store.gpu_leases import GpuLeaseInfo


def release_gpu(context: Context, lease: str, *, reason: str) -> GpuLeaseInfo:
    """End a lease: its run is interrupted within seconds and can be resumed elsewhere.

    No run leases these devices again before `gpu.rest` has passed.

    Args:
        context: settings, store, registry, actor and event stream.
        lease: the lease's id or its beginning.
        reason: why; kept in the audit log, and said by the run.

    Raises:
        NotFoundError: when no open lease begins so.
        StoreError: when several do, or it ended a moment ago.
    """
    authorize(context.actor, Permission.RELEASE_GPU)
    return context.store.gpu_leases.release(lease, reason, actor=context.actor.name)
