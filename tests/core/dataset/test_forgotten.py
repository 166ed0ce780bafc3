"""Incidents that were forgotten: told by a digest, left out of pages and parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from sftsec_core.api.domain import Incident, IncidentPage, inputs_digest
from sftsec_core.dataset.forgotten import Forgotten, content_tombstone, tombstone
from sftsec_core.dataset.sources import abroad_uid, scoped_uid

SALT = b"s" * 32
GONE = Forgotten({tombstone("mail", "7", SALT)}, SALT)


@dataclass
class Part:
    name: str = "part"

    def pages(self, cursor: str | None) -> Iterator[IncidentPage]:
        yield page("6", "7")

    def proof(self) -> str:
        return "proof"

    def holds(self, proof: str) -> bool:
        return proof == "proof"


def page(*uids: str) -> IncidentPage:
    return IncidentPage(tuple(Incident(uid, {}) for uid in uids), "after")


class TestForgotten:
    def test_knows_an_incident_by_its_connector(self) -> None:
        assert GONE.has("mail", "7")
        assert not GONE.has("proxy", "7")
        assert not GONE.has("mail", "71")
        assert tombstone("mail", "7", SALT) != tombstone("mail", "7", b"t" * 32)
        assert "7" not in {tombstone("mail", "7", SALT), tombstone("mai", "l7", SALT)}

    def test_knows_a_detection_of_it_elsewhere(self) -> None:
        assert GONE.has("proxy", abroad_uid("7", "mail"))
        assert not GONE.has("proxy", abroad_uid("7", "web"))

    def test_knows_the_rows_of_data_sets(self) -> None:
        assert GONE.has_row(scoped_uid("mail", "7"), ("mail", "proxy"))
        assert GONE.has_row("7~" + "0" * 32, ("mail",))
        assert GONE.has_row("7", ("mail",))
        assert not GONE.has_row(scoped_uid("proxy", "7"), ("proxy",))

    def test_knows_what_it_held_under_any_id(self) -> None:
        at = datetime(2026, 1, 2, 3, tzinfo=UTC)
        key = content_tombstone(inputs_digest({"text": "a secret"}), at, SALT)
        gone = Forgotten({key}, SALT)
        east = at.astimezone(timezone(timedelta(hours=3)))
        assert gone.has_content({"text": "a secret"}, at)
        assert gone.has_content({"text": "a secret"}, east)
        assert gone.left_out.total() == 2
        others = [({"text": "a secret"}, None), ({"text": "another"}, at), ({}, at)]
        assert not any(gone.has_content(inputs, when) for inputs, when in others)
        assert gone.left_out.total() == 2
        assert not Forgotten({key}, b"t" * 32).has_content({"text": "a secret"}, at)

    def test_leaves_out_and_counts(self) -> None:
        gone = Forgotten(GONE.keys, SALT)
        assert [one.uid for one in gone.page(page("6", "7", "8"), "mail").incidents] == ["6", "8"]
        assert gone.page(page("7"), "proxy").incidents
        assert gone.left_out == {"mail": 1, "proxy": 0}
        whole = page("7")
        assert Forgotten((), b"").page(whole, "mail") is whole

    def test_filters_the_parts_of_a_pull(self) -> None:
        (part,) = GONE.parts([Part()], "mail")
        assert [one.uid for each in part.pages(None) for one in each.incidents] == ["6"]
        assert (part.name, part.proof(), part.holds("proof")) == ("part", "proof", True)
