"""A certificate for the session, and a served site for each module that needs no other."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from sftsec_core.server.endpoint import Endpoint
from sftsec_core.server.model_cache import ModelWatcher
from tests.core.server.site import Client, Site, running, wait_until
from tests.needs import need
from tests.servers.engines.certificates import make_certificates


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ca.pem, node.pem and node.key."""
    need(shutil.which("openssl"), "install OpenSSL's command line")
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of two tasks, one of which has a live model."""
    made = Site.live_model(tmp_path_factory.mktemp("site"))
    yield made
    made.context.close()


@pytest.fixture(scope="module")
def client(site: Site, certificates: Path) -> Iterator[Client]:
    """The site's endpoint over TLS, its model loaded."""
    pem = {"certificate": certificates / "node.pem", "key": certificates / "node.key"}
    settings = site.settings(**pem, max_batch=200, max_body_bytes=100_000)
    endpoint = Endpoint(site.context, settings, docs=True)
    with running(endpoint, certificates / "ca.pem") as made:
        wait_until(made, "/readyz", status="ready")
        yield made


@pytest.fixture
def own_site(tmp_path: Path) -> Iterator[Site]:
    """A site of the test alone, without a model."""
    made = Site.make(tmp_path)
    yield made
    made.context.close()


@pytest.fixture
def _refresh_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load a promoted model at once, not within a second."""
    monkeypatch.setattr(
        "sftsec_core.server.service.ModelWatcher", partial(ModelWatcher, interval_s=0.02)
    )
