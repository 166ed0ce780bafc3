"""What differs between SQLite and PostgreSQL: files, addresses, drivers, messages."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from sftsec_core.api.errors import StoreError
from sftsec_core.store import dialects
from sftsec_core.store.store import Store


class TestSqlite:
    def test_file_is_private_in_wal_mode(self, tmp_path: Path) -> None:
        folder = tmp_path / "new" / "state"
        with Store.open(None, folder=folder, actor="tester"):
            file = folder / "sftsec.db"
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        engine = create_engine(f"sqlite:///{file}")
        with engine.connect() as connection:
            assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        engine.dispose()

    def test_refuses_another_file_in_one_line(self, tmp_path: Path) -> None:
        (tmp_path / "sftsec.db").write_bytes(b"this is not a database, " * 100)
        with pytest.raises(StoreError, match=r"not a database.*restore a copy") as caught:
            Store.open(None, folder=tmp_path, actor="tester")
        assert "\n" not in str(caught.value)

    def test_refuses_an_impossible_folder(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(StoreError, match="cannot open the store"):
            Store.open(None, folder=tmp_path / "file" / "state", actor="tester")


class TestReadOnly:
    """As a user without the right to write: tests may run as root, whom modes do not stop."""

    @pytest.fixture
    def refuse(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
        return lambda: monkeypatch.setattr(dialects, "_writable", lambda _path: False)

    @pytest.mark.parametrize("log", [False, True], ids=["without a log", "beside a writer"])
    def test_is_read_and_not_written(
        self, tmp_path: Path, refuse: Callable[[], None], *, log: bool
    ) -> None:
        writer = Store.open(None, folder=tmp_path, actor="tester")
        writer.audit.append("test.done", "here", {})
        if not log:
            writer.close()
        refuse()
        before = sorted(path.name for path in tmp_path.iterdir())
        with Store.open(None, folder=tmp_path, actor="tester") as store:
            assert [entry.action for entry in store.audit.tail(5)] == ["test.done"]
            assert store.models.list(None) == []
            with pytest.raises(StoreError, match=r"readonly.*give this user the right"):
                store.audit.append("test.again", "here", {})
        assert sorted(path.name for path in tmp_path.iterdir()) == before
        writer.close()

    def test_of_an_earlier_version_says_so(
        self, tmp_path: Path, refuse: Callable[[], None]
    ) -> None:
        Store.open(None, folder=tmp_path, actor="tester").close()
        engine = create_engine(f"sqlite:///{tmp_path / 'sftsec.db'}")
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = 'r0001'"))
        engine.dispose()
        refuse()
        with pytest.raises(StoreError, match="earlier version"):
            Store.open(None, folder=tmp_path, actor="tester")


class TestAddress:
    @pytest.mark.parametrize(
        "url",
        ["mysql://root:hunter2@host/db", "not a url hunter2", "postgresql+nosuch://a:hunter2@h/d"],
    )
    def test_unusable_is_refused_without_repeating_it(self, url: str, tmp_path: Path) -> None:
        with pytest.raises(StoreError) as caught:
            Store.open(url, folder=tmp_path, actor="tester")
        assert "hunter2" not in str(caught.value)

    def test_password_is_in_no_message(self, postgres_server: str, tmp_path: Path) -> None:
        from sqlalchemy import make_url

        wrong = make_url(postgres_server).set(password="hunter2", database="missing")
        wrong = wrong.update_query_dict({"sslpassword": "hunter3"})
        with pytest.raises(StoreError) as caught:
            Store.open(wrong.render_as_string(False), folder=tmp_path, actor="tester")
        assert "hunter" not in str(caught.value)
        assert "missing" in str(caught.value)

    def test_without_a_driver_uses_psycopg(self, postgres_url: str, tmp_path: Path) -> None:
        plain = postgres_url.replace("postgresql+psycopg://", "postgresql://")
        with Store.open(plain, folder=tmp_path, actor="tester") as store:
            assert store.audit.verify() == 0
