"""Rows are copied as they lie, and a difference shows in their sums."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from sftsec_core.api.errors import IntegrityError
from sftsec_core.store import copying
from sftsec_core.store.copying import TableSum, compare_sums, copy_rows, is_empty, sums_of
from sftsec_core.store.store import Store
from sftsec_core.store.vault import open_vault
from tests.core.store.filled import AWKWARD, fill
from tests.core.store.keys import new_key


class TestCopyRows:
    def test_copies_in_batches_to_the_letter(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(copying, "ROWS_AT_A_TIME", 7)
        with (
            Store.open(f"sqlite:///{tmp_path}/a.db", folder=tmp_path, actor="x") as source,
            Store.open(f"sqlite:///{tmp_path}/b.db", folder=tmp_path, actor="x") as target,
        ):
            fill(source, tmp_path)
            odd = '{"z": 1.0, "a":  1e400, "big": 123456789012345678901234567890}'
            with source.writing() as here:
                here.execute(text("UPDATE snapshots SET manifest = :odd"), {"odd": odd})
            with source._database.reading() as here, target.writing() as there:
                assert not is_empty(here)
                assert is_empty(there)
                copied = copy_rows(here, there)
                assert sums_of(here) == copied
                assert there.execute(text("SELECT manifest FROM snapshots")).scalar() == odd

    def test_leaves_encrypted_columns_as_they_are(self, tmp_path: Path) -> None:
        vault = open_vault(tmp_path, new_key(tmp_path))
        target = f"sqlite:///{tmp_path}/b.db"
        with Store.open(None, folder=tmp_path, actor="x", vault=vault) as source:
            fill(source, tmp_path)
            said = source.verdicts.list()
            source.copies.write(tmp_path / "b.db")
        assert f"ann {AWKWARD}".encode()[:12] not in (tmp_path / "b.db").read_bytes()
        with Store.open(target, folder=tmp_path, vault=vault) as copied:
            assert copied.verdicts.list() == said
        with (
            Store.open(target, folder=tmp_path) as locked,
            pytest.raises(IntegrityError, match=r"state\.encrypt"),
        ):
            locked.verdicts.list()


class TestSumsOf:
    def test_shows_any_change_but_the_order(self, tmp_path: Path) -> None:
        with Store.open(f"sqlite:///{tmp_path}/a.db", folder=tmp_path, actor="x") as store:
            fill(store, tmp_path)
            with store.writing() as here:
                before = sums_of(here)
                for change in (
                    "UPDATE outbox SET attempts = attempts + 1 WHERE id = 3",
                    "UPDATE runs SET error = NULL WHERE error IS NOT NULL",
                    "UPDATE cursors SET cursor = cursor || ' '",
                    "DELETE FROM quarantine",
                ):
                    here.execute(text(change))
                    after = sums_of(here)
                    changed = [name for name in before if before[name] != after[name]]
                    assert changed == [change.replace("FROM ", "").split()[1]]
                    before = after


class TestCompareSums:
    def test_names_the_table_that_differs(self) -> None:
        with pytest.raises(IntegrityError, match=r"table audit: 1 rows .* 2 expected"):
            compare_sums({"audit": TableSum(2, "a")}, {"audit": TableSum(1, "a")})
