"""The audit log's copy: each entry once, named by its hash, in a data stream of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sftsec_core.api.domain import AuditAnchor, AuditEntry
from sftsec_core.api.errors import ConnectorError
from tests.connectors.search.sites import Site

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)


LOG, OTHER = f"{1:064x}", "b" * 64


def entries(count: int, log: str = LOG) -> list[AuditEntry]:
    details = {"digest": "d" * 64, "run": "run-1", "reason": "passed the gate"}
    start = 0 if log == LOG else 1000
    return [
        AuditEntry(n, AT, "ann", "alias.moved", "mail/live", details, f"{start + n:064x}", log)
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


class TestAnchor:
    def test_is_the_end_of_one_log(self, site: Site) -> None:
        stream = f"logs-sftsec.audit-{site.token}"
        connector = site.connect("mail-*")
        assert connector.last_audit(LOG) is None
        connector.push_audit(entries(2))
        site.call("POST", f"/{stream}/_rollover")
        connector.push_audit([*entries(11)[2:], *entries(12, OTHER)])
        site.call("POST", f"/{stream}/_refresh")
        assert connector.last_audit(LOG) == AuditAnchor(11, [f"{11:064x}"])
        assert connector.last_audit(OTHER) == AuditAnchor(12, [f"{1012:064x}"])
        assert connector.last_audit("c" * 64) is None

    def test_tells_two_entries_of_one_number(self, site: Site) -> None:
        connector = site.connect("mail-*")
        forged = replace(entries(2)[1], hash="f" * 64)
        connector.push_audit([*entries(2), forged])
        site.call("POST", f"/logs-sftsec.audit-{site.token}/_refresh")
        assert connector.last_audit(LOG) == AuditAnchor(2, [f"{2:064x}", "f" * 64])


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
        assert source["sftsec"]["audit"]["log"] == LOG
        assert source["sftsec"]["audit"]["details"]["reason"] == "passed the gate"
