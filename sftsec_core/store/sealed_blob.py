"""Images of an encrypted state: decrypted when they are read, each as a whole."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from sftsec_core.api.domain import Blob
from sftsec_core.store.vault import Vault


@dataclass(frozen=True)
class SealedBlob(Blob):
    """An image in an encrypted file; `read` gives what was encrypted."""

    vault: Vault | None = field(default=None, compare=False, repr=False)

    def read(self) -> bytes:
        """Return the content.

        Raises:
            OSError: when the file cannot be read.
            IntegrityError: when it was changed.
            ValueError: when the content is not the one that the digest names.
        """
        if self.path is None or self.vault is None:
            return super().read()
        with self.vault.open(self.path) as file:
            content = file.read()
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise ValueError(f"blob {self.sha256[:12]}: {self.path} holds other bytes")
        return content


def blob_in(path: Path, sha256: str, vault: Vault | None) -> Blob:
    """An image of the state, in a file that is encrypted or not."""
    return Blob(sha256, path=path) if vault is None else SealedBlob(sha256, path=path, vault=vault)
