"""A model's signature: OpenSSF Model Signing with a key of one's own, over the whole folder.

`model.sig` beside the model's files is a Sigstore bundle with the SHA-256 of every file of the
folder, the manifest and the cards among them. Anyone can check it without sftsec::

    cd models/<digest> && model_signing verify key . --signature model.sig --public_key KEY.pem

The digest under which a model is registered says that its files are those that were written. The
signature says who vouches for them, also to those who do not trust the store.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sftsec_core.api.errors import ConfigError, IntegrityError
from sftsec_core.models.model_format import SIGNATURE, check_files
from sftsec_core.sdk.atomic import sync, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sftsec_core.api.settings.secrets import SecretRef

CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})
KEY_COMMAND = (
    "openssl ecparam -name prime256v1 -genkey -noout -out sign.pem && "
    "openssl ec -in sign.pem -pubout -out sign.pub.pem"
)


def sign_folder(folder: Path, key: SecretRef) -> None:
    """Sign all files of a model's folder; an earlier signature is replaced at once.

    Args:
        folder: the model's, whole, with its cards.
        key: where the private key is: PEM, on one of the curves P-256, P-384 and P-521.

    Raises:
        ConfigError: when the key is no such key, or the extra `sign` is not installed.
        IntegrityError: when the folder holds a file that is not of a safe format.
    """
    signing = _library().signing
    pem = private_pem(key)
    check_files(folder)
    draft = folder / f".{SIGNATURE}.{os.getpid()}"
    try:
        with _as_file(pem) as path:
            config = signing.Config().set_hashing_config(_hashing(folder, draft))
            config.use_elliptic_key_signer(private_key=path).sign(folder, draft)
        write_atomically(folder / SIGNATURE, draft.read_bytes())
    finally:
        draft.unlink(missing_ok=True)
    sync(folder)


def verify_signature(folder: Path, public_key: Path, name: str) -> None:
    """Check that a model's folder is what the holder of a key signed, to the last file.

    Args:
        folder: the model's.
        public_key: PEM file.
        name: of the model, for messages.

    Raises:
        ConfigError: when the key is no such key, or the extra `sign` is not installed.
        IntegrityError: when there is no signature, it is another key's, or a file was changed,
            added or removed since.
    """
    verifying = _library().verifying
    public_pem(public_key)
    short = name.rsplit(maxsplit=1)[-1]
    remedy = f"if its files are the right ones: sftsec model sign {short} --key REFERENCE"
    signature = folder / SIGNATURE
    if signature.is_symlink() or not signature.is_file():
        raise IntegrityError(f"{name} is not signed; {remedy}")
    config = verifying.Config().set_hashing_config(_hashing(folder))
    try:
        config.use_elliptic_key_verifier(public_key=public_key).verify(folder, signature)
    except Exception as error:  # whatever a forged file makes the library raise, it is refused
        why = " ".join(str(error).split()) or type(error).__name__
        if not why.startswith("Signature mismatch: "):
            raise IntegrityError(
                f"{name}: {SIGNATURE} is not a signature by {public_key} ({why}); {remedy}"
            ) from error
        changed = why.removeprefix("Signature mismatch: ").strip("[]'\"")
        raise IntegrityError(f"{name} is not what was signed: {changed}; {remedy}") from error


def sign_bytes(content: bytes, key: SecretRef) -> bytes:
    """Sign bytes: ECDSA over SHA-256 in DER, as `openssl dgst -sha256 -verify` takes it.

    The nonce is that of RFC 6979, so the same content and key give the same signature.

    Raises:
        ConfigError: when the key is no private key that can sign.
    """
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    private = serialization.load_pem_private_key(private_pem(key), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)  # noqa: S101 - private_pem has checked
    return private.sign(content, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


def verify_bytes(content: bytes, signature: bytes, public_key: Path) -> bool:
    """Whether a signature of `sign_bytes` is by the private key of a public one, on this content.

    Raises:
        ConfigError: when the public key is none.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        _load_public(public_key).verify(signature, content, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def fingerprint(key: SecretRef) -> str:
    """The hex SHA-256 of a private key's public half in DER: which key it is, and nothing of it.

    Raises:
        ConfigError: when it is no private key that can sign.
    """
    from cryptography.hazmat.primitives import serialization

    private = serialization.load_pem_private_key(private_pem(key), None)
    der = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(der).hexdigest()


def check_key_pair(key: SecretRef, public_key: Path) -> None:
    """Check that what one key signs, the other one verifies.

    Raises:
        ConfigError: when they are no pair, or one of them is no key.
    """
    from cryptography.hazmat.primitives import serialization

    _library()
    private = serialization.load_pem_private_key(private_pem(key), None)
    if _public_text(private.public_key()) != _public_text(_load_public(public_key)):
        raise ConfigError(
            f"registry.sign_key {key} is not the private key of {public_key}: what it signs would "
            "be refused"
        )


def private_pem(key: SecretRef) -> bytes:
    """Fetch a private key that can sign, as PEM.

    Raises:
        ConfigError: when it is none; of its text nothing is repeated.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    pem = key.reveal().encode()
    try:
        loaded = serialization.load_pem_private_key(pem, None)
    except TypeError:
        raise ConfigError(f"the key {key} is encrypted: store it without a password") from None
    except Exception:  # noqa: BLE001 - the library's errors are many, and may quote the key
        raise ConfigError(f"{key} holds no private key in PEM; make one: {KEY_COMMAND}") from None
    if not isinstance(loaded, ec.EllipticCurvePrivateKey) or loaded.curve.name not in CURVES:
        raise ConfigError(
            f"the key {key} is not on one of the curves P-256, P-384, P-521; make one: "
            f"{KEY_COMMAND}"
        )
    return pem


def public_pem(file: Path) -> bytes:
    """Read a public key that can verify, as PEM.

    Raises:
        ConfigError: when it is none.
    """
    return _public_text(_load_public(file))


def _load_public(file: Path) -> Any:  # noqa: ANN401 - cryptography's, imported when it is needed
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        raw = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"the public key {file} cannot be read: {error.strerror}") from error
    try:
        loaded = serialization.load_pem_public_key(raw)
    except Exception:  # noqa: BLE001 - the file may be the private key: nothing of it is shown
        raise ConfigError(
            f"{file} holds no public key in PEM; of a private key it is made by "
            "openssl ec -in sign.pem -pubout"
        ) from None
    if not isinstance(loaded, ec.EllipticCurvePublicKey) or loaded.curve.name not in CURVES:
        raise ConfigError(f"the key {file} is not on one of the curves P-256, P-384, P-521")
    return loaded


def _public_text(key: Any) -> bytes:  # noqa: ANN401 - cryptography's
    from cryptography.hazmat.primitives import serialization

    text: bytes = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return text


def _hashing(folder: Path, *others: Path) -> Any:  # noqa: ANN401 - the library's
    config = _library().hashing.Config().use_file_serialization(hashing_algorithm="sha256")
    # Given by hand, so that no signature decides which files are left out.
    ignored = [folder / SIGNATURE, *others]
    return config.set_ignored_paths(paths=ignored, ignore_git_paths=False)


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """A path to read a key from: in memory, of this process alone, on no disk."""
    descriptor = os.memfd_create("key", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _library() -> Any:  # noqa: ANN401 - a module, imported when it is needed
    try:
        import model_signing
    except ImportError as error:
        raise ConfigError("signatures need pip install 'sftsec[sign]'") from error
    return model_signing
