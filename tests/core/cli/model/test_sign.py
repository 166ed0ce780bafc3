"""`sftsec model sign`: a model that must be signed is refused until it is."""

from __future__ import annotations

import pytest
import yaml

from sftsec_core.api.errors import ConfigError, IntegrityError
from sftsec_core.demo.source import TASK
from tests.core.cli.invoke import error_of, invoke, json_of, printed
from tests.core.models.keys import Pair, make_pair
from tests.e2e.site import Site


@pytest.fixture
def pair(site: Site) -> Pair:
    pair = make_pair(site.folder)
    set_registry(site, require_signature={"public_key": pair.public.name})
    return pair


def set_registry(site: Site, **registry: object) -> None:
    settings = yaml.safe_load(site.config.read_text())
    site.config.write_text(yaml.safe_dump({**settings, "registry": registry}))


class TestSign:
    def test_lets_a_refused_model_score_again(self, site: Site, pair: Pair) -> None:
        for command in (["score", TASK], ["predict", TASK, "free money"]):
            error = error_of(site, *command)
            assert isinstance(error, IntegrityError)
            assert "is not signed" in str(error)
        key = f"file:{site.folder / 'sign.pem'}"
        signed = json_of(site, "model", "sign", f"{TASK}@live", "--key", key)
        (entry,) = [e for e in json_of(site, "audit", "tail") if e["action"] == "model.signed"]
        assert signed["digest"] == entry["object"]
        assert json_of(site, "predict", TASK, "free money")
        assert json_of(site, "model", "verify")[0]["signature"] == "ok"

    def test_verify_names_a_tampered_card(self, site: Site, pair: Pair) -> None:
        printed(site, "model", "sign", f"{TASK}@live", "--key", str(pair.private))
        (folder,) = (site.folder / ".sftsec" / "models").glob("*/cards/*")
        (folder / "card.md").write_text("the best model of all")
        assert "card.md is not the file" in invoke(site, "model", "verify").stdout
        error = error_of(site, "model", "sign", f"{TASK}@live", "--key", str(pair.private))
        assert "card.md is not the file" in str(error)

    def test_verify_takes_another_public_key(self, site: Site, pair: Pair) -> None:
        printed(site, "model", "sign", f"{TASK}@live", "--key", str(pair.private))
        other = make_pair(site.folder, "other")
        (found,) = json_of(site, "model", "verify", "--public-key", str(pair.public))
        assert (found["signature"], found["error"]) == ("ok", None)
        told = invoke(site, "model", "verify", "--public-key", str(other.public))
        assert told.exit_code != 0
        assert "is not a signature by" in told.stdout

    @pytest.mark.parametrize(
        ("key", "message"),
        [
            (None, "--key file:"),
            ("sign.pem", "not the secret itself"),
            ("file:/nowhere/sign.pem", "cannot be read"),
            ("env:SFTSEC_NO_SUCH_KEY", "not set"),
        ],
    )
    def test_says_what_key_it_wants(self, site: Site, key: str | None, message: str) -> None:
        error = error_of(site, "model", "sign", f"{TASK}@live", *(("--key", key) if key else ()))
        assert isinstance(error, ConfigError)
        assert message in str(error)


class TestVerifyWithoutKey:
    def test_says_that_a_signature_was_not_checked(self, site: Site) -> None:
        pair = make_pair(site.folder)
        assert json_of(site, "model", "verify")[0]["signature"] is None
        printed(site, "model", "sign", f"{TASK}@live", "--key", str(pair.private))
        assert json_of(site, "model", "verify")[0]["signature"] == "not checked"
