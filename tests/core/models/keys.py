"""Key pairs to sign models with, and other keys that cannot."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from sftsec_core.api.settings.secrets import SecretRef


class Pair(NamedTuple):
    """Where a private key is, and the file of its public key."""

    private: SecretRef
    public: Path


def make_pair(folder: Path, name: str = "sign") -> Pair:
    """A key on P-256 in two PEM files."""
    return _write(folder, name, ec.generate_private_key(ec.SECP256R1()))


def make_rsa_pair(folder: Path) -> Pair:
    """A key of the wrong kind."""
    return _write(folder, "rsa", rsa.generate_private_key(65537, 2048))


def make_locked_key(folder: Path) -> SecretRef:
    """A key under a password."""
    file = folder / "locked.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    file.write_bytes(_private_bytes(key, serialization.BestAvailableEncryption(b"word")))
    return SecretRef(f"file:{file}")


def _write(folder: Path, name: str, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> Pair:
    private, public = folder / f"{name}.pem", folder / f"{name}.pub.pem"
    private.write_bytes(_private_bytes(key, serialization.NoEncryption()))
    public.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return Pair(SecretRef(f"file:{private}"), public)


def _private_bytes(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
    protection: serialization.KeySerializationEncryption,
) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection
    )
