"""A changed sftsec.yaml is taken up by a worker that runs; a wrong one is not."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Message
from sftsec_core.api.errors import SftsecError
from sftsec_core.config.load import load_settings
from sftsec_core.operations.preflight import check_against_plugins

if TYPE_CHECKING:
    from sftsec_core.operations.context import Context

# What the process has opened by: a changed one takes a new process.
_FIXED = ("state", "plugins")


class ConfigWatcher:
    """Looks at the configuration file and gives the context what it says now."""

    def __init__(self, context: Context) -> None:
        """Take the context; what its file says now is what it has."""
        self._context = context
        self._seen = self._digest()

    def look(self) -> bool:
        """Take up what was changed, if it is valid; return whether it was taken up.

        A wrong file is warned of once, and the settings stay. So do `state` and `plugins`.
        """
        digest = self._digest()
        if digest in (None, self._seen):
            return False
        self._seen = digest
        context = self._context
        try:
            settings = load_settings(context.file)
            check_against_plugins(settings, context.plugins, context.file)
        except SftsecError as error:
            self._warn(f"{error}: the worker keeps the settings that it has")
            return False
        kept = {name: getattr(context.settings, name) for name in _FIXED}
        changed = [name for name in _FIXED if getattr(settings, name) != kept[name]]
        if changed:
            self._warn(f"{' and '.join(changed)} changed: restart the worker to take that up")
        context.reconfigure(settings.model_copy(update=kept))
        return True

    def _digest(self) -> bytes | None:
        """Of the file; None while it cannot be read, as between two writes of an editor."""
        try:
            return hashlib.sha256(self._context.file.read_bytes()).digest()
        except OSError:
            return None

    def _warn(self, text: str) -> None:
        self._context.emit(Message(text=text, level="warning"))
