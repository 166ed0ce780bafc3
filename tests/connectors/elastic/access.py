"""Logging in with the rights that a test gives."""

from __future__ import annotations

import os
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from sftsec_search.connector import SearchConnector
from tests.connectors.elastic.alerts import AlertSite

Login = dict[str, str | None]
NO_RIGHTS: Mapping[str, Any] = {"cluster": [], "indices": []}
KEY = "SFTSEC_TEST_API_KEY"


def key_id() -> str:
    """The id within the encoded key."""
    return b64decode(os.environ[KEY]).decode().partition(":")[0]


def connect(site: AlertSite, index: str | None = None, **options: Any) -> SearchConnector:
    given: dict[str, Any] = {
        "space": site.space,
        "kibana_url": site.kibana.url,
        "verdicts_index": f"verdicts-{site.space}",
        "setup": False,
    }
    if index is not None:
        labelled = {"kind": "index", "index": index, "label": "verdict.word"}
        given["sources"] = [{"kind": "alerts"}, labelled]
    return site.site.connect(**given | options)
