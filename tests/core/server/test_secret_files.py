"""A secret's file that others can read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sftsec_core.api.errors import ConfigError
from sftsec_core.server.secret_files import refuse_open
from tests.logs import told


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "server.key"
    made.touch(mode=0o600)
    return made


class TestRefuseOpen:
    @pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o620, 0o602])
    def test_refuses_what_its_owner_can_close(self, file: Path, mode: int) -> None:
        file.chmod(mode)
        with pytest.raises(ConfigError, match=r"serve\.key: the key in .* chmod 600 /.*key"):
            refuse_open(file, "the key", "serve.key")

    @pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
    def test_takes_what_is_closed(
        self, file: Path, mode: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        file.chmod(mode)
        refuse_open(file, "the key", "serve.key")
        refuse_open(file.with_name("absent"), "the key", "serve.key")
        assert not told(caplog, "sftsec_core.server.secret_files")

    def test_follows_a_link_to_the_file(self, file: Path) -> None:
        file.chmod(0o644)
        link = file.with_name("link")
        link.symlink_to(file)
        with pytest.raises(ConfigError):
            refuse_open(link, "the key", "serve.key")

    def test_warns_of_another_users_file(
        self, file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        file.chmod(0o644)
        own = os.geteuid()
        monkeypatch.setattr("sftsec_core.server.secret_files.os.geteuid", lambda: own + 1)
        refuse_open(file, "the key", "serve.key")
        assert f"the key in {file} is open to other users" in caplog.text
