"""What an admin can get wrong, through the command line: one clear line, nothing half-done."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import pytest
import yaml

from tests.e2e.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site.make(tmp_path, rows=400, open_rows=20)


def change(site: Site, **task: object) -> None:
    settings = yaml.safe_load(site.config.read_text(encoding="utf-8"))
    settings["tasks"]["triage"] |= task
    site.config.write_text(yaml.safe_dump(settings), encoding="utf-8")


def lines_of(site: Site) -> list[dict[str, object]]:
    file = site.folder / "incidents" / "judged.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def write_lines(site: Site, rows: list[dict[str, object]]) -> None:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (site.folder / "incidents" / "judged.jsonl").write_text(text, encoding="utf-8")


def assert_one_line(told: str) -> None:
    last = [line for line in told.splitlines() if line.startswith("sftsec: ")]
    assert len(last) == 1, told
    assert "Traceback" not in told


class TestConfiguration:
    def test_typo_stops_before_anything_is_touched(self, site: Site) -> None:
        change(site, trian={"recipe": "linear"})
        told = site.run("retrain", "triage", code=3)
        assert_one_line(told)
        assert "tasks.triage.trian" in told
        assert "did you mean 'train'?" in told
        assert not (site.folder / ".sftsec").exists()

    def test_unknown_recipe_suggests_a_known_one(self, site: Site) -> None:
        change(site, train={"recipe": "lineer"})
        told = site.run("config", "check", code=3)
        assert "unknown recipe 'lineer', did you mean 'linear'?" in told

    def test_unknown_task_suggests_a_known_one(self, site: Site) -> None:
        told = site.run("retrain", "triag", code=2)
        assert "unknown task 'triag', did you mean 'triage'?" in told


class TestData:
    def test_only_label_is_named(self, site: Site) -> None:
        write_lines(site, [row | {"label": "benign"} for row in lines_of(site)])
        told = site.run("retrain", "triage", code=6)
        assert_one_line(told)
        assert "'benign'" in told
        with site.store() as store:
            assert [run.status for run in store.runs.list("triage")] == ["failed"]
            assert store.models.list("triage") == []

    def test_contradicting_labels_go_to_review(self, site: Site) -> None:
        rows = lines_of(site)
        rows[0] |= {"label": "benign", "analyst": {"name": "ann"}, "id": "torn"}
        rows.append(rows[0] | {"label": "malicious", "analyst": {"name": "bob"}})
        write_lines(site, rows)
        before = site.json("dataset", "build", "triage")["review"]
        write_lines(site, rows[:-1])
        assert before == site.json("dataset", "build", "triage")["review"] + 1

    def test_empty_file_has_no_labelled_examples(self, site: Site) -> None:
        write_lines(site, [])
        told = site.run("retrain", "triage", code=6)
        assert_one_line(told)
        assert "no labelled examples" in told

    def test_bad_lines_are_quarantined_without_failing(self, site: Site) -> None:
        file = site.folder / "incidents" / "judged.jsonl"
        nested = b'{"id":"deep","message":' + b"[" * 1000 + b"]" * 1000 + b',"label":"benign"}\n'
        huge = b'{"id":"huge","message":"' + b"a" * (50 << 20) + b'","label":"benign"}\n'
        bad = b'{"id": "torn"\n\xff\xfe not utf-8\n' + nested + huge
        file.write_bytes(bad + file.read_bytes())
        assert site.json("retrain", "triage")["promoted"]
        found = site.json("quarantine", "list")
        assert len(found) == 4
        assert {row["where"].rpartition(":")[2] for row in found} == {"1", "2", "3", "4"}
        assert all(row["reason"] for row in found)


class TestModels:
    def test_tampered_one_is_not_loaded(self, site: Site) -> None:
        site.run("retrain", "triage")
        (weights,) = (site.folder / ".sftsec" / "models").glob("*/*.safetensors")
        raw = bytearray(weights.read_bytes())
        raw[-1] ^= 1
        weights.chmod(0o600)
        weights.write_bytes(raw)
        for command in (["score", "triage"], ["model", "verify"], ["model", "show", "triage@live"]):
            told = site.run(*command, code=9)
            assert weights.name in told or "not as registered" in told
        assert not site.pushed()

    def test_altered_live_one_is_replaced_by_force(self, site: Site) -> None:
        first = site.json("retrain", "triage")["model"]["digest"]
        (weights,) = (site.folder / ".sftsec" / "models").glob("*/*.safetensors")
        weights.chmod(0o600)
        weights.write_bytes(b"gone")
        change(site, keep=[])
        told = site.run("retrain", "triage", code=8)
        assert "not_worse_than_live: the live model cannot be compared" in told
        assert "model promote --force" in told
        site.run("score", "triage", code=9)
        site.run("model", "promote", "triage@candidate", code=8)
        forced = site.json("model", "promote", "triage@candidate", "--force", "INC-7: disk full")
        assert forced["digest"] != first
        site.run("score", "triage")

    def test_missing_live_one_is_put_back(self, site: Site) -> None:
        first = site.json("retrain", "triage")["model"]["digest"]
        shutil.rmtree(site.folder / ".sftsec" / "models" / first)
        site.run("retrain", "triage", code=8)  # nothing was compared, so nothing is promoted
        assert site.json("model", "show", "triage@live")["digest"] == first
        site.run("model", "verify")
        site.run("score", "triage")

    def test_pickle_among_files_is_refused(self, site: Site) -> None:
        site.run("retrain", "triage")
        (model,) = (path.parent for path in (site.folder / ".sftsec").glob("models/*/model.json"))
        (model / "model.pkl").write_bytes(pickle.dumps({"weights": [1.0]}))
        told = site.run("score", "triage", code=9)
        assert_one_line(told)
        assert "model.pkl" in told

    def test_scoring_without_one_says_so(self, site: Site) -> None:
        told = site.run("score", "triage", code=2)
        assert_one_line(told)
        assert "triage@live" in told


class TestGate:
    def test_rejection_exits_8_and_promotes_nothing(self, site: Site) -> None:
        change(site, gate={"min_labels": 100_000})
        told = site.run("retrain", "triage", code=8)
        assert_one_line(told)
        assert "min_labels" in told
        with site.store() as store:
            assert set(store.models.aliases("triage")) == {"candidate"}
            assert [run.status for run in store.runs.list("triage")] == ["refused"]
        assert "min_labels" in site.run("model", "promote", "triage@candidate", code=8)
        site.run("model", "promote", "triage@candidate", "--force", "a test of the override")
        assert "forced against" in json.dumps(site.json("audit", "tail"))
