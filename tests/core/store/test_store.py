"""The store as one object: opened again, and printed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sftsec_core.store.store import Store


class TestStore:
    def test_opened_again_holds_what_was_written(self, database_url: str, state: Path) -> None:
        with Store.open(database_url, folder=state, actor="tester") as first:
            first.audit.append("test.done", "something")
        with Store.open(database_url, folder=state, actor="tester") as second:
            assert [entry.action for entry in second.audit.tail()] == ["test.done"]

    def test_repr_hides_the_password(self, postgres_url: str, tmp_path: Path) -> None:
        from sqlalchemy import make_url

        url = make_url(postgres_url).set(password="hunter2").render_as_string(False)
        with Store.open(url, folder=tmp_path, actor="tester") as store:
            assert "hunter2" not in repr(store)
            assert make_url(postgres_url).database in repr(store)  # type: ignore[operator]

    def test_two_of_a_process_keep_their_locks(self, tmp_path: Path) -> None:
        with Store.open(None, folder=tmp_path, actor="tester") as first:
            first.audit.append("test.done", "before")
            with Store.open(None, folder=tmp_path, actor="tester"):
                # The other process is the last to close the file, if it finds no lock on it.
                assert elsewhere(tmp_path) == ["before", "elsewhere"]
                first.audit.append("test.done", "after")
                assert elsewhere(tmp_path) == ["before", "elsewhere", "after", "elsewhere"]


def elsewhere(folder: Path) -> list[str]:
    """Append an entry in another process, and return all that it sees."""
    program = (
        "import sys, pathlib; from sftsec_core.store.store import Store\n"
        "with Store.open(None, folder=pathlib.Path(sys.argv[1]), actor='x') as store:\n"
        "    store.audit.append('test.done', 'elsewhere')\n"
        "    print(*(entry.object for entry in store.audit.tail()))\n"
    )
    command = [sys.executable, "-c", program, str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
