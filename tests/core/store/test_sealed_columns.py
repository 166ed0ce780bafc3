"""What incidents and analysts say is encrypted in the database, and read as it was."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from sftsec_core.api.domain import Detection, Incident, Rejection, Verdict
from sftsec_core.api.errors import IntegrityError
from sftsec_core.store.store import Store
from sftsec_core.store.vault import Vault, open_vault
from tests.core.store.keys import new_key

CANARY = "canary-0815"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


@pytest.fixture
def vault(state: Path, tmp_path: Path) -> Vault:
    return open_vault(state, new_key(tmp_path))


@pytest.fixture
def store(state: Path, vault: Vault) -> Iterator[Store]:
    with Store.open(None, folder=state, actor="tester", vault=vault) as opened:
        yield opened


def detection(uid: str, **fields: str) -> Detection:
    return Detection(
        uid=uid,
        incident_uid="i1",
        task="mail",
        model_digest="d" * 64,
        label="spam",
        probability=0.75,
        threshold=0.5,
        top_classes=(("spam", 0.75), ("ham", 0.25)),
        fields=fields,
    )


def fill(store: Store) -> None:
    store.outbox.add("siem", [detection("d1", message=CANARY)])
    judged = Verdict("tp", analyst=CANARY, reason=f"because {CANARY}")
    store.verdicts.add("siem", [Incident("i1", {}, verdicts=(judged,))])
    bad = [Rejection(f"{CANARY}:1", f"{CANARY} is not a time", "d")] * 2
    store.quarantine.add("siem", bad, run_id="r1")


def on_disk(state: Path) -> bytes:
    return b"".join(path.read_bytes() for path in state.rglob("*") if path.is_file())


class TestEncryptedStore:
    def test_holds_no_text_in_the_clear(self, store: Store, state: Path) -> None:
        fill(store)
        assert CANARY.encode() not in on_disk(state)
        store.close()
        assert CANARY.encode() not in on_disk(state)

    def test_gives_back_what_was_put_in(self, store: Store) -> None:
        fill(store)
        (claimed,) = store.outbox.claim("siem", "me", limit=5)
        assert claimed.detection.fields == {"message": CANARY}
        (verdict,) = store.verdicts.of("siem", ["i1"])["i1"]
        assert (verdict.analyst, verdict.reason) == (CANARY, f"because {CANARY}")
        assert store.quarantine.reasons("r1") == {f"{CANARY} is not a time": 2}
        (bad,) = store.quarantine.list("siem")
        assert bad.where == f"{CANARY}:1"

    def test_tells_whose_detections_wait(self, store: Store) -> None:
        """`gc` must not remove their model."""
        fill(store)
        assert store.pruning.pending_models() == {"d" * 64}

    def test_is_refused_without_its_key(self, store: Store, state: Path) -> None:
        fill(store)
        with (
            Store.open(None, folder=state) as plain,
            pytest.raises(IntegrityError, match=r"set state\.encrypt\.key"),
        ):
            plain.quarantine.list()

    def test_hides_a_platforms_words_on_a_detection(self, store: Store, state: Path) -> None:
        fill(store)
        store.outbox.reject("siem", "d1", f"cannot parse {CANARY}")
        assert CANARY.encode() not in on_disk(state)

    def test_counts_plain_outcomes(self, store: Store) -> None:
        store.outbox.add("siem", [detection("d1"), detection("d2")], run_id="r1")
        store.outbox.deliver("siem", ["d1"], "written")
        store.outbox.deliver("siem", ["d2"], "duplicate")
        found = store.outbox.of_run("r1")
        assert (found["written"], found["duplicates"]) == (1, 1)


class TestTurnedOn:
    def test_earlier_rows_are_read_and_then_encrypted(self, state: Path, vault: Vault) -> None:
        with Store.open(None, folder=state, actor="tester") as plain:
            fill(plain)
        assert CANARY.encode() in on_disk(state)
        with Store.open(None, folder=state, actor="tester", vault=vault) as store:
            assert store.quarantine.list()[0].where == f"{CANARY}:1"
            assert store.seal_rows() == 3
            assert CANARY.encode() not in on_disk(state)
            assert store.quarantine.list()[0].where == f"{CANARY}:1"
            assert store.outbox.claim("siem", "me", limit=5)[0].detection.uid == "d1"


class TestPlainStore:
    def test_text_cannot_pass_for_an_encrypted_one(self, state: Path) -> None:
        with Store.open(None, folder=state, actor="tester") as plain:
            plain.quarantine.add("siem", [Rejection("a", "\x01s1:00:00", "d")])
            (found,) = plain.quarantine.list()
        assert found.reason == "\N{REPLACEMENT CHARACTER}s1:00:00"


class TestChangedRow:
    def test_swapped_columns_are_found(self, store: Store, state: Path) -> None:
        fill(store)
        with sqlite3.connect(state / "sftsec.db") as raw:
            raw.execute('UPDATE quarantine SET reason = "where"')
        raw.close()
        with pytest.raises(IntegrityError, match=r"quarantine\.reason was changed"):
            store.quarantine.list()
