"""Who may ask: bearer tokens, kept as digests and compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from sftsec_core.api.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sftsec_core.api.settings.secrets import SecretRef

SHORTEST = 16
_SCHEME = b"bearer"


class Tokens:
    """The tokens' digests by their owners' names; a token itself is forgotten at once."""

    __slots__ = ("_digests",)

    def __init__(self, tokens: Mapping[str, str]) -> None:
        """Take each owner's token.

        Raises:
            ConfigError: when there is none, or one is short, cannot be sent or stands twice.
        """
        if not tokens:
            raise ConfigError("at least one token is needed: tokens: {splunk: env:NAME}")
        self._digests: dict[str, bytes] = {}
        for owner, token in tokens.items():
            _refuse_unusable(owner, token)
            digest = _digest(token.encode("ascii"))
            twins = [name for name, known in self._digests.items() if known == digest]
            if twins:
                raise ConfigError(f"{twins[0]} and {owner} have one token: give each its own")
            self._digests[owner] = digest

    @classmethod
    def reveal(cls, references: Mapping[str, SecretRef], file: Path) -> Tokens:
        """Fetch the tokens that the configuration refers to.

        Raises:
            ConfigError: when one is missing or cannot be used; says which, never what it is.
        """
        try:
            return cls({owner: where.reveal() for owner, where in references.items()})
        except ConfigError as error:
            raise ConfigError(str(error), file=file, path="serve.tokens") from error

    def owner(self, authorization: bytes | None) -> str | None:
        """Whose token an `Authorization` header carries; None when it is nobody's."""
        scheme, _, token = (authorization or b"").strip().partition(b" ")
        given = _digest(token.strip())
        # Every token is compared, wherever the right one stands: the time tells nothing.
        found = [name for name, known in self._digests.items() if hmac.compare_digest(known, given)]
        return found[0] if found and scheme.lower() == _SCHEME else None

    def __repr__(self) -> str:
        return f"Tokens({', '.join(self._digests)})"


def _refuse_unusable(owner: str, token: str) -> None:
    if len(token) < SHORTEST:
        raise ConfigError(
            f"the token of {owner} is shorter than {SHORTEST} characters: "
            "`openssl rand -hex 32` makes a good one"
        )
    if not all("!" <= character <= "~" for character in token):
        raise ConfigError(f"the token of {owner} holds blanks or characters that are not ASCII")


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()
