"""An engine on which a site has detections, verdicts, requests for these and an audit log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from sftsec_core.api.domain import AuditEntry, LabelRequest, Verdict
from sftsec_core.testing.incidents import make_detections
from tests.connectors.search.sites import Site, own_site
from tests.servers.engines.server import SearchServer
from tests.servers.opensearch import opensearch_server

__all__ = ["opensearch_server"]

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def site(opensearch_server: SearchServer) -> Iterator[Site]:
    """A site with some of everything that sftsec writes."""
    with own_site("opensearch", opensearch_server) as own:
        connector = own.connect(own.name("none"))
        detections = make_detections(3)
        assert len(connector.push(detections).written) == 3
        waiting = [f"wazuh-alerts-4.x-2026.01.05/{n}" for n in range(3)]
        connector.request_labels(
            [LabelRequest(uid, "made-up", "malicious", 0.5, "not sure") for uid in waiting]
        )
        [stored, *_] = own.documents(own.stream)
        uid = f"{stored['_index']}/{stored['_id']}"
        judged = [
            (uid, Verdict("false_positive", "ann", AT)),
            (waiting[2], Verdict("tp", "bob", AT)),
        ]
        assert connector.add_verdicts(judged) == 2
        details = {"digest": "1" * 64, "run": "r"}
        connector.push_audit(
            [AuditEntry(1, AT, "ann", "alias.moved", "made-up/live", details, "a" * 64)]
        )
        for index in (own.stream, own.stream.replace("detections", "audit")):
            own.call("POST", f"/{index}/_refresh")
        yield own


@pytest.fixture(scope="module")
def index_of(site: Site) -> Callable[[str], str]:
    """The site's own index for a pattern of the package."""
    named = {
        "sftsec-needs-label*": f"requests-{site.token}*",
        "sftsec-verdicts*": f"verdicts-{site.token}*",
        "logs-sftsec.detections-*": site.stream,
        "logs-sftsec.audit-*": site.stream.replace("detections", "audit"),
    }
    return named.__getitem__
