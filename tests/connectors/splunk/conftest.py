"""A Splunk of the test's own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from tests.connectors.splunk.sites import Site, own_site


@pytest.fixture(scope="module")
def shared_site() -> Iterator[Site]:
    """One for all tests of a module that change nothing but indices of their own."""
    with pytest.MonkeyPatch.context() as patch, own_site(patch) as own:
        yield own


@pytest.fixture
def index(shared_site: Site, request: pytest.FixtureRequest) -> str:
    """An index of the test's own on the shared one."""
    name = "t" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]
    shared_site.splunk.add_index(name)
    return name


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with own_site(monkeypatch) as own:
        yield own
