"""Verifies bearer tokens of an OIDC issuer: signed JWTs, by keys that are fetched and kept.

A token whose key is known is verified here and now. An unknown key is looked for at the issuer, at
most once a minute, so that made-up tokens do not make us ask. What a token says is never logged.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.errors import ConfigError, ConnectorUnavailableError, SftsecError
from sftsec_core.sdk.http import HttpClient

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sftsec_core.config.access import OidcSettings

REFRESH_S = 60.0
# Keys that the issuer has withdrawn count no longer than this, in seconds.
KEYS_AGE_S = 3600.0
# While the issuer does not answer, keys that were known stay good for this long.
KEYS_KEPT_S = 24 * 3600.0
MOST_BYTES = 16_384
_DISCOVERY = "/.well-known/openid-configuration"
_TIMEOUT_S = 5.0
_ANSWER_BYTES = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9_.@+:|-]{1,128}")
_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_RSA_BITS = 2048
_CURVES: Mapping[tuple[object, object], tuple[str, ...]] = {
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA",),
}
_REQUIRED = ["exp", "iat", "iss", "aud"]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """What a token says of its owner.

    Attributes:
        name: as it stands in the audit log.
        roles: that the configuration gives for the claim.
        expires_at: seconds since 1970.
    """

    name: str
    roles: frozenset[str]
    expires_at: float


@dataclass(frozen=True, slots=True)
class _SigningKey:
    """A public key, and the algorithms that may be used with it."""

    key: Any
    algorithms: tuple[str, ...]


class OidcVerifier:
    """Says whose a token is; threads may share it."""

    def __init__(self, settings: OidcSettings, clock: Callable[[], float] = time.monotonic) -> None:
        """Prepare; the issuer is asked when the first token comes.

        Raises:
            ConfigError: when PyJWT is not installed, or `ca_file` cannot be read.
        """
        try:
            import jwt  # noqa: F401 - asked for now, not at the first request
        except ImportError as error:
            raise ConfigError(
                "access.oidc needs PyJWT: pip install 'sftsec[serve]'", path="access.oidc"
            ) from error
        try:
            self._http = HttpClient(
                "the OIDC issuer",
                ca_file=settings.ca_file,
                timeout_s=_TIMEOUT_S,
                max_bytes=_ANSWER_BYTES,
            )
        except SftsecError as error:
            raise ConfigError(str(error), path="access.oidc.ca_file") from error
        self._settings = settings
        self._clock = clock
        self._keys: dict[str, _SigningKey] = {}
        self._fetched = self._asked = float("-inf")
        self._fetching = threading.Lock()

    def is_ready(self, token: str) -> bool:
        """Whether `find` will answer without asking the issuer."""
        if len(token) > MOST_BYTES:
            return True
        kid = _kid_of(token)
        return kid is None or (self._key(kid) is not None and not self._are_old())

    def find(self, token: str) -> VerifiedToken | None:
        """Whose a token is; None for one that is not good.

        Raises:
            ConnectorUnavailableError: when the issuer does not answer and no key is known.
        """
        kid = _kid_of(token) if len(token) <= MOST_BYTES else None
        if kid is None:
            return None
        key = self._key(kid)
        if key is None or self._are_old():
            self._refresh()
            key = self._key(kid)
        if key is None:
            log.warning("an OIDC token was refused: its key is none of the issuer's")
            return None
        return self._verified(token, key)

    def _key(self, kid: str) -> _SigningKey | None:
        return self._keys.get(kid)

    def _are_old(self) -> bool:
        """Whether the keys are to be fetched again; while somebody does, or just tried, they do."""
        now = self._clock()
        return now - self._fetched >= KEYS_AGE_S and now - self._asked >= REFRESH_S

    def _verified(self, token: str, key: _SigningKey) -> VerifiedToken | None:
        import jwt

        settings = self._settings
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=list(key.algorithms),
                audience=settings.audience,
                issuer=settings.issuer,
                leeway=settings.leeway,
                options={"require": _REQUIRED},
            )
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
            log.warning("an OIDC token was refused: %s", type(error).__name__)
            return None
        name = _claim(claims, settings.name)
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            log.warning("an OIDC token was refused: its claim %r is no name", settings.name)
            return None
        given = _claim(claims, settings.claim)
        values = [given] if isinstance(given, str) else given if isinstance(given, list) else []
        roles = {role for each in values for role in self._roles(each)}
        return VerifiedToken(name, frozenset(roles), float(claims["exp"]))

    def _roles(self, value: object) -> tuple[str, ...]:
        return self._settings.roles.get(value, ()) if isinstance(value, str) else ()

    def _refresh(self) -> None:
        """Fetch the keys, unless somebody just did; the others wait for the same answer."""
        with self._fetching:
            now = self._clock()
            if now - self._asked < REFRESH_S:
                self._forget_old(now)
                return
            self._asked = now
            try:
                self._keys = self._fetch()
            except (SftsecError, ValueError) as error:
                log.warning("the keys of the OIDC issuer cannot be read: %s", error)
                self._forget_old(now)
                if not self._keys:
                    raise ConnectorUnavailableError("the OIDC issuer does not answer") from None
            else:
                self._fetched = self._clock()

    def _forget_old(self, now: float) -> None:
        if now - self._fetched >= KEYS_KEPT_S:
            self._keys = {}

    def _fetch(self) -> dict[str, _SigningKey]:
        where = self._settings.jwks_uri
        if where is None:
            found = self._get(self._settings.issuer.rstrip("/") + _DISCOVERY)
            if found.get("issuer") != self._settings.issuer:
                raise ValueError("its discovery document names another issuer")
            where = found.get("jwks_uri")
            if not isinstance(where, str) or not where.startswith("https://"):
                raise ValueError("its discovery document names no https address of keys")
        return _signing_keys(self._get(where), self._settings.algorithms)

    def _get(self, url: str) -> dict[str, Any]:
        answer = self._http.send("GET", url, headers={"Accept": "application/json"})
        if answer.status != 200:
            raise ValueError(f"it answers with status {answer.status}")
        try:
            found = json.loads(answer.body)
        except ValueError:
            raise ValueError("it answers with something else than JSON") from None
        if not isinstance(found, dict):
            raise ValueError("it answers with something else than an object")  # noqa: TRY004 - as above
        return found


def is_jwt(token: str) -> bool:
    """Whether a token looks like a signed JWT."""
    return token.startswith("eyJ") and token.count(".") == 2


def _kid_of(token: str) -> str | None:
    """The key's name in a token's header; None for what is no JWT that names one."""
    import jwt

    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        return None
    kid = header.get("kid")
    return kid if isinstance(kid, str) and "crit" not in header else None


def _signing_keys(
    document: Mapping[str, Any], algorithms: tuple[str, ...]
) -> dict[str, _SigningKey]:
    """The public keys for signatures, by their names; others, and broken ones, are left out."""
    listed = document.get("keys")
    found: dict[str, _SigningKey] = {}
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, dict) and isinstance(each.get("kid"), str):
            usable = tuple(name for name in _algorithms_of(each) if name in algorithms)
            key = _public_key(each) if usable else None
            if key is not None:
                found[each["kid"]] = _SigningKey(key, usable)
    if not found:
        raise ValueError("it has no key for signatures of the configured algorithms")
    return found


def _algorithms_of(jwk: Mapping[str, Any]) -> tuple[str, ...]:
    """What a key may have signed: never a symmetric algorithm, whatever it says of itself."""
    kind, curve = jwk.get("kty"), jwk.get("crv")
    suited = _RSA if kind == "RSA" else _CURVES.get((kind, curve), ())
    if jwk.get("use", "sig") != "sig" or "d" in jwk:
        return ()
    named = jwk.get("alg")
    return suited if named is None else tuple(each for each in suited if each == named)


def _public_key(jwk: dict[str, Any]) -> object | None:
    import jwt

    try:
        key: Any = jwt.PyJWK(jwk).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError):
        return None
    weak = jwk["kty"] == "RSA" and key.key_size < _RSA_BITS
    return None if weak else key


def _claim(claims: Mapping[str, Any], name: str) -> object:
    """A claim by its name, or by a path of names with dots between them."""
    if name in claims:
        return claims[name]
    found: object = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found
