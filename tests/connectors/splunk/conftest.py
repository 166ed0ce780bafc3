"""A Splunk of the test's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.splunk.sites import Site, own_site


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with own_site(monkeypatch) as own:
        yield own
