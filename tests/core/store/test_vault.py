"""The keys of a state: made once, opened with the configured key alone, changed without loss."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sftsec_core.api.errors import ConfigError, IntegrityError
from sftsec_core.api.settings.secrets import SecretRef
from sftsec_core.store.vault import (
    KEYS_FILE,
    Vault,
    create_file,
    is_encrypted,
    open_file,
    open_vault,
    save_vault,
    with_new_key,
)
from tests.core.store.keys import new_key


@pytest.fixture
def key(tmp_path: Path) -> SecretRef:
    return new_key(tmp_path)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


@pytest.fixture
def vault(state: Path, key: SecretRef) -> Vault:
    return open_vault(state, key)


class TestOpen:
    def test_finds_again_the_keys_that_it_made(
        self, vault: Vault, state: Path, key: SecretRef
    ) -> None:
        sealed = vault.seal("text", "t.c")
        assert open_vault(state, key).unseal(sealed, "t.c") == "text"
        assert is_encrypted(state)

    def test_takes_a_key_in_hex_or_base64(self, state: Path, key: SecretRef) -> None:
        hexadecimal = state.parent / "hex.key"
        hexadecimal.write_text(("ab" * 32).upper())
        open_vault(state, SecretRef(f"file:{hexadecimal}"))
        assert is_encrypted(state)

    @pytest.mark.parametrize("text", ["password", "ab" * 31, "A" * 43, "é" * 32])
    def test_refuses_what_is_no_key_unseen(self, state: Path, text: str) -> None:
        file = state.parent / "bad.key"
        file.write_text(text)
        with pytest.raises(ConfigError, match="not a key of 32 bytes") as caught:
            open_vault(state, SecretRef(f"file:{file}"))
        assert text not in str(caught.value)
        assert not is_encrypted(state)

    def test_refuses_another_key(self, vault: Vault, state: Path, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"is not the key that .* is encrypted with"):
            open_vault(state, new_key(tmp_path, "other.key"))

    @pytest.mark.parametrize("content", ["", "{}", "[]", '{"format": 1}', '{"format": 2}'])
    def test_says_that_its_file_is_damaged(self, state: Path, key: SecretRef, content: str) -> None:
        (state / KEYS_FILE).write_text(content)
        with pytest.raises(IntegrityError, match=r"keys\.json is (damaged|of format)"):
            open_vault(state, key)

    def test_knows_whether_the_state_is_new(self, state: Path, key: SecretRef) -> None:
        (state / "sftsec.db").touch()
        assert not open_vault(state, key).complete

    def test_shows_no_key(self, vault: Vault, key: SecretRef, state: Path) -> None:
        secrets = [each.hex() for each in vault._keys.values()]
        shown = f"{vault!r} {vault} {(state / KEYS_FILE).read_text()}"
        assert not any(secret in shown for secret in secrets)
        assert key.reveal() not in shown


class TestTexts:
    def test_same_text_is_never_the_same(self, vault: Vault) -> None:
        assert vault.seal("text", "t.c") != vault.seal("text", "t.c")

    def test_are_bound_to_their_column(self, vault: Vault) -> None:
        with pytest.raises(IntegrityError, match=r"of other\.column was changed"):
            vault.unseal(vault.seal("text", "t.c"), "other.column")

    @pytest.mark.parametrize("place", [0, 4, 30, -1])
    def test_that_were_changed_are_refused(self, vault: Vault, place: int) -> None:
        sealed = list(vault.seal("a text of some length", "t.c"))
        sealed[place] = "B" if sealed[place] == "A" else "A"
        with pytest.raises(IntegrityError):
            vault.unseal("".join(sealed), "t.c")


class TestFiles:
    def test_of_before_encryption_are_read(self, vault: Vault, tmp_path: Path) -> None:
        (tmp_path / "old").write_bytes(b"plain")
        with open_file(tmp_path / "old", vault) as file:
            assert file.read() == b"plain"

    def test_are_refused_without_a_key(self, vault: Vault, tmp_path: Path) -> None:
        with create_file(tmp_path / "f", vault) as file:
            file.write(b"text")
        with pytest.raises(IntegrityError, match=r"is encrypted: set state\.encrypt\.key"):
            open_file(tmp_path / "f", None)

    def test_of_another_state_are_refused(self, vault: Vault, tmp_path: Path) -> None:
        other = tmp_path / "other"
        other.mkdir()
        with create_file(tmp_path / "f", open_vault(other, new_key(tmp_path, "o"))) as file:
            file.write(b"text")
        with pytest.raises(IntegrityError, match=r"is not in .*keys\.json"):
            vault.open(tmp_path / "f")


class TestRotation:
    def test_other_key_opens_what_the_first_wrote(
        self, vault: Vault, state: Path, key: SecretRef, tmp_path: Path
    ) -> None:
        sealed, second = vault.seal("text", "t.c"), new_key(tmp_path, "second.key")
        save_vault(vault, second)
        assert open_vault(state, second).unseal(sealed, "t.c") == "text"
        with pytest.raises(ConfigError, match="is not the key"):
            open_vault(state, key)

    def test_new_data_key_keeps_the_earlier_one(
        self, vault: Vault, state: Path, key: SecretRef
    ) -> None:
        sealed = vault.seal("text", "t.c")
        save_vault(with_new_key(vault), key)
        opened = open_vault(state, key)
        assert opened.unseal(sealed, "t.c") == "text"
        assert opened.current != vault.current
        assert not opened.complete

    def test_file_names_no_key_in_the_clear(
        self, vault: Vault, state: Path, key: SecretRef
    ) -> None:
        save_vault(replace(vault, complete=True), key)
        said = json.loads((state / KEYS_FILE).read_text())
        assert {"format", "current", "complete", "keys"} == set(said)
        assert all(set(each) == {"id", "salt", "nonce", "key"} for each in said["keys"])
