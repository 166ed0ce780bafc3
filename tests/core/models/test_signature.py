"""A signature covers every file of a model's folder, and only its key's holder can make it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sftsec_core.api.errors import ConfigError, IntegrityError
from sftsec_core.api.settings.secrets import SecretRef
from sftsec_core.models.model_format import SIGNATURE
from sftsec_core.models.signature import (
    check_key_pair,
    private_pem,
    public_pem,
    sign_folder,
    verify_signature,
)
from tests.core.models.keys import Pair, make_locked_key, make_pair, make_rsa_pair

NAME = "model 0123456789ab"


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return make_pair(tmp_path)


@pytest.fixture
def signed(tmp_path: Path, pair: Pair) -> Path:
    folder = tmp_path / "model"
    (folder / "cards" / "c1").mkdir(parents=True)
    (folder / "model.json").write_text('{"format": 1}')
    (folder / "manifest.txt").write_text("00  model.json\n")
    (folder / "cards" / "c1" / "card.json").write_text('{"figures": 1}')
    sign_folder(folder, pair.private)
    return folder


class TestVerify:
    def test_accepts_what_was_signed(self, signed: Path, pair: Pair) -> None:
        verify_signature(signed, pair.public, NAME)
        assert sorted(path.name for path in signed.iterdir()) == [
            "cards",
            "manifest.txt",
            "model.json",
            SIGNATURE,
        ]

    @pytest.mark.parametrize("name", ["model.json", "manifest.txt", "cards/c1/card.json"])
    def test_names_a_file_that_was_changed(self, signed: Path, pair: Pair, name: str) -> None:
        (signed / name).write_text('{"format": 2}')
        with pytest.raises(IntegrityError, match=f"{name}.*sftsec model sign 0123456789ab"):
            verify_signature(signed, pair.public, NAME)

    @pytest.mark.parametrize("name", ["extra.json", "cards/c2/card.json", ".gitattributes"])
    def test_names_a_file_that_was_added(self, signed: Path, pair: Pair, name: str) -> None:
        (signed / name).parent.mkdir(exist_ok=True)
        (signed / name).write_text("{}")
        with pytest.raises(IntegrityError, match=name):
            verify_signature(signed, pair.public, NAME)

    def test_names_a_file_that_was_removed(self, signed: Path, pair: Pair) -> None:
        (signed / "cards" / "c1" / "card.json").unlink()
        with pytest.raises(IntegrityError, match=r"card\.json"):
            verify_signature(signed, pair.public, NAME)

    def test_refuses_another_keys_signature(self, signed: Path, tmp_path: Path) -> None:
        other = make_pair(tmp_path, "other")
        with pytest.raises(IntegrityError, match="is not a signature by"):
            verify_signature(signed, other.public, NAME)

    def test_refuses_a_missing_signature(self, signed: Path, pair: Pair) -> None:
        (signed / SIGNATURE).unlink()
        with pytest.raises(IntegrityError, match=r"is not signed; .*sftsec model sign"):
            verify_signature(signed, pair.public, NAME)

    @pytest.mark.parametrize("content", ["", "{}", "[]", '{"mediaType": "x"}', "\0"])
    def test_refuses_what_is_no_signature(self, signed: Path, pair: Pair, content: str) -> None:
        (signed / SIGNATURE).write_text(content)
        with pytest.raises(IntegrityError, match="is not a signature by"):
            verify_signature(signed, pair.public, NAME)

    def test_follows_no_link_to_a_signature(self, signed: Path, pair: Pair) -> None:
        (signed / SIGNATURE).rename(signed.parent / SIGNATURE)
        (signed / SIGNATURE).symlink_to(signed.parent / SIGNATURE)
        with pytest.raises(IntegrityError, match="is not signed"):
            verify_signature(signed, pair.public, NAME)

    def test_is_what_the_standards_tool_does(self, signed: Path, pair: Pair) -> None:
        command = [sys.executable, "-m", "model_signing", "verify", "key", str(signed)]
        command += ["--signature", str(signed / SIGNATURE), "--public_key", str(pair.public)]
        subprocess.run(command, check=True, capture_output=True)


class TestSign:
    def test_again_covers_what_was_added(self, signed: Path, pair: Pair) -> None:
        (signed / "extra.json").write_text("{}")
        with pytest.raises(IntegrityError, match="extra"):
            verify_signature(signed, pair.public, NAME)
        sign_folder(signed, pair.private)
        verify_signature(signed, pair.public, NAME)

    def test_leaves_no_draft_where_it_fails(self, signed: Path, tmp_path: Path) -> None:
        before = (signed / SIGNATURE).read_bytes()
        with pytest.raises(ConfigError):
            sign_folder(signed, make_rsa_pair(tmp_path).private)
        assert (signed / SIGNATURE).read_bytes() == before
        assert len(list(signed.iterdir())) == 4


class TestKeys:
    def test_broken_key_is_not_shown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SIGN_KEY", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END")
        with pytest.raises(ConfigError, match="env:SIGN_KEY holds no private key") as caught:
            private_pem(SecretRef("env:SIGN_KEY"))
        assert "c2VjcmV0" not in str(caught.value)
        assert caught.value.__suppress_context__

    def test_key_under_a_password_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="store it without a password"):
            private_pem(make_locked_key(tmp_path))

    def test_key_of_another_kind_is_refused(self, tmp_path: Path) -> None:
        pair = make_rsa_pair(tmp_path)
        with pytest.raises(ConfigError, match="P-256, P-384, P-521; make one: openssl"):
            private_pem(pair.private)
        with pytest.raises(ConfigError, match="P-256"):
            public_pem(pair.public)

    def test_private_key_is_no_public_key(self, pair: Pair) -> None:
        private = Path(pair.private.where)
        with pytest.raises(ConfigError, match=r"holds no public key.*-pubout"):
            public_pem(private)

    def test_missing_public_key_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"nowhere\.pem cannot be read"):
            public_pem(tmp_path / "nowhere.pem")

    def test_keys_that_are_no_pair_are_refused(self, pair: Pair, tmp_path: Path) -> None:
        check_key_pair(pair.private, pair.public)
        with pytest.raises(ConfigError, match="is not the private key of"):
            check_key_pair(pair.private, make_pair(tmp_path, "other").public)
