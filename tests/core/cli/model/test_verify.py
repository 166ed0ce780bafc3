"""`sftsec model verify`: each model is checked, and a damaged one exits with 9."""

from __future__ import annotations

from sftsec_core.api.errors import IntegrityError
from tests.core.cli.invoke import error_of, invoke, json_of, printed
from tests.e2e.site import Site


class TestVerify:
    def test_accepts_what_was_registered(self, site: Site) -> None:
        (listed,) = json_of(site, "model", "list")
        assert listed["digest"][:12] in printed(site, "model", "verify")
        assert printed(site, "model", "verify", "triage@live") == printed(site, "model", "verify")

    def test_names_the_damaged_file(self, site: Site) -> None:
        (weights,) = (site.folder / ".sftsec" / "models").glob("*/*.safetensors")
        weights.chmod(0o600)
        weights.write_bytes(weights.read_bytes()[:-1])
        assert weights.name in invoke(site, "model", "verify").stdout
        error = error_of(site, "model", "verify", "triage@live")
        assert isinstance(error, IntegrityError)
        assert error.exit_code == 9
