"""What the connectors of both engines offer beside the contract: setup, and verdicts of others."""

from __future__ import annotations

import pytest

from sftsec_core.api.domain import Verdict
from sftsec_core.api.errors import ConnectorError
from tests.connectors.search.sites import Site


class TestSetup:
    def test_names_all_that_it_made(self, site: Site) -> None:
        verdicts, requests = f"verdicts-{site.token}", f"requests-{site.token}"
        indices = [verdicts] if site.vendor == "elastic" else [verdicts, requests]
        connector = site.connect("mail", setup=False, verdicts_index=verdicts)
        templates = ["wrote the index template sftsec-detections"]
        templates += ["wrote the index template sftsec-audit"]
        assert list(connector.setup()) == [
            templates[0],
            f"made the data stream {site.stream}",
            templates[1],
            f"made the data stream logs-sftsec.audit-{site.token}",
            *(f"made the index {index}" for index in indices),
        ]
        assert list(connector.setup()) == templates


class TestAddVerdicts:
    def test_needs_an_index_of_verdicts(self, site: Site) -> None:
        connector = site.connect("mail", setup=False, verdicts_index=None)
        with pytest.raises(ConnectorError, match="set `verdicts_index`"):
            connector.add_verdicts([("mail/a", Verdict("spam"))])
