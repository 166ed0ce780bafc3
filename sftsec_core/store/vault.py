"""The keys of an encrypted state, and what is encrypted with them.

`keys.json` in the state folder holds data keys, each encrypted (AES-256-GCM) under the key that
`state.encrypt` names, which never lies in the folder. Changing that key encrypts the data keys
again and touches nothing else; `reencrypt` makes a new data key for what is written from then on.
Data keys that were used before stay: files and rows name the one that they need.

Files are encrypted as `sealed_files` says. Texts of the database are AES-256-GCM with a nonce of
their own, with the name of their column as associated data.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sftsec_core.api.errors import ConfigError, IntegrityError
from sftsec_core.sdk.atomic import write_atomically
from sftsec_core.store.sealed_files import (
    KEY_ID_BYTES,
    SealedReader,
    SealedWriter,
    buffered,
    is_sealed,
)

if TYPE_CHECKING:
    from io import BufferedReader
    from pathlib import Path

    from sftsec_core.api.settings.secrets import SecretRef

KEYS_FILE = "keys.json"
KEY_COMMAND = "openssl rand -base64 32"
_FORMAT = 1
_KEY_BYTES = 32
_NONCE_BYTES = 12
_TEXT = "s1"


@dataclass(frozen=True, slots=True)
class Vault:
    """The data keys of one state, open; shows none of them.

    Attributes:
        folder: the state folder.
        current: the id of the key that new files and texts are encrypted with; hex.
        complete: whether nothing from before encryption was turned on is left.
    """

    folder: Path
    current: str
    complete: bool
    _keys: dict[str, bytes] = field(repr=False)
    _ciphers: dict[str, AESGCM] = field(default_factory=dict, repr=False, compare=False)

    # --- files

    def create(self, path: Path) -> SealedWriter:
        """Create an encrypted file; what is written is whole when it is closed."""
        return SealedWriter(path, bytes.fromhex(self.current), self._keys[self.current])

    def open(self, path: Path) -> BufferedReader:
        """Open an encrypted file, or one from before encryption was turned on.

        Raises:
            IntegrityError: when it was changed or cut off, or its key is not of this state.
            OSError: when it cannot be read.
        """
        if not is_sealed(path):
            return path.open("rb")
        return buffered(SealedReader(path, lambda key_id: self._key(key_id.hex())))

    # --- texts

    def seal(self, text: str, purpose: str) -> str:
        """Encrypt a text; `purpose` has to be named again to decrypt it."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._texts(self.current).encrypt(nonce, text.encode(), purpose.encode())
        return f"{_TEXT}:{self.current}:{base64.b64encode(nonce + sealed).decode()}"

    def unseal(self, sealed: str, purpose: str) -> str:
        """Decrypt a text.

        Raises:
            IntegrityError: when it was changed, is of another purpose or of another state's key.
        """
        try:
            kind, key_id, body = sealed.split(":")
            raw = base64.b64decode(body, validate=True)
        except (ValueError, binascii.Error):
            kind, key_id, raw = "", "", b""
        if kind != _TEXT:
            raise IntegrityError(f"an encrypted text of {purpose} was changed")
        cipher = self._texts(key_id)
        try:
            return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], purpose.encode()).decode()
        except (InvalidTag, ValueError):
            raise IntegrityError(f"an encrypted text of {purpose} was changed") from None

    def is_current(self, sealed: str) -> bool:
        """Whether a text is encrypted with the current key."""
        return sealed.startswith(f"{_TEXT}:{self.current}:")

    def _texts(self, key_id: str) -> AESGCM:
        found = self._ciphers.get(key_id)
        if found is None:
            found = AESGCM(_derived(self._key(key_id), b"", b"sftsec text 1"))
            self._ciphers[key_id] = found
        return found

    def _key(self, key_id: str) -> bytes:
        if key_id not in self._keys:
            raise IntegrityError(
                f"the data key {key_id!r} is not in {self.folder / KEYS_FILE}: it is the file of "
                "another state, or an old copy; hosts that share a database share this file too"
            )
        return self._keys[key_id]

    def __repr__(self) -> str:
        return f"Vault({str(self.folder)!r}, current={self.current!r})"


