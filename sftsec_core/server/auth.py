"""Bearer tokens, kept as digests and compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import TYPE_CHECKING

from sftsec_core.api.errors import ConfigError
from sftsec_core.server.renewal import Renewed
from sftsec_core.server.secret_files import refuse_open

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.api.settings.secrets import SecretRef

MIN_LENGTH = 16
_SCHEME = b"bearer"


class Tokens:
    """The digests of the tokens by the names of their owners; a token itself is not kept."""

    __slots__ = ("_digests",)

    def __init__(self, tokens: Mapping[str, str]) -> None:
        """Check and hash the tokens.

        Raises:
            ConfigError: when one is short, cannot be sent or is there twice.
        """
        self._digests: dict[str, bytes] = {}
        for owner, token in tokens.items():
            _refuse_unusable(owner, token)
            digest = _digest(token.encode("ascii"))
            same = [name for name, known in self._digests.items() if known == digest]
            if same:
                raise ConfigError(f"{same[0]} and {owner} share one token: give each its own")
            self._digests[owner] = digest

    @classmethod
    def reveal(cls, references: Mapping[str, SecretRef], file: Path) -> Tokens:
        """Fetch the tokens that the configuration refers to.

        Raises:
            ConfigError: when one is missing, cannot be used, or lies in a file that is open to
                others; it names the owner, not the token.
        """
        try:
            for owner, where in references.items():
                if where.kind == "file":
                    refuse_open(_file_of(where), f"the token of {owner}")
            return cls({owner: where.reveal() for owner, where in references.items()})
        except ConfigError as error:
            raise ConfigError(str(error), file=file, path="serve.tokens") from error

    def owner(self, authorization: bytes | None) -> str | None:
        """The owner of the token in an `Authorization` header; None for an unknown token."""
        given = _digest(_parts(authorization)[1])
        # Every token is compared, so the time does not depend on which one matches.
        found = [name for name, known in self._digests.items() if hmac.compare_digest(known, given)]
        return found[0] if found and _parts(authorization)[0] == _SCHEME else None

    def mark(self, owner: str) -> bytes | None:
        """What changes with an owner's token; None for an owner without one."""
        found = self._digests.get(owner)
        return None if found is None else _digest(found)

    def __repr__(self) -> str:
        return f"Tokens({', '.join(self._digests)})"


def bearer_of(authorization: bytes | None) -> str:
    """The token in an `Authorization` header; empty for another scheme or none."""
    scheme, token = _parts(authorization)
    return token.decode("latin-1") if scheme == _SCHEME else ""


def _parts(authorization: bytes | None) -> tuple[bytes, bytes]:
    scheme, _, token = (authorization or b"").strip().partition(b" ")
    return scheme.lower(), token.strip()


def renewed_tokens(references: Mapping[str, SecretRef], file: Path) -> Renewed[Tokens]:
    """The tokens that the configuration refers to, read again when their files change.

    Raises:
        ConfigError: as `Tokens.reveal` does.
    """
    files = [_file_of(where) for where in references.values() if where.kind == "file"]
    return Renewed("the tokens are", lambda: Tokens.reveal(references, file), files)


def _file_of(reference: SecretRef) -> Path:
    return Path(reference.where).expanduser()


def _refuse_unusable(owner: str, token: str) -> None:
    if len(token) < MIN_LENGTH:
        raise ConfigError(
            f"the token of {owner} is shorter than {MIN_LENGTH} characters: "
            "`openssl rand -hex 32` makes one"
        )
    if not all("!" <= character <= "~" for character in token):
        raise ConfigError(f"the token of {owner} holds blanks or characters that are not ASCII")


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()
