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


def test_a_secret_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFTSEC_TEST_TOKEN", VALUE)
    assert SecretRef("env:SFTSEC_TEST_TOKEN").reveal() == VALUE


def test_a_secret_comes_from_a_file_without_its_newline(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{VALUE}\n")
    assert SecretRef(f"file:{tmp_path / 'token'}").reveal() == VALUE


def test_a_secret_comes_from_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = pytest.importorskip("keyring")
    monkeypatch.setattr(
        keyring,
        "get_password",
        lambda service, user: VALUE if (service, user) == ("s", "u") else None,
    )
    assert SecretRef("keyring:s/u").reveal() == VALUE


def test_a_missing_secret_says_where_it_was_looked_for() -> None:
    with pytest.raises(ConfigError, match="env:SFTSEC_NOT_SET is not set"):
        SecretRef("env:SFTSEC_NOT_SET").reveal()


def test_an_unreadable_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        SecretRef(f"file:{tmp_path / 'none'}").reveal()


def test_a_literal_secret_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        validate(Config, {"token": VALUE})
    assert "write a reference" in str(caught.value)
    assert VALUE not in str(caught.value)


def test_a_secret_is_not_in_the_repr_of_what_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFTSEC_TEST_TOKEN", VALUE)
    config = validate(Config, {"token": "env:SFTSEC_TEST_TOKEN"})
    config.token.reveal()
    assert VALUE not in repr(config)
    assert VALUE not in config.model_dump_json()
