"""An image of an encrypted state is read as it was, or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from sftsec_core.api.domain import Blob
from sftsec_core.store.sealed_blob import blob_in
from sftsec_core.store.vault import Vault, create_file, open_vault
from tests.core.store.keys import new_key

IMAGE = b"\x89PNG canary"
DIGEST = hashlib.sha256(IMAGE).hexdigest()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return open_vault(tmp_path, new_key(tmp_path))


class TestBlob:
    def test_is_decrypted_when_it_is_read(self, tmp_path: Path, vault: Vault) -> None:
        with create_file(tmp_path / "image", vault) as file:
            file.write(IMAGE)
        assert b"canary" not in (tmp_path / "image").read_bytes()
        assert blob_in(tmp_path / "image", DIGEST, vault).read() == IMAGE

    def test_of_a_plain_state_is_plain(self, tmp_path: Path) -> None:
        (tmp_path / "image").write_bytes(IMAGE)
        assert blob_in(tmp_path / "image", DIGEST, None) == Blob(DIGEST, tmp_path / "image")

    def test_with_other_bytes_is_refused(self, tmp_path: Path, vault: Vault) -> None:
        with create_file(tmp_path / "image", vault) as file:
            file.write(b"other")
        with pytest.raises(ValueError, match="holds other bytes"):
            blob_in(tmp_path / "image", DIGEST, vault).read()
