"""What a state holds already is encrypted file by file; a kill leaves all of it readable."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sftsec_core.api.errors import IntegrityError
from sftsec_core.store.reseal import LEFT_OUT, seal_files, strip_reports
from sftsec_core.store.sealed_files import is_sealed, key_id_of
from sftsec_core.store.vault import Vault, open_vault, with_new_key
from tests.core.store.keys import new_key

SECRET = (
    "snapshots/ab/rows-00000.parquet",
    "snapshots/ab/blobs/cd",
    "increments/t/k/p.0/rows.parquet",
    "runs/r1/ingest/chunk.00000/arrays.npz",
    "runs/r1/ingest/draft/rows-00000.parquet",
    "runs/r1/examples/train.parquet",
    "runs/r1/examples/blobs/ef",
)
PLAIN = ("snapshots/ab/manifest.json", "runs/r1/ingest/progress.json", "models/12/model.json")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    for name in (*SECRET, *PLAIN):
        path = tmp_path / "state" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name}")
    return tmp_path / "state"


@pytest.fixture
def vault(state: Path, tmp_path: Path) -> Vault:
    return open_vault(state, new_key(tmp_path))


def content(vault: Vault, path: Path) -> str:
    with vault.open(path) as file:
        return file.read().decode()


class TestSealFiles:
    def test_encrypts_what_holds_incidents_once(self, state: Path, vault: Vault) -> None:
        assert seal_files(state, vault) == len(SECRET)
        assert seal_files(state, vault) == 0
        assert all(content(vault, state / name) == f"content of {name}" for name in SECRET)
        assert all(is_sealed(state / name) for name in SECRET)
        assert not any(is_sealed(state / name) for name in PLAIN)

    def test_encrypts_again_with_a_new_key(self, state: Path, vault: Vault) -> None:
        seal_files(state, vault)
        renewed = with_new_key(vault)
        assert seal_files(state, renewed) == len(SECRET)
        assert {key_id_of(state / name) for name in SECRET} == {bytes.fromhex(renewed.current)}
        assert content(renewed, state / SECRET[0]) == f"content of {SECRET[0]}"

    def test_goes_on_after_a_kill(self, state: Path, vault: Vault) -> None:
        half = state / "snapshots/ab/rows-00000.parquet.sealing"
        half.write_bytes(b"SFTSEC\x01\nhalf of it")
        assert seal_files(state, vault) == len(SECRET)
        assert not half.exists()

    def test_leaves_a_damaged_file_as_it_is(self, state: Path, vault: Vault) -> None:
        seal_files(state, vault)
        damaged = state / SECRET[0]
        damaged.write_bytes(damaged.read_bytes()[:-1])
        before = damaged.read_bytes()
        with pytest.raises(IntegrityError, match=r"rows-00000\.parquet was changed"):
            seal_files(state, with_new_key(vault))
        assert damaged.read_bytes() == before


class TestStripReports:
    def test_takes_texts_out_and_leaves_the_rest(self, state: Path) -> None:
        error = {"uid": "i1", "text": "canary", "explanation": {"text": "canary"}}
        tables = [{"texts": True, "rows": [["canary", 1]]}, {"rows": [["public", 1]]}]
        body = {"version": 2, "worst_errors": [error], "sections": {"a": {"tables": tables}}}
        (state / "runs/r1/report.json").write_text(json.dumps(body))
        page = '<td class="uid">i1</td><td class="text">a\ncanary</td></tr><td class="text">b</td>'
        (state / "runs/r1/report.html").write_text(page)
        assert strip_reports(state) == 2
        assert strip_reports(state) == 0
        kept = json.loads((state / "runs/r1/report.json").read_text())
        assert kept["worst_errors"] == [{"uid": "i1", "text": LEFT_OUT}]
        assert kept["sections"] == {"a": {"tables": [{"rows": [["public", 1]]}]}}
        html = (state / "runs/r1/report.html").read_text()
        assert html.count(LEFT_OUT) == 2
        assert "canary" not in html
        assert '<td class="uid">i1</td>' in html

    def test_leaves_what_is_no_report(self, state: Path) -> None:
        (state / "runs/r1/report.json").write_text("[1]")
        assert strip_reports(state) == 0
