"""An OIDC issuer on loopback: HTTPS, discovery, keys, and tokens that PyJWT signs."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

AUDIENCE = "sftsec"


@dataclass(slots=True)
class OidcIssuer:
    """What it serves, and what it was asked.

    Attributes:
        keys: private keys by their names; what is taken out is served no more.
        asked: the paths of all requests.
        status: of every answer.
    """

    url: str
    keys: dict[str, Any] = field(default_factory=dict)
    extra: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    status: int = 200
    named: str | None = None

    def new_key(self, kid: str, kind: str = "RSA") -> None:
        """Make a key."""
        make_rsa = kind == "RSA"
        self.keys[kid] = (
            rsa.generate_private_key(65537, 2048)
            if make_rsa
            else ec.generate_private_key(ec.SECP256R1())
        )

    def token(self, kid: str = "first", **changes: Any) -> str:
        """A good token, with other claims; None takes a claim away."""
        key = self.keys[kid]
        algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
        return self.signed(key, algorithm, {"kid": kid}, **changes)

    def signed(self, key: Any, algorithm: str, headers: dict[str, Any], **changes: Any) -> str:
        """A token of any key, algorithm and header."""
        return jwt.encode(self.claims(**changes), key, algorithm=algorithm, headers=headers)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """What a good token says."""
        now = int(time.time())
        given = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "ann",
            "iat": now,
            "nbf": now,
            "exp": now + 300,
            "groups": ["soc-analysts"],
            **changes,
        }
        return {name: value for name, value in given.items() if value is not None}

    def answer(self, path: str) -> dict[str, Any] | None:
        """The document at a path; None where there is none."""
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.named or self.url, "jwks_uri": f"{self.url}/keys"}
        if path == "/keys":
            return {"keys": [*(_jwk(kid, key) for kid, key in self.keys.items()), *self.extra]}
        return None


def _jwk(kid: str, key: Any) -> dict[str, Any]:
    kind = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    public: dict[str, Any] = json.loads(kind.to_jwk(key.public_key()))
    return {**public, "kid": kid, "use": "sig"}


@contextmanager
def start_issuer(certificates: Path) -> Iterator[OidcIssuer]:
    """Serve an issuer with the key `first` until the block ends.

    Args:
        certificates: a folder with node.pem and node.key.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = issuer.answer(self.path)
            body = json.dumps(found or {}).encode()
            self.send_response(issuer.status if found is not None else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_given: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "node.pem", certificates / "node.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    issuer = OidcIssuer(f"https://localhost:{server.server_port}")
    issuer.new_key("first")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
