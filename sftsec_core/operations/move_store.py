"""Move the state's database to another one, and let sftsec.yaml name it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import ConfigError, StoreError
from sftsec_core.api.settings.secrets import is_reference
from sftsec_core.config.insert import set_state_url
from sftsec_core.operations.authorize import authorize
from sftsec_core.sdk.atomic import write_atomically
from sftsec_core.store import dialects
from sftsec_core.store.moved import MOVED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.operations.context import Context
    from sftsec_core.store.store import Store


@dataclass(frozen=True, slots=True)
class MovedStore:
    """What was moved, or would be.

    Attributes:
        source: the old place, without a password.
        target: the new place, without a password.
        rows: how many of each table; compared with the copy once it is made.
        moved: False: it was only looked at.
        configured: whether sftsec.yaml names the new place.
        next: what is left to do by hand; None when nothing is.
    """

    source: str
    target: str
    rows: Mapping[str, int]
    moved: bool
    configured: bool = False
    next: str | None = None

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def move_store(
    context: Context, url: str, *, replace_moved: bool = False, dry_run: bool = False
) -> MovedStore:
    """Copy the whole store to another database while others wait, and make it the one that counts.

    A call that was killed left the old store as it was, or is finished by the next call.

    Args:
        context: settings, actor and event stream.
        url: the new `state.url`; it may be a secret reference.
        replace_moved: empty the other database first where it is a store that was moved away.
        dry_run: only look whether it can be done.

    Raises:
        StoreError: when the other database holds data, or one of the two cannot be locked.
        IntegrityError: when the copy is not the same; nothing was changed.
    """
    authorize(context.actor, Permission.MANAGE_STORE)
    before = context.settings.state.url
    wanted = url if is_reference(url) else dialects.absolute(url)
    with (
        context.open_store(before, actor=context.actor.name, even_moved=True) as source,
        context.open_store(wanted, actor=context.actor.name, even_moved=True) as target,
    ):
        places = (source.moving.place, target.moving.place)
        if dry_run:
            _refuse_moved(source)
            source.moving.check_target(target.moving, replace_moved=replace_moved)
            return MovedStore(*places, source.moving.rows(), moved=False)
        rows = _moved(source, target, replace_moved=replace_moved)
    left = _configure(context, wanted)
    return MovedStore(*places, rows, moved=True, configured=left is None, next=left)


def _moved(source: Store, target: Store, *, replace_moved: bool) -> dict[str, int]:
    mark = source.moving.mark()
    if mark is None:
        copied = source.moving.move_to(target.moving, replace_moved=replace_moved)
        return {name: each.rows for name, each in copied.items()}
    if mark.state == MOVED and mark.place == target.moving.place:
        source.moving.finish(target.moving)  # a call that was killed had come so far
        return target.moving.rows()
    _refuse_moved(source)
    raise StoreError(f"a move from {mark.place} was not finished: set state.url to that place")


def _refuse_moved(source: Store) -> None:
    mark = source.moving.mark()
    if mark is not None and mark.state == MOVED:
        raise StoreError(f"{source.moving.place} was moved to {mark.place}: set state.url to it")


def _configure(context: Context, url: str) -> str | None:
    """Let sftsec.yaml name the new place; return what has to be done by hand."""
    before = context.settings.state.url
    if before is not None and is_reference(before) and before != url:
        return f"let {before} give the new URL, or write state: {{url: REFERENCE}}"
    if not is_reference(url) and dialects.read_url(url).password:
        return "write state: {url: env:NAME} in sftsec.yaml, with the URL in that variable"
    try:
        text = set_state_url(context.file.read_text("utf-8"), url, file=context.file)
        write_atomically(context.file, text.encode())
    except (ConfigError, OSError):
        return f"write state: {{url: {url}}} in {context.file}"
    return None
