"""What several test modules share."""

from __future__ import annotations

import pytest

from sftsec_core.api.errors import ConnectorError
from tests.connectors.search.sites import Site


def written(site: Site) -> list[str]:
    return sorted(hit["_id"] for hit in site.documents(site.stream))


def one_line(error: pytest.ExceptionInfo[ConnectorError]) -> str:
    said = str(error.value)
    assert "\n" not in said
    return said
