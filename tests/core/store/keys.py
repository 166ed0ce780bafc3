"""Keys of encrypted states, each in a file."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path

from sftsec_core.api.settings.secrets import SecretRef


def new_key(folder: Path, name: str = "state.key") -> SecretRef:
    """Write a key as `openssl rand -base64 32` does, and refer to it."""
    file = folder / name
    file.write_text(base64.b64encode(secrets.token_bytes(32)).decode() + "\n")
    return SecretRef(f"file:{file}")
