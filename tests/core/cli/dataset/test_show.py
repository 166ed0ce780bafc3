"""`sftsec dataset show`: the snapshots of a task, or one in detail."""

from __future__ import annotations

from pathlib import Path

from sftsec_core.api.errors import IntegrityError
from tests.core.cli.invoke import error_of, json_of, printed
from tests.e2e.site import Site


class TestShow:
    def test_finds_a_snapshot_by_its_beginning(self, site: Site) -> None:
        (listed,) = json_of(site, "dataset", "show", "triage")
        digest = listed["digest"]
        found = json_of(site, "dataset", "show", "triage", digest[:8])
        assert found["digest"] == digest
        assert found["counts"]["kept"] == listed["rows"]
        shown = printed(site, "dataset", "show", "triage", digest[:8], "--verify")
        assert digest in shown
        assert "redact: email" in shown
        assert digest[:12] in printed(site, "dataset", "show", "triage")

    def test_unknown_snapshot_names_those_there_are(self, site: Site) -> None:
        (listed,) = json_of(site, "dataset", "show", "triage")
        error = error_of(site, "dataset", "show", "triage", "zzz")
        assert error.exit_code == 2
        assert f"unknown snapshot 'zzz' (known: {listed['digest'][:12]})" in str(error)

    def test_verify_finds_a_changed_file(self, site: Site) -> None:
        (listed,) = json_of(site, "dataset", "show", "triage")
        file = next(Path(listed["folder"]).glob("*.parquet"))
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.chmod(0o600)
        file.write_bytes(content)
        assert json_of(site, "dataset", "show", "triage", listed["digest"])
        error = error_of(site, "dataset", "show", "triage", listed["digest"], "--verify")
        assert isinstance(error, IntegrityError)