def open_vault(folder: Path, key: SecretRef) -> Vault:
    """Open the keys of a state, or make them where it has none.

    Args:
        folder: the state folder; must exist.
        key: where the key is that the configuration names.

    Raises:
        ConfigError: when it is no key, or not the one of this state.
        IntegrityError: when the file of the keys is damaged.
    """
    secret = _secret(key)
    file = folder / KEYS_FILE
    if not file.exists():
        fresh = not any(folder.glob("sftsec.db")) and not any(folder.glob("runs/*"))
        vault = Vault(folder, *_new_key(complete=fresh))
        _link_new(file, _wrapped(vault, secret))
    try:
        said = json.loads(file.read_bytes())
        if said["format"] != _FORMAT:
            raise IntegrityError(f"{file} is of format {said['format']}, not {_FORMAT}")
        keys = {each["id"]: _unwrap(each, secret, key, folder) for each in said["keys"]}
        return Vault(folder, said["current"], bool(said["complete"]), keys)
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(
            f"{file} is damaged: restore a copy; without it the state cannot be read"
        ) from error


def is_encrypted(folder: Path) -> bool:
    """Whether a state folder has keys, so that it cannot be used without the configured one."""
    return (folder / KEYS_FILE).exists()


def save_vault(vault: Vault, key: SecretRef) -> None:
    """Write the keys of a state under a key, in place of what was there, at once.

    Raises:
        ConfigError: when it is no key.
    """
    write_atomically(vault.folder / KEYS_FILE, _wrapped(vault, _secret(key)))


def with_new_key(vault: Vault) -> Vault:
    """The same keys and a new one, which is the current one; not written yet."""
    current, _, keys = _new_key(complete=vault.complete)
    return Vault(vault.folder, current, False, {**vault._keys, **keys})


def _new_key(*, complete: bool) -> tuple[str, bool, dict[str, bytes]]:
    key_id = secrets.token_hex(KEY_ID_BYTES)
    return key_id, complete, {key_id: secrets.token_bytes(_KEY_BYTES)}


def _secret(key: SecretRef) -> bytes:
    """The 32 bytes that a reference leads to; of what else is there nothing is repeated."""
    text = key.reveal().strip()
    for decode in (bytes.fromhex, lambda given: base64.b64decode(given, validate=True)):
        try:
            raw = decode(text)
        except ValueError:
            continue
        if len(raw) == _KEY_BYTES:
            return raw
    raise ConfigError(
        f"state.encrypt.key {key} is not a key of 32 bytes in base64 or hex; make one: "
        f"{KEY_COMMAND}, and keep a copy: what it encrypts is lost with it"
    )


def _wrapped(vault: Vault, secret: bytes) -> bytes:
    keys = []
    for key_id, data_key in vault._keys.items():
        salt, nonce = secrets.token_bytes(16), secrets.token_bytes(_NONCE_BYTES)
        cipher = AESGCM(_derived(secret, salt, b"sftsec keys 1"))
        sealed = cipher.encrypt(nonce, data_key, key_id.encode())
        shown = {"salt": salt, "nonce": nonce, "key": sealed}
        keys.append({"id": key_id, **{n: base64.b64encode(v).decode() for n, v in shown.items()}})
    said = {"format": _FORMAT, "current": vault.current, "complete": vault.complete, "keys": keys}
    return json.dumps(said, indent=1).encode() + b"\n"


def _unwrap(said: dict[str, str], secret: bytes, key: SecretRef, folder: Path) -> bytes:
    salt, nonce, sealed = (base64.b64decode(said[name]) for name in ("salt", "nonce", "key"))
    cipher = AESGCM(_derived(secret, salt, b"sftsec keys 1"))
    try:
        return cipher.decrypt(nonce, sealed, said["id"].encode())
    except InvalidTag:
        raise ConfigError(
            f"state.encrypt.key {key} is not the key that {folder} is encrypted with"
        ) from None


def _derived(key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=salt, info=info).derive(key)


def _link_new(file: Path, content: bytes) -> None:
    """Write a file unless another process was first: then that one's stays."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    write_atomically(draft, content)
    try:
        file.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def open_file(path: Path, vault: Vault | None) -> BufferedReader:
    """Open a file of the state to read it, encrypted or not.

    Raises:
        IntegrityError: when it was changed, or is encrypted and no key is configured.
        OSError: when it cannot be read.
    """
    if vault is not None:
        return vault.open(path)
    if is_sealed(path):
        raise IntegrityError(f"{path} is encrypted: set state.encrypt.key")
    return path.open("rb")


def create_file(path: Path, vault: Vault | None) -> BinaryIO | SealedWriter:
    """Create a file of the state, encrypted where that is configured."""
    return path.open("wb") if vault is None else vault.create(path)
