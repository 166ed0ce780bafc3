"""Upload what this host holds to the place that hosts share."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import ConfigError
from sftsec_core.operations.adapted_encoders import adapted_encoders
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.proposing import SHARED_FILES

if TYPE_CHECKING:
    from pathlib import Path

    from sftsec_core.operations.context import Context
    from sftsec_core.store.artifacts import Artifacts


@dataclass(frozen=True, slots=True)
class SharedStore:
    """What was uploaded.

    Attributes:
        place: where to.
        files: how many were new there.
        folders: how many lie here and are there now.
        missing: models and snapshots that lie neither here nor there.
    """

    place: str
    files: int
    folders: int
    missing: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def share_store(context: Context) -> SharedStore:
    """Upload models, snapshots and adapted encoders, and what later runs need of their runs.

    Needed once, for what was there before `state.artifacts` was set, and to mend what is damaged
    there. What is there as it is here is left alone.

    Raises:
        ConfigError: when no place is configured.
        StoreError: when it cannot be reached.
    """
    authorize(context.actor, Permission.MANAGE_STORE)
    shared = context.artifacts
    if shared is None:
        raise ConfigError(
            "names no place to share ({artifacts: s3://bucket/sftsec})",
            file=context.file,
            path="state.artifacts",
        )
    files, folders, missing = 0, 0, []
    for folder in _folders(context):
        if folder.is_dir():
            files += _push(context, shared, folder.parent.name, folder.name)
            folders += 1
        elif not shared.has(folder.parent.name, folder.name):
            missing.append(f"{folder.parent.name}/{folder.name}")
    context.store.audit.append("store.shared", shared.place, {"files": files, "folders": folders})
    return SharedStore(shared.place, files, folders, tuple(missing))


def _push(context: Context, shared: Artifacts, kind: str, name: str) -> int:
    only = SHARED_FILES if kind == "runs" else None
    return shared.push(kind, context.folder / kind / name, only, again=True)


def _folders(context: Context) -> list[Path]:
    """Those of models, snapshots, adapted encoders and the runs that made models, of this state."""
    store = context.store
    models = store.models.list(None)
    made = {ref.run_id for ref in models}
    found = [
        *(ref.folder for ref in models),
        *(row.folder for row in store.snapshots.list()),
        *adapted_encoders(context),
        *(run.folder for run in store.pruning.run_states() if run.id in made),
    ]
    return list(dict.fromkeys(f for f in found if f.is_relative_to(context.folder)))
