"""A certificate authority of a test's own, and a server's certificate that it has signed."""

from __future__ import annotations

import subprocess
from pathlib import Path

_CONFIG = """\
[req]
distinguished_name = name
prompt = no
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[node]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:localhost, IP:127.0.0.1
"""


def make_certificates(folder: Path) -> None:
    """Write ca.pem, ca.key, node.pem (with its authority after it) and node.key (PKCS8)."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "openssl.cnf").write_text(_CONFIG)
    _request(folder, "ca", "/O=sftsec tests/CN=authority", "authority")
    signed = ["-CA", "ca.pem", "-CAkey", "ca.key"]
    _request(folder, "node", "/O=sftsec tests/CN=node", "node", *signed)
    with (folder / "node.pem").open("a") as chain:
        chain.write((folder / "ca.pem").read_text())


def _request(folder: Path, name: str, subject: str, extensions: str, *signed: str) -> None:
    extended = ["-config", "openssl.cnf", "-extensions", extensions, "-subj", subject]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", f"{name}.key", "-out", f"{name}.pem"]
    subprocess.run(
        ["openssl", "req", "-x509", "-days", "30", *extended, *key, *files, *signed],
        cwd=folder,
        check=True,
        capture_output=True,
    )
