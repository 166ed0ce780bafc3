"""Canaries are read as incidents are, and a wrong file stops before anything is touched."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import Example
from sftsec_core.api.errors import ConfigError
from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.canaries import CanarySet, canary_digest, left_out, read_canaries
from sftsec_core.operations.check_config import check_config
from sftsec_core.operations.context import Context
from tests.core.bench.records import record, write_part

RIGHT = [{"message": "curl evil host", "label": "malicious"}]


def configured(folder: Path, records: list[Any], plugins: str = "poison", sha256: str = "") -> Path:
    """A configuration with canaries; the data folder holds a few records."""
    write_part(folder / "data", "train", [record(0, "benign")])
    data = "".join(json.dumps(each) + "\n" for each in records)
    (folder / "canaries.jsonl").write_text(data, encoding="utf-8")
    file = folder / "sftsec.yaml"
    file.write_text(
        f"""
version: 1
plugins: [core, pii, files, {plugins}]
connectors: {{incidents: {{type: files, paths: [data]}}}}
tasks:
  triage:
    connector: incidents
    text: [message]
    labels: {{benign: [benign], malicious: [malicious]}}
    benign: benign
    gate: {{canaries: {{path: canaries.jsonl{sha256}}}}}
""",
        encoding="utf-8",
    )
    return file


class TestReadCanaries:
    def test_reads_them_cleaned_in_order(self, tmp_path: Path) -> None:
        mail = {"message": "mail bob@shop.example", "label": "benign"}
        file = configured(tmp_path, [*RIGHT, mail])
        with Context.open(file, actor=local_admin("test")) as context:
            found = read_canaries(context, "triage")
        assert [(each.uid, each.label) for each in found.examples] == [
            ("1", "malicious"),
            ("2", "benign"),
        ]
        assert "bob@" not in str(found.examples[1].inputs["text"])
        digest = hashlib.sha256((tmp_path / "canaries.jsonl").read_bytes()).hexdigest()
        assert found.sha256 == digest
        with Context.open(file, actor=local_admin("test")) as context:
            assert canary_digest(context.task("triage")) == {
                str(tmp_path / "canaries.jsonl"): digest
            }

    def test_two_labels_of_one_text_are_refused(self, tmp_path: Path) -> None:
        other = {"message": " curl  evil host", "label": "benign"}
        with (
            Context.open(configured(tmp_path, [*RIGHT, other]), actor=local_admin("t")) as context,
            pytest.raises(ConfigError, match=r"jsonl:2: the same inputs as in line 1, which has"),
        ):
            read_canaries(context, "triage")

    def test_record_without_text_is_named(self, tmp_path: Path) -> None:
        file = configured(tmp_path, [{"other": "x", "label": "benign"}])
        with (
            Context.open(file, actor=local_admin("test")) as context,
            pytest.raises(ConfigError, match=r"jsonl:1: nothing that the model reads: message"),
        ):
            read_canaries(context, "triage")


class TestCheckCanaries:
    def test_right_file_passes(self, tmp_path: Path) -> None:
        assert check_config(configured(tmp_path, RIGHT)).tasks == ("triage",)

    def test_plugin_that_votes_is_asked_for(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"gate\.canaries: .* add poison to `plugins`"):
            check_config(configured(tmp_path, RIGHT, plugins="elastic"))

    @pytest.mark.parametrize(
        ("records", "told"),
        [
            ([], "holds no canary"),
            ([[1]], "jsonl:1: no JSON object"),
            ([*RIGHT, {"message": "x", "label": "malicous"}], "jsonl:2: unknown label"),
            ([{"message": "x"}], "jsonl:1: unknown label"),
        ],
    )
    def test_bad_record_is_named(self, tmp_path: Path, records: list[Any], told: str) -> None:
        with pytest.raises(ConfigError, match=told):
            check_config(configured(tmp_path, records))

    def test_other_file_than_meant_is_refused(self, tmp_path: Path) -> None:
        file = configured(tmp_path, RIGHT, sha256=f", sha256: {'0a' * 32}")
        with pytest.raises(ConfigError, match="is not the file whose sha256 is given"):
            check_config(file)

    def test_missing_file_is_named(self, tmp_path: Path) -> None:
        file = configured(tmp_path, RIGHT)
        (tmp_path / "canaries.jsonl").unlink()
        with pytest.raises(ConfigError, match=r"canaries\.jsonl cannot be read"):
            check_config(file)


class TestLeftOut:
    def test_equal_inputs_go_whatever_the_label(self) -> None:
        rows = [Example.of_text(str(n), f"text {n}", "benign") for n in range(3)]
        canary = Example.of_text("1", "text 1", "malicious")
        assert left_out(rows, CanarySet((canary,), "x")) == [rows[0], rows[2]]
