"""Encrypted files, written and read piece by piece: AES-256-GCM in the STREAM construction.

    header   magic (8), id of the data key (8), salt (16), nonce prefix (7)
    chunks   65,536 bytes of content and 16 of tag each, the last one shorter

Each file has a key of its own, HKDF-SHA256(data key, salt). A chunk's nonce is the prefix, its
number (4 bytes) and whether it is the last (1), and its associated data is the header: no chunk can
be changed, moved, left out or taken from another file, and a file that was cut off ends in a chunk
that is not the last. This is the scheme of Tink's streaming AEAD and of age.

Readers seek: Parquet is read from its end. Memory is bounded by a chunk.
"""

from __future__ import annotations

import io
import os
import secrets
import struct
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sftsec_core.api.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from _typeshed import ReadableBuffer, WriteableBuffer

MAGIC = b"SFTSEC\x01\n"
CHUNK = 1 << 16
KEY_ID_BYTES = 8
_SALT, _PREFIX, _TAG = 16, 7, 16
_HEADER = len(MAGIC) + KEY_ID_BYTES + _SALT + _PREFIX


class SealedWriter(io.RawIOBase):
    """Encrypts what is written to it; the file is whole when it is closed."""

    def __init__(self, path: Path, key_id: bytes, key: bytes) -> None:
        """Create the file, or empty it.

        Args:
            path: where it lies.
            key_id: names the data key; 8 bytes.
            key: the data key; 32 bytes.
        """
        super().__init__()
        salt, self._prefix = secrets.token_bytes(_SALT), secrets.token_bytes(_PREFIX)
        self._header = MAGIC + key_id + salt + self._prefix
        self._cipher = _cipher(key, salt)
        self._held = bytearray()
        self._number = 0
        self._file = path.open("wb")
        self._file.write(self._header)

    def writable(self) -> bool:
        """Files of this kind are written, from their beginning to their end."""
        return True

    def write(self, content: ReadableBuffer, /) -> int:
        """Take some content; what fills a chunk is written."""
        view = memoryview(content).cast("B")
        self._held += view
        if len(self._held) > CHUNK:
            whole = (len(self._held) - 1) // CHUNK  # one byte at least waits for the last chunk
            for start in range(0, whole * CHUNK, CHUNK):
                self._put(bytes(self._held[start : start + CHUNK]), last=False)
            del self._held[: whole * CHUNK]
        return view.nbytes

    def close(self) -> None:
        """Write the last chunk and close the file."""
        if self.closed:
            return
        try:
            self._put(bytes(self._held), last=True)
        finally:
            self._held.clear()
            self._file.close()
            super().close()

    def _put(self, content: bytes, *, last: bool) -> None:
        nonce = _nonce(self._prefix, self._number, last=last)
        self._file.write(self._cipher.encrypt(nonce, content, self._header))
        self._number += 1


class SealedReader(io.RawIOBase):
    """Decrypts the part of a file that is asked for; every chunk is authenticated first."""

    def __init__(self, path: Path, find_key: Callable[[bytes], bytes]) -> None:
        """Open a file and check that its end is there.

        Args:
            path: where it lies.
            find_key: gives the data key of an id.

        Raises:
            IntegrityError: when it is no such file, was cut off or changed.
            OSError: when it cannot be read.
        """
        super().__init__()
        self._path = path
        self._file = path.open("rb", buffering=0)
        try:
            self._header = self._file.read(_HEADER)
            body = os.fstat(self._file.fileno()).st_size - _HEADER
            self._check_start(body)
            after = len(MAGIC) + KEY_ID_BYTES
            key = find_key(self._header[len(MAGIC) : after])
            self._cipher = _cipher(key, self._header[after : after + _SALT])
            self._chunks = -(-body // (CHUNK + _TAG))
            self._size = body - self._chunks * _TAG
            self._position, self._loaded, self._chunk = 0, -1, b""
            self._load(self._chunks - 1)
        except BaseException:
            self._file.close()
            raise

    def readable(self) -> bool:
        """Files of this kind are read."""
        return True

    def seekable(self) -> bool:
        """Anywhere in the content can be read."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move to a place in the content."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def tell(self) -> int:
        """The place in the content."""
        return self._position

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill a buffer with what is left of one chunk, as far as it goes.

        Raises:
            IntegrityError: when the chunk was changed.
        """
        if self._position >= self._size:
            return 0
        number, offset = divmod(self._position, CHUNK)
        if number != self._loaded:
            self._load(number)
        view = memoryview(buffer).cast("B")
        part = self._chunk[offset : offset + view.nbytes]
        view[: len(part)] = part
        self._position += len(part)
        return len(part)

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            self._file.close()
            self._chunk = b""
            super().close()

    def _check_start(self, body: int) -> None:
        if not self._header.startswith(MAGIC) or body < _TAG:
            raise self._damaged("is not an encrypted file, or was cut off")

    def _load(self, number: int) -> None:
        raw = os.pread(self._file.fileno(), CHUNK + _TAG, _HEADER + number * (CHUNK + _TAG))
        nonce = _nonce(self._header[-_PREFIX:], number, last=number == self._chunks - 1)
        try:
            self._chunk = self._cipher.decrypt(nonce, raw, self._header)
        except InvalidTag:
            raise self._damaged("was changed, damaged or cut off") from None
        self._loaded = number

    def _damaged(self, what: str) -> IntegrityError:
        return IntegrityError(f"{self._path} {what}: nothing of it was used")


def is_sealed(path: Path) -> bool:
    """Whether a file is an encrypted one, by how it begins."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def key_id_of(path: Path) -> bytes | None:
    """The id of the data key that a file is encrypted with; None for one that is not."""
    with path.open("rb") as file:
        start = file.read(len(MAGIC) + KEY_ID_BYTES)
    return start[len(MAGIC) :] if start.startswith(MAGIC) else None


def buffered(reader: SealedReader) -> io.BufferedReader:
    """A reader that gives as many bytes as it is asked for."""
    return io.BufferedReader(reader, CHUNK)


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    derive = HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"sftsec file 1")
    return AESGCM(derive.derive(key))


def _nonce(prefix: bytes, number: int, *, last: bool) -> bytes:
    return prefix + struct.pack(">IB", number, last)
