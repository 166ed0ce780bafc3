"""The site's salt: 32 random bytes that are made once, and what tells one from another."""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SALT_FILE = "salt"
SALT_BYTES = 32
_MARK = b"sftsec: which salt\0"


def make_salt(folder: Path) -> bytes:
    """Read a state folder's salt, made now where there is none; two processes agree on it."""
    file = folder / SALT_FILE
    if not file.exists():
        draft = folder / f"{SALT_FILE}.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(secrets.token_bytes(SALT_BYTES))
        with suppress(FileExistsError):
            os.link(draft, file)
        draft.unlink()
    return file.read_bytes()


def salt_mark(folder: Path) -> str | None:
    """Tell a salt from another without showing it; None where there is none."""
    file = folder / SALT_FILE
    if not file.is_file():
        return None
    return hashlib.sha256(_MARK + file.read_bytes()).hexdigest()
