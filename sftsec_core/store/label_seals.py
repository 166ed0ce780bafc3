"""What the labelling page's database holds encrypted where the state is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sftsec_core.api.errors import IntegrityError

if TYPE_CHECKING:
    import sqlite3

    from sftsec_core.store.vault import Vault

SEALED = frozenset({"body", "analyst", "reason"})
_MARK, _PURPOSE = "\x01", "labelling"


class Seals:
    """Encrypts the columns that hold what incidents or analysts say, where the state is encrypted.

    An encrypted value begins with a control character that no other of these columns begins with.
    """

    def __init__(self, vault: Vault | None) -> None:
        """Take the state's keys; None: nothing is encrypted."""
        self._vault = vault

    def text(self, text: str) -> str:
        """A text as it is stored."""
        if self._vault is None:
            return text.lstrip(_MARK)
        return _MARK + self._vault.seal(text, _PURPOSE)

    def of(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """A row as it is stored."""
        return {
            name: self.text(value) if name in SEALED and value is not None else value
            for name, value in values.items()
        }

    def read(self, row: sqlite3.Row) -> dict[str, Any]:
        """A row as it was before.

        Raises:
            IntegrityError: when it was changed, or no key is configured.
        """
        values = dict(zip(row.keys(), row, strict=True))
        return {k: self._opened(v) if k in SEALED else v for k, v in values.items()}

    def _opened(self, stored: str | None) -> str | None:
        if stored is None or not stored.startswith(_MARK):
            return stored
        if self._vault is None:
            raise IntegrityError("the state is encrypted: set state.encrypt.key")
        return self._vault.unseal(stored[len(_MARK) :], _PURPOSE)
