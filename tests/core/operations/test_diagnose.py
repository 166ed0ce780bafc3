"""All that is looked at, on real sites that are whole, broken or empty."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from sftsec_core.api.domain import Actor
from sftsec_core.api.errors import AuthorizationError
from sftsec_core.doctor import accelerator
from sftsec_core.doctor.finding import Finding, Level
from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.diagnose import Diagnosis, diagnose

INCIDENTS = '{"id": "1", "message": "a login", "label": "benign", "at": "2026-01-01T00:00:00Z"}\n'


@pytest.fixture(autouse=True)
def _no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """To import torch takes seconds; `test_accelerator.py` does it."""
    monkeypatch.setattr(accelerator, "ask_torch", lambda: None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration with one connector and one task."""
    (tmp_path / "in.jsonl").write_text(INCIDENTS, encoding="utf-8")
    return write(
        tmp_path / "sftsec.yaml",
        connectors={"mail": {"type": "files", "paths": ["in.jsonl"]}},
        tasks={
            "triage": {
                "connector": "mail",
                "text": ["message"],
                "benign": "benign",
                "labels": {"benign": ["benign"], "bad": ["bad"]},
                "train": {"recipe": "linear"},
            }
        },
    )


def write(file: Path, **settings: Any) -> Path:
    file.write_text(yaml.safe_dump({"version": 1, **settings}), encoding="utf-8")
    return file


def change(file: Path, **settings: Any) -> None:
    write(file, **{**yaml.safe_load(file.read_text(encoding="utf-8")), **settings})


def look(file: Path | None, **given: Any) -> Diagnosis:
    return diagnose(local_admin("test"), file, **given)


def named(found: Diagnosis, name: str) -> list[Finding]:
    return [each for each in found.findings if each.name == name]


class TestDiagnose:
    def test_asks_for_permission_first(self, file: Path) -> None:
        guest = Actor("guest", frozenset({"nothing"}), "test")
        with pytest.raises(AuthorizationError):
            diagnose(guest, file, on_finding=lambda _: pytest.fail("something was looked at"))

    def test_whole_site_has_no_fault(self, file: Path) -> None:
        seen: list[Finding] = []
        found = look(file, on_finding=seen.append)
        assert found.of(Level.FAULT) == ()
        assert tuple(seen) == found.findings
        assert [each.level for each in named(found, "connector mail")] == ["ok"]
        assert found.to_json()["ok"] is True

    def test_offline_touches_nothing(self, file: Path) -> None:
        found = look(file, offline=True)
        assert named(found, "connector mail") == []
        assert not (file.parent / ".sftsec").exists()

    def test_silent_connector_is_a_fault(self, file: Path) -> None:
        (file.parent / "in.jsonl").unlink()
        (found,) = named(look(file), "connector mail")
        assert (found.level, found.remedy) == ("fault", "sftsec connector check mail")


class TestConfiguration:
    def test_without_one_the_rest_is_looked_at(self) -> None:
        found = look(None)
        assert [each.level for each in named(found, "configuration")] == ["warning"]
        assert {"python", "packages", "disk", "memory", "store"} <= {
            each.name for each in found.findings
        }

    @pytest.mark.parametrize(
        ("text", "name", "told"),
        [
            ("tasks: [", "configuration", "expected"),
            ("\x00", "configuration", "sftsec.yaml"),
            ("plugins: [core, fils]", "plugins", "did you mean 'files'"),
            ("connectors: {a: {type: splnk}}", "configuration", "splnk"),
        ],
    )
    def test_broken_one_is_a_fault_among_others(
        self, text: str, name: str, told: str, tmp_path: Path
    ) -> None:
        file = tmp_path / "sftsec.yaml"
        file.write_text(text, encoding="utf-8")
        found = look(file)
        (fault,) = found.of(Level.FAULT)
        assert (fault.name, told in fault.text) == (name, True)
        assert named(found, "disk") != []

    def test_missing_file_is_a_fault(self, tmp_path: Path) -> None:
        assert [each.name for each in look(tmp_path / "none.yaml").of(Level.FAULT)] == [
            "configuration"
        ]


class TestSecrets:
    def test_missing_ones_are_faults(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SFTSEC_TEST_TOKEN", "hunter2-hunter2")
        tokens = {"a": "env:SFTSEC_TEST_TOKEN", "b": "file:none"}
        change(file, serve={"tokens": tokens}, state={"url": "env:SFTSEC_TEST_NONE"})
        found = look(file, offline=True)
        assert [each.text.partition(":")[0] for each in named(found, "secrets")] == [
            "serve.tokens.b",
            "state.url",
        ]
        assert "hunter2" not in str(found.to_json())
        assert named(found, "store") == []  # its address is not known


class TestStore:
    def test_that_is_open_is_looked_into(self, file: Path, site_store: Path) -> None:
        found = look(file, offline=True)
        assert {"store", "clock", "runs", "outbox", "audit log", "hosts"} <= {
            each.name for each in found.findings
        }
        assert found.of(Level.FAULT) == ()
        assert site_store.is_file()

    def test_damaged_one_is_a_fault(self, file: Path, site_store: Path) -> None:
        site_store.write_bytes(b"not a database" * 400)
        (found,) = look(file, offline=True).of(Level.FAULT)
        assert (found.name, "restore a copy" in found.text) == ("store", True)

    def test_server_that_is_down_is_a_fault(self, file: Path) -> None:
        change(file, state={"url": "postgresql://ann:hunter2@127.0.0.1:9/none"})
        found = look(file, offline=True)
        assert [each.name for each in found.of(Level.FAULT)] == ["store"]
        assert "hunter2" not in str(found.to_json())

    @pytest.fixture
    def site_store(self, file: Path) -> Path:
        from sftsec_core.store.store import Store

        with Store.open(None, folder=file.parent / ".sftsec", actor="tester") as opened:
            opened.audit.append("a.b", "x", {})
        assert os.access(file, os.R_OK)
        return file.parent / ".sftsec" / "sftsec.db"
