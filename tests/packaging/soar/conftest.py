"""The app with its SDK, the scoring service over TLS, and a search head that has the app sftsec."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.server.site import TOKEN, Client
from tests.packaging.soar.bench import Bench, Runner, running
from tests.packaging.soar.tools import Tools, need_tools
from tests.packaging.splunk.conftest import app_folder, certificates, service, site, splunk
from tests.servers.splunkd.state import Splunkd

__all__ = ["app_folder", "certificates", "service", "site", "splunk"]


@pytest.fixture(scope="session")
def tools() -> Tools:
    """Splunk's SDK, and the environment that the package gives the app."""
    return need_tools()


@pytest.fixture(scope="session")
def runner(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """A process in which the app runs."""
    with running(tools, tmp_path_factory.mktemp("soar")) as made:
        yield made


@pytest.fixture
def bench(runner: Runner, tmp_path: Path, service: Client, certificates: Path) -> Bench:
    """The app with an asset that names the service."""
    made = Bench(runner, tmp_path)
    made.asset = {
        "service_url": service.url,
        "service_token": TOKEN,
        "service_ca": (certificates / "ca.pem").read_text(),
        "timeout": 10,
    }
    return made


@pytest.fixture
def judging(bench: Bench, splunk: Splunkd) -> Bench:
    """The same with a Splunk, as a user who may label."""
    assert splunk.ca_file is not None
    splunk.add_user("playbook", "changed!", ["sftsec_analyst"])
    bench.asset |= {
        "splunk_url": splunk.url,
        "splunk_token": splunk.bearer_token("playbook"),
        "splunk_ca": Path(splunk.ca_file).read_text(),
    }
    return bench
