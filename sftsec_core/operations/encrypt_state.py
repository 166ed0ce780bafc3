"""Encrypt what a state holds already, and change the key that it is encrypted with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import ConfigError, RunActiveError
from sftsec_core.operations.authorize import authorize
from sftsec_core.store.label_queue import LabellingQueue
from sftsec_core.store.reseal import seal_files, strip_reports
from sftsec_core.store.run_rows import RUNNING
from sftsec_core.store.staging import locked
from sftsec_core.store.vault import save_vault, with_new_key

if TYPE_CHECKING:
    from sftsec_core.api.settings.secrets import SecretRef
    from sftsec_core.operations.context import Context
    from sftsec_core.store.vault import Vault


@dataclass(frozen=True, slots=True)
class SealedState:
    """What was encrypted.

    Attributes:
        files: how many were not, or with an earlier key.
        rows: of the store, all that have such columns.
        reports: that texts of incidents were taken out of.
    """

    files: int = 0
    rows: int = 0
    reports: int = 0


def encrypt_state(context: Context) -> SealedState:
    """Encrypt everything that a state holds from before encryption was turned on.

    A call that was killed is finished by the next one; the state can be read meanwhile.

    Raises:
        ConfigError: when the configuration names no key.
        RunActiveError: when a run is under way: it writes with the keys that it began with.
    """
    authorize(context.actor, Permission.ENCRYPT)
    vault = _configured(context)
    _refuse_active_runs(context)
    return _seal(context, vault, _key(context))


def rotate_key(
    context: Context, new_key: SecretRef | None = None, *, reencrypt: bool = False
) -> SealedState:
    """Change the key that the data keys of a state are encrypted with.

    Args:
        context: settings, store, registry, actor and event stream.
        new_key: where the new one is; the configuration has to name it from then on. None: the
            configured one stays.
        reencrypt: make a new data key too, and encrypt everything with it. Needed where the data
            key, not only the configured one, may be known to others.

    Raises:
        ConfigError: when the configuration names no key, or the new one is none.
        RunActiveError: when a run is under way.
    """
    authorize(context.actor, Permission.ENCRYPT)
    vault = _configured(context)
    _refuse_active_runs(context)
    key = new_key or _key(context)
    if reencrypt:
        vault = with_new_key(vault)
    save_vault(vault, key)
    context.store.audit.append("state.key_rotated", str(key), {"reencrypt": reencrypt})
    if not reencrypt:
        return SealedState()
    context.store.use_vault(vault)
    return _seal(context, vault, key)


def _seal(context: Context, vault: Vault, key: SecretRef) -> SealedState:
    with locked(context.folder / "snapshots"), locked(context.folder / "runs"):
        files = seal_files(context.folder, vault)
        reports = strip_reports(context.folder)
    queue = LabellingQueue(context.folder, vault)
    rows = context.store.seal_rows() + queue.reseal()
    save_vault(replace(vault, complete=True), key)
    done = SealedState(files, rows, reports)
    details = {"files": files, "rows": rows, "reports": reports}
    context.store.audit.append("state.encrypted", vault.current, details)
    return done


def _configured(context: Context) -> Vault:
    if context.vault is None:
        raise ConfigError(
            "names no key to encrypt the state with ({encrypt: {key: env:NAME}})",
            file=context.file,
            path="state.encrypt",
        )
    return context.vault


def _key(context: Context) -> SecretRef:
    encrypt = context.settings.state.encrypt
    assert encrypt is not None  # noqa: S101 - without it there is no vault
    return encrypt.key


def _refuse_active_runs(context: Context) -> None:
    lost = context.store.runs.lost()
    for run in context.store.runs.list():
        if run.status == RUNNING and run.id not in lost:
            raise RunActiveError(f"run {run.id} is under way: wait for its end", run_id=run.id)
