"""Quarantine, snapshots and cursors."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.domain import Rejection
from sftsec_core.api.errors import StoreError
from sftsec_core.store.store import Store

BAD = Rejection("mail.jsonl:17", "not JSON", "d" * 64)


def test_a_bad_record_met_again_is_counted_not_copied(store: Store) -> None:
    assert store.quarantine.add("mail", [BAD, BAD], run_id="r1") == 2
    store.quarantine.add("mail", [BAD], run_id="r2")
    (kept,) = store.quarantine.list("mail")
    assert (kept.where, kept.reason, kept.digest) == ("mail.jsonl:17", "not JSON", "d" * 64)
    assert (kept.seen, kept.run_id) == (3, "r2")
    assert kept.first_at <= kept.last_at
    assert store.quarantine.count() == 1


def test_the_same_place_in_another_connector_or_with_another_reason_is_another_row(
    store: Store,
) -> None:
    store.quarantine.add("mail", [BAD, Rejection(BAD.where, "too deep", BAD.digest)])
    store.quarantine.add("proxy", [BAD])
    assert (store.quarantine.count("mail"), store.quarantine.count("proxy")) == (2, 1)
    assert store.quarantine.list(run_id="r1") == []


def test_a_reason_with_a_whole_record_in_it_does_not_fill_the_store(store: Store) -> None:
    store.quarantine.add("mail", [Rejection("x" * 10_000, "\x00" + "y" * 10_000)])
    (kept,) = store.quarantine.list()
    assert len(kept.where) == len(kept.reason) == 500


def test_snapshots_are_listed_newest_first_and_kept_once(store: Store, state: Path) -> None:
    for digest in ("a" * 64, "b" * 64, "a" * 64):
        folder = state / "snapshots" / digest
        store.snapshots.add("mail", digest, folder, rows=3, manifest={"rows": 3})
    assert [one.digest[0] for one in store.snapshots.list("mail")] == ["b", "a"]
    latest = store.snapshots.latest("mail")
    assert latest is not None
    assert latest.folder == state / "snapshots" / ("b" * 64)
    assert (latest.rows, latest.manifest) == (3, {"rows": 3})
    assert store.snapshots.latest("proxy") is None


def test_a_snapshot_outside_the_state_folder_keeps_its_whole_path(
    store: Store, tmp_path: Path
) -> None:
    store.snapshots.add("mail", "a" * 64, tmp_path / "elsewhere", rows=1, manifest={})
    assert [one.folder for one in store.snapshots.list()] == [tmp_path / "elsewhere"]


def test_a_cursor_moves_only_from_where_it_was_seen(store: Store) -> None:
    assert store.cursors.get("mail", "siem") is None
    store.cursors.move("mail", "siem", "page 1", expected=None)
    store.cursors.move("mail", "siem", "page 2", expected="page 1")
    for stale in (None, "page 1"):
        with pytest.raises(StoreError, match="another process is scoring task 'mail'"):
            store.cursors.move("mail", "siem", "page 2b", expected=stale)
    assert store.cursors.get("mail", "siem") == "page 2"
    assert store.cursors.get("mail", "other") is None
