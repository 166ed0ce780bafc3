"""Tokens of a real issuer over HTTPS: which are good, which are not, and when it is asked."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sftsec_core.api.errors import ConfigError, ConnectorUnavailableError
from sftsec_core.config.access import OidcSettings
from sftsec_core.operations.oidc import KEYS_AGE_S, KEYS_KEPT_S, REFRESH_S, OidcVerifier, is_jwt
from tests.needs import need
from tests.servers.engines.certificates import make_certificates
from tests.servers.oidc import AUDIENCE, OidcIssuer, start_issuer

ROLES = {"soc-analysts": ("analyst@mail",), "admins": ("admin",)}


@dataclass(slots=True)
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need(shutil.which("openssl"), "install OpenSSL's command line")
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    return folder


@pytest.fixture(scope="module")
def served(certificates: Path) -> Iterator[OidcIssuer]:
    with start_issuer(certificates) as made:
        made.new_key("curve", "EC")
        yield made


@pytest.fixture
def issuer(served: OidcIssuer) -> Iterator[OidcIssuer]:
    """The issuer as it was made."""
    keys = dict(served.keys)
    yield served
    served.keys, served.extra, served.status, served.named = keys, [], 200, None
    served.asked.clear()


def settings(issuer: OidcIssuer, certificates: Path, **changes: Any) -> OidcSettings:
    given = {"issuer": issuer.url, "audience": AUDIENCE, "roles": ROLES}
    return OidcSettings.model_validate(
        {**given, "ca_file": certificates / "ca.pem", "leeway": "30s", **changes}
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def verifier(issuer: OidcIssuer, certificates: Path, clock: Clock) -> OidcVerifier:
    return OidcVerifier(settings(issuer, certificates), clock)


def own_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def with_other_claims(issuer: OidcIssuer) -> str:
    header, _, signature = issuer.token().split(".")
    return f"{header}.{encoded({**issuer.claims(), 'groups': ['admins']})}.{signature}"


def without_algorithm(issuer: OidcIssuer) -> str:
    return f"{encoded({'alg': 'none', 'kid': 'first'})}.{encoded(issuer.claims())}."


def with_public_key_as_secret(issuer: OidcIssuer) -> str:
    """PyJWT refuses to sign so; an attacker does it by hand."""
    key = issuer.keys["first"].public_key()
    public = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = encoded({"alg": "HS256", "typ": "JWT", "kid": "first"})
    begun = f"{header}.{encoded(issuer.claims())}"
    mac = hmac.new(public, begun.encode(), hashlib.sha256).digest()
    return f"{begun}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


# Tokens that are wrong in their signature or their header.
FORGED: dict[str, Callable[[OidcIssuer], str]] = {
    "another key": lambda made: made.signed(own_key(), "RS256", {"kid": "first"}),
    "an algorithm that is not allowed": lambda made: made.signed(
        made.keys["first"], "RS512", {"kid": "first"}
    ),
    "the algorithm of another key": lambda made: made.signed(
        made.keys["curve"], "ES256", {"kid": "first"}
    ),
    "a critical header": lambda made: made.signed(
        made.keys["first"], "RS256", {"kid": "first", "crit": ["x"], "x": 1}
    ),
    "no key named": lambda made: made.signed(made.keys["first"], "RS256", {}),
    "a key of its own": lambda made: made.signed(
        own_key(), "RS256", {"kid": "mine", "jwk": {"kty": "RSA"}, "jku": made.url}
    ),
    "other claims": with_other_claims,
    "no algorithm": without_algorithm,
    "the public key as secret": with_public_key_as_secret,
}


def at(claims: dict[str, Any]) -> dict[str, Any]:
    """Claims whose times are given in seconds from now."""
    now, times = int(time.time()), {"exp", "nbf", "iat"}
    return {n: now + v if n in times and v is not None else v for n, v in claims.items()}


def encoded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


NO_TOKENS = ("", "eyJ", "eyJ..", "a.b.c", "eyJhIjp9.e30.x", "e30.e30.e30")
# A header of JSON that is nested too deep to be read.
DEEP = base64.urlsafe_b64encode(b'{"a":' + b"[" * 9000).rstrip(b"=").decode()


class TestGoodTokens:
    @pytest.mark.parametrize("kid", ["first", "curve"])
    def test_name_owner_and_roles(
        self, issuer: OidcIssuer, verifier: OidcVerifier, kid: str
    ) -> None:
        found = verifier.find(issuer.token(kid, groups=["soc-analysts", "others", 7]))
        assert found is not None
        assert (found.name, set(found.roles)) == ("ann", {"analyst@mail"})
        assert found.expires_at > time.time()

    @pytest.mark.parametrize(
        ("claims", "roles"),
        [
            ({"groups": "admins"}, {"admin"}),
            ({"groups": ["admins", "soc-analysts"]}, {"admin", "analyst@mail"}),
            ({"groups": []}, set()),
            ({"groups": None}, set()),
            ({"groups": {"admins": True}}, set()),
            ({"groups": [["admins"]]}, set()),
            ({"aud": ["other", AUDIENCE]}, {"analyst@mail"}),
            ({"exp": -2}, {"analyst@mail"}),
        ],
    )
    def test_give_what_is_configured(
        self, issuer: OidcIssuer, verifier: OidcVerifier, claims: dict[str, Any], roles: set[str]
    ) -> None:
        found = verifier.find(issuer.token(**at(claims)))
        assert found is not None
        assert found.roles == roles

    def test_claims_have_paths_and_names(self, issuer: OidcIssuer, certificates: Path) -> None:
        given = settings(issuer, certificates, claim="realm.roles", name="https://x.example/n")
        token = issuer.token(realm={"roles": ["admins"]}, **{"https://x.example/n": "a@b.c"})
        found = OidcVerifier(given).find(token)
        assert found is not None
        assert (found.name, set(found.roles)) == ("a@b.c", {"admin"})


class TestBadTokens:
    @pytest.mark.parametrize(
        "claims",
        [
            {"aud": "another"},
            {"aud": None},
            {"iss": "https://evil.example"},
            {"iss": None},
            {"exp": -60},
            {"exp": None},
            {"nbf": 600},
            {"iat": 600},
            {"iat": None},
            {"sub": None},
            {"sub": "ann\nroot"},
            {"sub": ""},
            {"sub": "a" * 200},
        ],
        ids=str,
    )
    def test_of_wrong_claims_are_refused(
        self, issuer: OidcIssuer, verifier: OidcVerifier, claims: dict[str, Any]
    ) -> None:
        assert verifier.find(issuer.token()) is not None
        assert verifier.find(issuer.token(**at(claims))) is None

    @pytest.mark.parametrize("how", FORGED)
    def test_of_wrong_signatures_are_refused(
        self,
        issuer: OidcIssuer,
        verifier: OidcVerifier,
        caplog: pytest.LogCaptureFixture,
        how: str,
    ) -> None:
        token = FORGED[how](issuer)
        with caplog.at_level(logging.DEBUG):
            assert verifier.find(issuer.token()) is not None
            assert verifier.find(token) is None
        assert not any(part in caplog.text for part in token.split(".") if part)

    @pytest.mark.parametrize("text", [*NO_TOKENS, "eyJ" * 9000, f"{DEEP}.e30.eA"], ids=len)
    def test_of_no_form_ask_nobody(
        self, issuer: OidcIssuer, verifier: OidcVerifier, text: str
    ) -> None:
        assert verifier.is_ready(text)
        assert verifier.find(text) is None
        assert issuer.asked == []


class TestKeys:
    def test_are_fetched_once(self, issuer: OidcIssuer, verifier: OidcVerifier) -> None:
        assert not verifier.is_ready(issuer.token())
        for _ in range(3):
            assert verifier.find(issuer.token()) is not None
        assert verifier.is_ready(issuer.token())
        assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]

    def test_are_looked_for_once_a_minute(
        self, issuer: OidcIssuer, verifier: OidcVerifier, clock: Clock
    ) -> None:
        assert verifier.find(issuer.token()) is not None
        issuer.new_key("second")
        for _ in range(5):
            assert verifier.find(issuer.token("second")) is None
        assert len(issuer.asked) == 2
        clock.now += REFRESH_S
        assert verifier.find(issuer.token("second")) is not None
        assert verifier.find(issuer.token()) is not None
        assert len(issuer.asked) == 4

    def test_end_when_the_issuer_withdraws_them(
        self, issuer: OidcIssuer, verifier: OidcVerifier, clock: Clock
    ) -> None:
        token = issuer.token()
        assert verifier.find(token) is not None
        del issuer.keys["first"]
        clock.now += KEYS_AGE_S
        assert verifier.find(token) is None

    def test_outlast_an_issuer_without_answers(
        self, issuer: OidcIssuer, verifier: OidcVerifier, clock: Clock
    ) -> None:
        token = issuer.token()
        assert verifier.find(token) is not None
        issuer.status = 503
        clock.now += KEYS_AGE_S
        assert verifier.find(token) is not None
        assert verifier.is_ready(token)
        clock.now += KEYS_KEPT_S
        with pytest.raises(ConnectorUnavailableError):
            verifier.find(token)

    def test_of_no_use_are_left_out(self, issuer: OidcIssuer, verifier: OidcVerifier) -> None:
        (first,) = [each for each in _served(issuer) if each["kid"] == "first"]
        weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - it is refused
        issuer.keys = {"first": issuer.keys["first"], "weak": weak}
        issuer.extra = [
            {"kty": "oct", "kid": "shared", "k": "c2VjcmV0", "alg": "HS256"},
            {**first, "kid": "encryption", "use": "enc"},
            {**first, "kid": "symmetric", "alg": "HS256"},
            {"kty": "RSA", "kid": "broken", "n": "?", "e": "AQAB"},
            {"kty": "EC", "kid": "curveless"},
            {"kty": "RSA", "kid": "odd", "n": 5, "e": []},
            {"kty": "EC", "crv": "P-256", "kid": "pointless"},
            "nonsense",  # type: ignore[list-item]
        ]
        assert verifier.find(issuer.token()) is not None
        assert set(verifier._keys) == {"first"}

    @pytest.mark.parametrize("wrong", ["another issuer", "no keys", "not there"])
    def test_that_cannot_be_had_are_told(
        self,
        issuer: OidcIssuer,
        verifier: OidcVerifier,
        wrong: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        token = issuer.token()
        if wrong == "another issuer":
            issuer.named = "https://evil.example"
        elif wrong == "no keys":
            issuer.keys = {}
        else:
            issuer.status = 500
        with pytest.raises(ConnectorUnavailableError):
            verifier.find(token)
        assert "the keys of the OIDC issuer cannot be read" in caplog.text

    def test_need_a_verified_certificate(
        self, issuer: OidcIssuer, certificates: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        strict = OidcVerifier(settings(issuer, certificates, ca_file=None))
        with pytest.raises(ConnectorUnavailableError):
            strict.find(issuer.token())
        assert "certificate" in caplog.text


def _served(issuer: OidcIssuer) -> list[dict[str, Any]]:
    found = issuer.answer("/keys")
    issuer.asked.clear()
    assert found is not None
    keys: list[dict[str, Any]] = found["keys"]
    return keys


class TestSettings:
    def test_unreadable_authority_is_told(self, issuer: OidcIssuer, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"access\.oidc\.ca_file"):
            OidcVerifier(settings(issuer, tmp_path))

    @pytest.mark.parametrize(
        "changes",
        [
            {"issuer": "http://login.example"},
            {"issuer": "https://user:secret@login.example"},
            {"jwks_uri": "http://login.example/keys"},
            {"algorithms": ["HS256"]},
            {"algorithms": ["none"]},
            {"algorithms": []},
            {"audience": ""},
            {"leeway": "1h"},
            {"roles": {"soc": ["boss"]}},
        ],
        ids=str,
    )
    def test_unsafe_ones_are_refused(
        self, issuer: OidcIssuer, certificates: Path, changes: dict[str, Any]
    ) -> None:
        good = settings(issuer, certificates).model_dump()
        with pytest.raises(ValueError, match="validation error"):
            OidcSettings.model_validate({**good, **changes})


class TestIsJwt:
    def test_tells_tokens_of_ours_apart(self, issuer: OidcIssuer) -> None:
        assert is_jwt(issuer.token())
        assert not is_jwt("sftsec_abcd_efgh")
        assert not is_jwt("eyJhbGciOiJub25lIn0")
