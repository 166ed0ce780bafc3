"""What judged incidents held: kept once, by connector and reading."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from sftsec_core.api.domain import Incident, Verdict
from sftsec_core.store import dialects
from sftsec_core.store.migrations import migrate
from sftsec_core.store.store import Store
from sftsec_core.store.tables import verdicts

A, B, READING = "a" * 32, "b" * 32, "0" * 32


class TestContents:
    def test_of_one_incident_are_kept_apart(self, store: Store) -> None:
        store.judged_inputs.add("siem", READING, [("flow", A), ("flow", B), ("mail", A)])
        store.judged_inputs.add("siem", READING, [("flow", A)])
        found = store.judged_inputs.of("siem", READING, ["flow", "mail", "dns"])
        assert found == {"flow": {A, B}, "mail": {A}}

    def test_belong_to_a_connector_and_a_reading(self, store: Store) -> None:
        store.judged_inputs.add("siem", READING, [("flow", A)])
        assert store.judged_inputs.of("mail", READING, ["flow"]) == {}
        assert store.judged_inputs.of("siem", "1" * 32, ["flow"]) == {}

    def test_of_many_incidents_are_all_found(self, store: Store) -> None:
        uids = [str(number) for number in range(1201)]
        store.judged_inputs.add("siem", READING, ((uid, A) for uid in uids))
        assert store.judged_inputs.of("siem", READING, uids) == {uid: {A} for uid in uids}

    def test_are_found_under_unstorable_names(self, store: Store) -> None:
        broken = ["a\x00b", "a\N{REPLACEMENT CHARACTER}b", "\ud800"]
        store.judged_inputs.add("siem", READING, [(broken[0], A), (broken[2], B)])
        found = store.judged_inputs.of("siem", READING, broken)
        # What the database cannot tell apart is one incident to it.
        assert found == {broken[0]: {A}, broken[1]: {A}, broken[2]: {B}}
        store.verdicts.add("siem", [Incident(broken[0], {}, (Verdict("x"),))])
        assert set(store.verdicts.of("siem", broken)) == set(broken[:2])


class TestChanged:
    def test_incidents_hold_what_was_not_judged(self, store: Store) -> None:
        store.judged_inputs.add("siem", READING, [("flow", A), ("mail", A)])
        now = [("flow", B), ("flow", A), ("mail", A), ("dns", B)]
        assert store.judged_inputs.changed("siem", READING, now) == {"flow"}
        assert store.judged_inputs.changed("siem", "1" * 32, now) == frozenset()
        store.judged_inputs.add("siem", READING, now)
        assert store.judged_inputs.changed("siem", READING, now) == frozenset()


class TestMigration:
    def test_knows_no_content_of_older_verdicts(self, empty_database_url: str, state: Path) -> None:
        engine = dialects.create(dialects.read_url(empty_database_url))
        with engine.begin() as connection:
            migrate(connection, to="0003")
            row: dict[str, Any] = {
                "key": "k",
                "connector": "siem",
                "incident_uid": "flow",
                "value": "x",
            }
            row |= {"automated": False, "pulled_at": datetime.now(UTC)}
            connection.execute(insert(verdicts).values(row))
        engine.dispose()
        with Store.open(empty_database_url, folder=state, actor="t") as store:
            assert store.judged_inputs.of("siem", READING, ["flow"]) == {}
            assert set(store.verdicts.of("siem", ["flow"])) == {"flow"}
