"""What was forgotten, beside the database: kept, told by the salt, refused where damaged."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sftsec_core.api.errors import IntegrityError
from sftsec_core.store.erasures import Erasure
from sftsec_core.store.forgotten_file import FORGOTTEN_FILE, keep_erasure, kept_erasures
from sftsec_core.store.salt import SALT_FILE

AT = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)
FIRST = Erasure("0" * 12, "incident", 1, AT, None)
SECOND = Erasure("1" * 12, "user", 2, AT, None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / SALT_FILE).write_bytes(b"s" * 32)
    return tmp_path


class TestKeptErasures:
    def test_come_back_in_their_order(self, folder: Path) -> None:
        assert kept_erasures(folder) == []
        keep_erasure(folder, FIRST, {"b" * 32, "a" * 32})
        keep_erasure(folder, SECOND, {"c" * 32})
        found = kept_erasures(folder)
        assert [each.erasure for each in found] == [FIRST, SECOND]
        assert found[0].keys == {"a" * 32, "b" * 32}

    def test_of_another_salt_say_nothing(self, folder: Path) -> None:
        keep_erasure(folder, FIRST, {"a" * 32})
        (folder / SALT_FILE).write_bytes(b"t" * 32)
        assert kept_erasures(folder) == []
        keep_erasure(folder, SECOND, {"a" * 32})
        assert [each.erasure.id for each in kept_erasures(folder)] == [SECOND.id]

    @pytest.mark.parametrize("damage", ["", "{}", "[1]", '[{"salt": 1}, 2]', "\x00"])
    def test_refuse_a_damaged_file(self, folder: Path, damage: str) -> None:
        (folder / FORGOTTEN_FILE).write_text(damage)
        with pytest.raises(IntegrityError, match="keeps what was forgotten from coming back"):
            kept_erasures(folder)
