"""The audit log's copy: each entry once, named by its hash, in a data stream of its own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sftsec_core.api.domain import AuditEntry
from sftsec_core.api.errors import ConnectorError
from tests.connectors.search.sites import Site

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)


def entries(count: int) -> list[AuditEntry]:
    details = {"digest": "d" * 64, "run": "run-1", "reason": "passed the gate"}
    return [
        AuditEntry(n, AT, "ann", "alias.moved", "mail/live", details, f"{n:064x}")
        for n in range(1, count + 1)
    ]


class TestAuditStream:
    def test_holds_each_entry_once(self, site: Site) -> None:
        first = site.connect("mail-*").push_audit(entries(2))
        assert len(first.written) == 2
        site.call("POST", f"/logs-sftsec.audit-{site.token}/_refresh")
        again = site.connect("mail-*").push_audit(entries(3))
        assert (len(again.written), len(again.duplicates)) == (1, 2)
        assert len(site.documents(f"logs-sftsec.audit-{site.token}")) == 3

    def test_holds_no_copies_after_a_rollover(self, site: Site) -> None:
        stream = f"logs-sftsec.audit-{site.token}"
        site.connect("mail-*").push_audit(entries(2))
        site.call("POST", f"/{stream}/_refresh")
        site.call("POST", f"/{stream}/_rollover")
        again = site.connect("mail-*").push_audit(entries(2))
        assert (len(again.written), len(again.duplicates)) == (0, 2)

    def test_that_is_missing_takes_nothing(self, site: Site) -> None:
        site.server.call("DELETE", f"/_data_stream/logs-sftsec.audit-{site.token}")
        connector = site.connect("mail-*", setup=False, namespace=f"{site.token}_none")
        if site.vendor == "elastic":
            pytest.skip("a template of another test's setup may be there, and then it is made")
        with pytest.raises(ConnectorError, match="sftsec connector setup"):
            connector.push_audit(entries(1))
        assert site.documents(f"logs-sftsec.audit-{site.token}_none") == []


class TestAuditDocument:
    def test_names_actor_action_and_model(self, site: Site) -> None:
        site.connect("mail-*").push_audit(entries(1))
        [hit] = site.documents(f"logs-sftsec.audit-{site.token}")
        source = hit["_source"]
        assert source["message"] == "ann: alias.moved mail/live"
        assert source["user"] == {"name": "ann"}
        assert source["event"]["sequence"] == 1
        assert source["event"]["hash"] == hit["_id"]
        assert source["sftsec"]["task"] == "mail"
        assert source["sftsec"]["model"] == {"digest": "d" * 64}
        assert source["sftsec"]["run"] == {"id": "run-1"}
        assert source["sftsec"]["audit"]["details"]["reason"] == "passed the gate"
