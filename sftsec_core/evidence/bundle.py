"""The archive: a ZIP whose manifest has the SHA-256 of each other file, and may be signed.

Files are sorted, stored without compression and have one fixed time, so the same content gives the
same bytes on every machine. To verify an archive is to write it again from what was read of it: a
byte before, between or behind its files, a second file of one name or a comment shows.

`manifest.sig` is by the key that signs the site's models. It is checked without sftsec so::

    unzip evidence.zip && openssl dgst -sha256 -verify KEY.pub.pem -signature manifest.sig \
        manifest.json
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.errors import IntegrityError
from sftsec_core.models.signature import fingerprint, sign_bytes, verify_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sftsec_core.api.settings.secrets import SecretRef

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
FORMAT = "sftsec.evidence"
VERSION = 1
_TIME = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644 << 16
LARGEST = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class VerifiedBundle:
    """An archive that is as it was written.

    Attributes:
        files: by name, without manifest and signature.
        about: what the manifest says of the model and the run.
        signed_by: fingerprint of the key that the manifest names; None: it is not signed.
        signature_checked: whether a public key was there to check it with.
    """

    files: Mapping[str, bytes]
    about: Mapping[str, Any]
    signed_by: str | None
    signature_checked: bool


def write_bundle(
    files: Mapping[str, bytes], about: Mapping[str, Any], key: SecretRef | None
) -> bytes:
    """Write an archive; the same arguments give the same bytes.

    Args:
        files: by name.
        about: JSON values for the manifest.
        key: where the private key is; None leaves the signature out.

    Raises:
        ConfigError: when the key is no private key that can sign.
    """
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "about": dict(about),
        "signed_by": None if key is None else fingerprint(key),
        "files": {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in sorted(files.items())
        },
    }
    text = json_bytes(manifest)
    sealed = {**files, MANIFEST: text}
    if key is not None:
        sealed[SIGNATURE] = sign_bytes(text, key)
    return _zip(sealed)


def read_bundle(raw: bytes, public_key: Path | None = None) -> VerifiedBundle:
    """Read an archive and verify all of it.

    Args:
        raw: the archive.
        public_key: PEM file; whose signature it must have. None: the signature is not checked.

    Raises:
        IntegrityError: naming what is not as it was written.
        ConfigError: when the public key is none.
    """
    files = _read(raw)
    manifest_raw, signature = files.pop(MANIFEST, None), files.pop(SIGNATURE, None)
    if manifest_raw is None:
        raise IntegrityError(f"this is no evidence of sftsec: it has no {MANIFEST}")
    manifest = _manifest(manifest_raw)
    _check_files(files, manifest["files"])
    signed_by = manifest["signed_by"]
    if (signed_by is None) != (signature is None):
        raise IntegrityError(f"{SIGNATURE} was {'added' if signed_by is None else 'removed'}")
    if public_key is not None:
        _check_signature(manifest_raw, signature, public_key)
    sealed = {**files, MANIFEST: manifest_raw}
    if signature is not None:
        sealed[SIGNATURE] = signature
    if _zip(sealed) != raw:
        raise IntegrityError("the archive holds bytes that are not of its files")
    return VerifiedBundle(files, manifest["about"], signed_by, public_key is not None)


def json_bytes(value: object) -> bytes:
    """JSON as the archive holds it."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode(
        "utf-8", "backslashreplace"
    )


def _zip(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files.items()):
            info = zipfile.ZipInfo(name, _TIME)
            info.external_attr, info.create_system = _MODE, 3
            archive.writestr(info, content)
    return out.getvalue()


def _read(raw: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            infos = archive.infolist()
            if any(info.compress_type != zipfile.ZIP_STORED for info in infos):
                raise IntegrityError("the archive is compressed, which sftsec never does")
            if len({info.filename for info in infos}) != len(infos):
                raise IntegrityError("the archive has two files of one name")
            return {info.filename: archive.read(info) for info in infos}
    except (zipfile.BadZipFile, ValueError, RuntimeError, NotImplementedError, EOFError) as error:
        raise IntegrityError(f"the archive is damaged: {' '.join(str(error).split())}") from error


def _manifest(raw: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"{MANIFEST} is damaged") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise IntegrityError(f"this is no evidence of sftsec: {MANIFEST} has another format")
    if manifest.get("version") != VERSION:
        raise IntegrityError(
            f"evidence of version {manifest.get('version')!r} is not read here: verify it with the "
            "sftsec that wrote it"
        )
    if not all(isinstance(manifest.get(name), dict) for name in ("files", "about")):
        raise IntegrityError(f"{MANIFEST} is damaged")
    return {"signed_by": None, **manifest}


def _check_files(files: Mapping[str, bytes], listed: Mapping[str, Any]) -> None:
    for name in sorted(files.keys() ^ listed.keys()):
        raise IntegrityError(f"{name} was {'added' if name in files else 'removed'}")
    for name, content in files.items():
        told = listed[name]
        expected = told.get("sha256") if isinstance(told, dict) else None
        if hashlib.sha256(content).hexdigest() != expected:
            raise IntegrityError(f"{name} is not the file that was written")


def _check_signature(manifest: bytes, signature: bytes | None, public_key: Path) -> None:
    if signature is None:
        raise IntegrityError("it is not signed, so anyone can have made it")
    if not verify_bytes(manifest, signature, public_key):
        raise IntegrityError(f"it is not signed by the private key of {public_key}")
