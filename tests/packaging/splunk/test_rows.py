"""Rows come back as they went in, whatever somebody wrote into an event."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.packaging.splunk.bench import Bench
from tests.servers.splunkd.chunked import Record, from_csv, to_csv
from tests.servers.splunkd.pythons import SPLUNK_PYTHONS, need_python

HARD = (
    b'a,__mv_a,b\n"x\r\ny",,"q""uote"\n"nul\x00 and \xff\xfe",$1$;$2$,\n,,"\xef\xb7\x90"\n"\r",,\n'
)


pytestmark = pytest.mark.usefixtures("app_modules")


# The double does not quote a bare carriage return; below are frames that do.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=20)
cells = texts | st.lists(texts.filter(bool), min_size=2, max_size=3)


class TestRowTable:
    @given(st.lists(st.fixed_dictionaries({"a": cells, "b": cells}), min_size=1, max_size=4))
    def test_writes_a_frame_as_it_was_read(self, batch: list[Record]) -> None:
        from sftsec_app.rows import RowTable

        body = to_csv(batch)
        table = RowTable.read(body)
        assert from_csv(table.write()) == from_csv(body)
        table.set(["c", "a"], [("new", "other")] * len(batch))
        changed = [{"b": each["b"], "c": "new", "a": "other"} for each in from_csv(body)]
        assert from_csv(table.write()) == changed

    @given(st.lists(st.fixed_dictionaries({"a": cells}), min_size=1, max_size=3))
    def test_gives_rows_of_names_and_values(self, batch: list[Record]) -> None:
        from sftsec_app.rows import RowTable

        found = RowTable.read(to_csv(batch)).rows()
        assert found == [{k: v for k, v in each.items() if v} for each in from_csv(to_csv(batch))]

    @pytest.mark.parametrize("version", SPLUNK_PYTHONS)
    def test_keeps_bytes_that_are_not_text(
        self, version: str, app_folder: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "frame.csv").write_bytes(HARD)
        code = (
            "import sys; from sftsec_app.rows import RowTable\n"
            "table = RowTable.read(open(sys.argv[1], 'rb').read())\n"
            "[row.get('a', '').encode() for row in table.rows() if isinstance(row.get('a'), str)]\n"
            "again = RowTable.read(table.write())\n"
            "assert again.write() == table.write()\n"
            "sys.stdout.buffer.write(table.write())"
        )
        done = subprocess.run(
            [str(need_python(version)), "-B", "-c", code, str(tmp_path / "frame.csv")],
            cwd=app_folder / "bin",
            capture_output=True,
            check=True,
        )
        assert b"nul\x00 and \xff\xfe,$1$;$2$,\r\n" in done.stdout
        assert b'"x\r\ny",,"q""uote"\r\n' in done.stdout
        assert b'"\r",,' in done.stdout
        assert b"\xef\xb7\x90" in done.stdout  # the first stand-in, in the text itself


class TestCommands:
    @pytest.mark.parametrize("version", SPLUNK_PYTHONS)
    def test_accept_a_long_event(self, scoring_bench: Bench, version: str) -> None:
        scoring_bench.version = version
        row: Record = {"message": "lunch meeting thursday", "_raw": "x" * 300_000 + "\0"}
        run = scoring_bench.run("sftsecscore", [[row]], "task=mail", "field=message")
        assert (run.stderr, run.messages) == ("", [])
        assert run.records[0]["_raw"] == row["_raw"]
        assert run.records[0]["sftsec_label"] == "benign"

    @pytest.mark.parametrize("version", SPLUNK_PYTHONS)
    def test_accept_bytes_that_are_not_text(self, bench: Bench, version: str) -> None:
        bench.version = version
        done = bench.alert([{"event_id": "E1@@n", "message": "a\0b"}], action="label", task="mail")
        assert (done.returncode, done.stderr) == (0, "INFO sftsec: 1 rows queued for labelling\n")
