"""The app as Splunk unpacks it, a search head that has it installed, and the scoring service."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sftsec_core.packages.splunk import build_app
from sftsec_core.server.endpoint import Endpoint
from tests.core.server.conftest import certificates
from tests.core.server.site import TOKEN, Client, Site, running, wait_until
from tests.packaging.splunk.bench import Bench, install
from tests.servers.splunkd.server import start_splunkd
from tests.servers.splunkd.state import Splunkd

__all__ = ["certificates"]


@pytest.fixture(scope="session")
def app_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built app, unpacked: a folder `sftsec`."""
    return build_app().unpack(tmp_path_factory.mktemp("apps"))


@pytest.fixture(scope="module")
def app_modules(app_folder: Path) -> Iterator[None]:
    """The modules of the built app, to be imported here."""
    sys.path.insert(0, str(app_folder / "bin"))
    yield
    sys.path.remove(str(app_folder / "bin"))


@pytest.fixture
def splunk(app_folder: Path) -> Iterator[Splunkd]:
    """A fresh splunkd with the app, its index and its roles."""
    with start_splunkd() as made:
        install(made, app_folder)
        yield made


@pytest.fixture
def bench(splunk: Splunkd, app_folder: Path, tmp_path: Path) -> Bench:
    """The app's scripts under the newer of Splunk's Pythons, with users of its roles."""
    return Bench.make(splunk, app_folder, tmp_path / "splunk")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose task has a live model."""
    made = Site.live_model(tmp_path_factory.mktemp("site"))
    yield made
    made.context.close()


@pytest.fixture(scope="session")
def service(site: Site, certificates: Path) -> Iterator[Client]:
    """The site's endpoint over TLS, its model loaded; it takes 50 events at once."""
    pem = {"certificate": certificates / "node.pem", "key": certificates / "node.key"}
    endpoint = Endpoint(site.context, site.settings(**pem, max_batch=50))
    with running(endpoint, certificates / "ca.pem") as made:
        wait_until(made, "/readyz", status="ready")
        yield made


@pytest.fixture
def scoring_bench(bench: Bench, service: Client, certificates: Path) -> Bench:
    """The same with the service set up."""
    bench.set_service(service.url, certificates / "ca.pem", TOKEN)
    return bench
