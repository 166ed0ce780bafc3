"""Snapshots as the store lists them."""

from __future__ import annotations

from pathlib import Path

from sftsec_core.store.store import Store


class TestSnapshots:
    def test_are_listed_newest_first_and_once(self, store: Store, state: Path) -> None:
        for digest in ("a" * 64, "b" * 64, "a" * 64):
            folder = state / "snapshots" / digest
            store.snapshots.add("mail", digest, folder, rows=3, manifest={"rows": 3})
        assert [one.digest[0] for one in store.snapshots.list("mail")] == ["a", "b"]
        latest = store.snapshots.latest("mail")
        assert latest is not None
        assert latest.folder == state / "snapshots" / ("a" * 64)
        assert (latest.rows, latest.manifest) == (3, {"rows": 3})
        assert store.snapshots.latest("proxy") is None

    def test_outside_the_state_folder_keep_their_path(self, store: Store, tmp_path: Path) -> None:
        store.snapshots.add("mail", "a" * 64, tmp_path / "elsewhere", rows=1, manifest={})
        assert [one.folder for one in store.snapshots.list()] == [tmp_path / "elsewhere"]
