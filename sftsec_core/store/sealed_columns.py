"""Columns whose content is encrypted where the state is: texts and JSON of incidents and verdicts.

The database's own types stay as they are, so that no migration is needed: an encrypted text begins
with a control character that no other text of the column may begin with, and encrypted JSON is an
object of one key. JSON is packed (`packing.py`). What was written before it was, or before
encryption was turned on, is read as it is.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON
from sqlalchemy.types import TypeDecorator

from sftsec_core.api.errors import IntegrityError
from sftsec_core.store.columns import ForeignText
from sftsec_core.store.packing import is_packed, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Dialect, Engine

    from sftsec_core.store.vault import Vault

_MARK = "\x01"
_KEY = "sftsec_sealed"
_ATTRIBUTE = "sftsec_vault"


def give_vault(engine: Engine, vault: Vault | None) -> None:
    """Let the columns of a database encrypt and decrypt with a state's keys."""
    setattr(engine.dialect, _ATTRIBUTE, vault)


def _vault_of(dialect: Dialect) -> Vault | None:
    found: Vault | None = getattr(dialect, _ATTRIBUTE, None)
    return found


def _needed(dialect: Dialect) -> Vault:
    vault = _vault_of(dialect)
    if vault is None:
        raise IntegrityError("the state is encrypted: set state.encrypt.key")
    return vault


class SealedText(ForeignText):
    """Text from outside, encrypted where the state is.

    It cannot be compared or grouped in SQL, but with the words in `plain`, which are stored as
    they are.
    """

    cache_ok = True

    def __init__(self, purpose: str, plain: tuple[str, ...] = ()) -> None:
        """Take the column's name, which each text is bound to."""
        super().__init__()
        self.purpose = purpose
        self.plain = plain

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Make the text storable, and encrypt it."""
        text = super().process_bind_param(value, dialect)
        if text is None or text in self.plain:
            return text
        if (vault := _vault_of(dialect)) is not None:
            return _MARK + vault.seal(text, self.purpose)
        return "\N{REPLACEMENT CHARACTER}" + text[1:] if text.startswith(_MARK) else text

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Decrypt the text.

        Raises:
            IntegrityError: when it was changed, or no key is configured.
        """
        if value is None or not value.startswith(_MARK):
            return value
        return _needed(dialect).unseal(value[len(_MARK) :], self.purpose)


class SealedJson(TypeDecorator[dict[str, Any]]):
    """A JSON object, packed, and encrypted where the state is."""

    impl = JSON
    cache_ok = True

    def __init__(self, purpose: str) -> None:
        """Take the column's name, which each object is bound to."""
        super().__init__()
        self.purpose = purpose

    def process_bind_param(
        self, value: dict[str, Any] | None, dialect: Dialect
    ) -> str | dict[str, Any] | None:
        """Pack and encrypt the object."""
        if value is None:
            return None
        vault, packed = _vault_of(dialect), pack(value)
        return packed if vault is None else {_KEY: vault.seal(packed, self.purpose)}

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Read a packed object, the most, from its JSON text at once: it has nothing escaped."""
        slow = super().result_processor(dialect, coltype)

        def read(value: Any) -> Any:  # noqa: ANN401 - what the driver gives
            if isinstance(value, str) and value[:1] == '"' and is_packed(value[1:4]):
                return unpack(value[1:-1])
            return value if slow is None else slow(value)

        return read

    def process_result_value(
        self, value: str | dict[str, Any] | None, dialect: Dialect
    ) -> dict[str, Any] | None:
        """Decrypt and unpack the object.

        Raises:
            IntegrityError: when it was changed, or no key is configured.
        """
        if isinstance(value, dict) and set(value) == {_KEY}:
            value = _needed(dialect).unseal(value[_KEY], self.purpose)
        if not isinstance(value, str):
            return value
        opened: dict[str, Any] = unpack(value) if is_packed(value) else json.loads(value)
        return opened
