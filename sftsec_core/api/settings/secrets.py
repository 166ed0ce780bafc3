"""Secrets by reference: the configuration says where a secret is, never what it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_core import core_schema

from sftsec_core.api.errors import ConfigError
from sftsec_core.api.settings.paths import BASE

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

KINDS = ("env", "file", "credential", "keyring")
_FORMS = "env:NAME, file:/path, credential:NAME or keyring:SERVICE/USER"
# Where systemd puts what a unit loads (LoadCredential=); a container may set it to its secrets.
CREDENTIALS = "CREDENTIALS_DIRECTORY"


class SecretRef:
    """Where a secret is to be found; shows the reference, never the value.

    Usable as a pydantic field: `token: SecretRef`. A literal secret is refused without being
    repeated in the message.
    """

    __slots__ = ("kind", "where")

    def __init__(self, reference: str, base: Path | None = None) -> None:
        """Take "env:NAME", "file:/path", "credential:NAME" or "keyring:SERVICE/USER".

        Args:
            reference: what the configuration says.
            base: the folder that a relative path of "file:" starts from; default: the working
                directory.

        Raises:
            ValueError: when it is none of these.
        """
        kind, colon, where = reference.partition(":")
        if kind not in KINDS or not colon or not where:
            raise ValueError(f"write a reference to a secret, not the secret itself: {_FORMS}")
        self.kind = kind
        if kind == "file" and base is not None:
            where = str(base / Path(where).expanduser())
        self.where = where

    def reveal(self) -> str:
        """Fetch the secret.

        Raises:
            ConfigError: when nothing is there; says where it looked.
        """
        value = _FETCH[self.kind](self.where)
        if not value:
            raise ConfigError(f"the secret {self} is not set or empty")
        return value

    def __repr__(self) -> str:
        return f"SecretRef({str(self)!r})"

    def __str__(self) -> str:
        return f"{self.kind}:{self.where}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretRef) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[Any], handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Validate from a string or an instance; serialise as the reference."""
        return core_schema.with_info_plain_validator_function(
            _parse, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe it to editors."""
        return {"type": "string", "pattern": f"^({'|'.join(KINDS)}):.+", "description": _FORMS}


def is_reference(text: str) -> bool:
    """Whether a text has the form of a reference to a secret."""
    return text.partition(":")[0] in KINDS


def _parse(value: object, info: core_schema.ValidationInfo) -> SecretRef:
    if isinstance(value, SecretRef):
        return value
    if not isinstance(value, str):
        raise ValueError(f"write a reference to a secret: {_FORMS}")  # noqa: TRY004 - pydantic's
    return SecretRef(value, (info.context or {}).get(BASE))


def _from_file(where: str) -> str:
    try:
        return Path(where).expanduser().read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(f"the secret file:{where} cannot be read: {error.strerror}") from error
    except UnicodeError:
        # Its message quotes what was read.
        raise ConfigError(f"the secret file:{where} is not text in UTF-8") from None


def _from_credential(where: str) -> str:
    folder = os.environ.get(CREDENTIALS)
    if not folder:
        raise ConfigError(
            f"credential:{where}: {CREDENTIALS} is not set; let the unit load it "
            f"(LoadCredential={where}:/path), or set it to the folder that holds it"
        )
    if Path(where).name != where:
        raise ConfigError(f"credential:{where} must be the name of a file, without a folder")
    return _from_file(str(Path(folder) / where))


def _from_keyring(where: str) -> str:
    try:
        import keyring
    except ImportError as error:
        raise ConfigError("keyring: references need pip install 'sftsec[keyring]'") from error
    service, slash, user = where.partition("/")
    if not slash:
        raise ConfigError(f"keyring:{where} must be keyring:SERVICE/USER")
    return keyring.get_password(service, user) or ""


_FETCH = {
    "env": lambda where: os.environ.get(where, ""),
    "file": _from_file,
    "credential": _from_credential,
    "keyring": _from_keyring,
}
