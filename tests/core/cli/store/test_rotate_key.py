"""`sftsec store`: one line for each mistake, and a state that the new key opens."""

from __future__ import annotations

from pathlib import Path

import yaml

from sftsec_core.api.errors import ConfigError
from sftsec_core.demo.source import TASK
from tests.core.cli.invoke import error_of, invoke, json_of, printed
from tests.core.store.keys import new_key
from tests.e2e.site import Site


def encrypt_with(site: Site, key: object) -> None:
    settings = yaml.safe_load(site.config.read_text())
    settings["state"]["encrypt"] = {"key": str(key)}
    site.config.write_text(yaml.safe_dump(settings))


class TestEncrypt:
    def test_encrypts_a_site_and_changes_its_key(self, site: Site, tmp_path: Path) -> None:
        first, second = new_key(tmp_path, "first.key"), new_key(tmp_path, "second.key")
        encrypt_with(site, first)
        done = json_of(site, "store", "encrypt")
        assert done["files"] >= 2
        assert done["rows"]
        assert done["reports"] == 2
        assert json_of(site, "score", TASK)["scored"]
        told = invoke(site, "store", "rotate-key", "--new-key", str(second))
        assert f"next: state: {{encrypt: {{key: {second}}}}}" in told.stderr
        assert isinstance(error_of(site, "labels", "list"), ConfigError)
        encrypt_with(site, second)
        assert json_of(site, "labels", "list")
        assert printed(site, "report", TASK)


class TestRotateKey:
    def test_wants_a_key_or_reencryption(self, site: Site) -> None:
        assert invoke(site, "store", "rotate-key").exit_code == 2

    def test_takes_a_reference_and_no_secret(self, site: Site) -> None:
        error = error_of(site, "store", "rotate-key", "--new-key", "c2VjcmV0")
        assert "not the secret itself" in str(error)
        assert "c2VjcmV0" not in str(error)

    def test_plain_state_has_no_key_to_change(self, site: Site, tmp_path: Path) -> None:
        error = error_of(site, "store", "rotate-key", "--new-key", str(new_key(tmp_path)))
        assert "state.encrypt" in str(error)
