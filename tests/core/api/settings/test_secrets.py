"""Secrets are found by reference and shown nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from sftsec_core.api.errors import ConfigError
from sftsec_core.api.settings.secrets import SecretRef
from sftsec_core.config.load import validate

VALUE = "hunter2-of-this-test"


class Config(BaseModel):
    token: SecretRef


class TestReveal:
    def test_reads_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SFTSEC_TEST_TOKEN", VALUE)
        assert SecretRef("env:SFTSEC_TEST_TOKEN").reveal() == VALUE

    def test_reads_a_file_without_its_newline(self, tmp_path: Path) -> None:
        (tmp_path / "token").write_text(f"{VALUE}\n")
        assert SecretRef(f"file:{tmp_path / 'token'}").reveal() == VALUE

    def test_relative_file_is_beside_the_configuration(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "token").write_text(VALUE)
        monkeypatch.chdir("/")
        config = validate(Config, {"token": "file:token"}, file=tmp_path / "sftsec.yaml")
        assert config.token.reveal() == VALUE

    def test_reads_a_credential_of_systemd(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "token").write_text(f"{VALUE}\n")
        monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
        with pytest.raises(ConfigError, match="LoadCredential=token:/path"):
            SecretRef("credential:token").reveal()
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
        assert SecretRef("credential:token").reveal() == VALUE
        for other in ("../token", "a/token", ".."):
            with pytest.raises(ConfigError):
                SecretRef(f"credential:{other}").reveal()

    def test_reads_the_keyring(self, monkeypatch: pytest.MonkeyPatch) -> None:
        keyring = pytest.importorskip("keyring")
        monkeypatch.setattr(
            keyring,
            "get_password",
            lambda service, user: VALUE if (service, user) == ("s", "u") else None,
        )
        assert SecretRef("keyring:s/u").reveal() == VALUE

    def test_missing_secret_is_named_by_reference(self) -> None:
        with pytest.raises(ConfigError, match="env:SFTSEC_NOT_SET is not set"):
            SecretRef("env:SFTSEC_NOT_SET").reveal()

    def test_unreadable_file_is_one_line(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="cannot be read: No such file"):
            SecretRef(f"file:{tmp_path / 'none'}").reveal()


class TestSecrecy:
    def test_literal_secret_is_refused_unrepeated(self) -> None:
        with pytest.raises(ConfigError) as caught:
            validate(Config, {"token": VALUE})
        assert "write a reference" in str(caught.value)
        assert VALUE not in str(caught.value)

    def test_holder_does_not_show_its_secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SFTSEC_TEST_TOKEN", VALUE)
        config = validate(Config, {"token": "env:SFTSEC_TEST_TOKEN"})
        config.token.reveal()
        assert VALUE not in repr(config)
        assert VALUE not in config.model_dump_json()
