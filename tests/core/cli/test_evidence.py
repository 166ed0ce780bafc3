"""`sftsec evidence`: one archive without a secret, the same each time, that verifies alone."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from sqlalchemy import delete, update

from sftsec_core.api.errors import (
    ConfigError,
    DataError,
    GateRefusedError,
    IntegrityError,
    NotFoundError,
)
from sftsec_core.demo.stream import ANALYSTS
from sftsec_core.store.tables import audit, runs
from tests.core.cli.invoke import error_of, invoke, json_of, printed, run
from tests.core.models.keys import Pair, make_pair
from tests.e2e.site import KEY, Site

SECRET = "canary-7d1f-evidence"


class First(NamedTuple):
    """An archive of a site with a secret, signed, which the tests only read."""

    site: Site
    pair: Pair
    file: Path
    names: Path
    files: dict[str, bytes]


@pytest.fixture(scope="session")
def first(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[First]:
    folder = tmp_path_factory.mktemp("evidence")
    site, pair = Site(Path(shutil.copytree(trained, folder / "site"))), make_pair(folder)
    configure(
        site,
        registry={"sign_key": str(pair.private)},
        serve={"tokens": {"svc": "env:SFTSEC_TEST_CANARY"}},
    )
    file, names = folder / "evidence.zip", folder / "names.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SFTSEC_TEST_CANARY", SECRET)
        json_of(site, "evidence", "triage", "--output", str(file), "--names", str(names))
        yield First(site, pair, file, names, opened(file))


def opened(file: Path) -> dict[str, bytes]:
    """The files of an archive."""
    with zipfile.ZipFile(file) as archive:
        return {each: archive.read(each) for each in archive.namelist()}


def configure(site: Site, **settings: Any) -> None:
    """Set keys at the top of the configuration."""
    values = yaml.safe_load(site.config.read_text(encoding="utf-8"))
    site.config.write_text(yaml.safe_dump(values | settings), encoding="utf-8")


def made(site: Site, name: str = "triage") -> dict[str, bytes]:
    """The files of an archive that is written now."""
    file = site.folder / "evidence.zip"
    json_of(site, "evidence", name, "--output", str(file))
    return opened(file)


def of_json(files: dict[str, bytes], name: str) -> Any:
    return json.loads(files[name])


def titles_missing(files: dict[str, bytes]) -> set[str]:
    items = of_json(files, "requirements.json")["items"]
    return {each["title"] for each in items if not each["present"]}


def newest_run(site: Site) -> str:
    return str(json_of(site, "report", "triage")["run"])


class TestArchive:
    def test_has_what_examiners_ask_for(self, first: First) -> None:
        assert set(first.files) == {
            "audit-log.json", "datasheet.html", "datasheet.json", "index.html", "manifest.json",
            "manifest.sig", "model/card.html", "model/card.json", "model/manifest.txt",
            "promotion.json", "report.html", "report.json", "requirements.json", "run.json",
            "sbom.cdx.json", "signatures.json", "votes.json",
        }  # fmt: skip
        actions = {each["action"] for each in of_json(first.files, "audit-log.json")["entries"]}
        assert actions >= {"retrain.started", "model.registered", "alias.moved", "verdicts.sealed"}
        assert "Backtest" in titles_missing(first.files)
        assert b"no legal advice" in first.files["index.html"]

    def test_is_the_same_each_time(self, first: First, tmp_path: Path) -> None:
        again = tmp_path / "again.zip"
        beginning = newest_run(first.site)[:6]
        json_of(first.site, "evidence", beginning, "--output", str(again))
        assert again.read_bytes() == first.file.read_bytes()

    def test_holds_no_text_and_no_name(self, first: First) -> None:
        told = b"\n".join(first.files.values()).decode("utf-8", "replace")
        with first.site.store() as store:
            snapshot = first.site.snapshot(store.snapshots.list("triage")[0].folder)
        texts = [str(value) for each in snapshot.incidents() for value in each.fields.values()]
        assert len(texts) > 300
        pieces = {text[at : at + 25] for text in texts for at in (0, len(text) // 2)}
        assert [piece for piece in pieces if len(piece) == 25 and piece in told] == []
        for name in ANALYSTS:
            assert not re.search(rf"\b{name}\b", told, re.IGNORECASE), name
        assert SECRET not in told
        assert "person-" in told

    def test_model_digest_is_that_of_its_manifest(self, first: First) -> None:
        digest = hashlib.sha256(first.files["model/manifest.txt"]).hexdigest()
        assert of_json(first.files, "manifest.json")["about"]["origin"]["model"] == digest

    def test_of_an_encrypted_state_is_whole(self, site: Site, first: First) -> None:
        configure(site, state={"encrypt": {"key": f"env:{KEY}"}})
        printed(site, "store", "encrypt")
        shutil.copy(first.file, site.folder / "evidence.zip")  # earlier evidence is replaced
        files = made(site)
        given = str(of_json(files, "datasheet.json"))
        assert given.count("person-") == len(ANALYSTS)
        assert "bruno" not in b"".join(files.values()).decode("utf-8")


class TestRuns:
    def test_of_a_refused_one_says_why(self, site: Site) -> None:
        site.change("tasks", "triage", gate={"min_labels": 20, "min_recall": 0.999})
        assert isinstance(error_of(site, "retrain", "triage"), GateRefusedError)
        files = made(site, newest_run(site))
        verdict = of_json(files, "manifest.json")["about"]["verdict"]
        assert verdict["title"] == "Rejected by the gate"
        assert "recall_floor" in verdict["words"]
        assert of_json(files, "run.json")["status"] == "refused"

    def test_that_failed_has_no_model(self, site: Site) -> None:
        site.change("connectors", "incidents", paths=["nowhere"])
        assert invoke(site, "retrain", "triage").exit_code != 0
        run_id = json_of(site, "run", "list")[0]["run"]
        files = made(site, run_id)
        assert "model/card.json" not in files
        assert of_json(files, "run.json")["status"] == "failed"
        assert {"Model card", "Evaluation report"} <= titles_missing(files)

    def test_that_was_removed_is_said_missing(self, site: Site, first: First) -> None:
        run_id = newest_run(site)
        with site.store() as store, store.writing() as connection:
            connection.execute(delete(runs))
        shutil.rmtree(site.state / "runs" / run_id)
        files = made(site)
        gone = {"report.html", "report.json", "run.json", "manifest.sig"}
        assert set(first.files) - set(files) == gone
        assert "Evaluation report" in titles_missing(files)
        origin = of_json(files, "manifest.json")["about"]["origin"]
        assert origin["run"] == f"{run_id} (removed)"
        assert of_json(files, "datasheet.json") == of_json(first.files, "datasheet.json")

    def test_of_another_kind_is_refused(self, site: Site) -> None:
        json_of(site, "score", "triage")
        run_id = json_of(site, "run", "list", "--kind", "score")[0]["run"]
        error = error_of(site, "evidence", run_id)
        assert isinstance(error, DataError)
        assert "'score', which makes no model" in str(error)


class TestVerify:
    def test_needs_no_site(self, first: First, tmp_path: Path) -> None:
        assert first.names.stat().st_mode & 0o777 == 0o600
        done = run("evidence", "--verify", str(first.file), "--key", str(first.pair.public),
                   "--names", str(first.names), "--json", cwd=tmp_path)  # fmt: skip
        assert done.returncode == 0, done.stderr
        proved = json.loads(done.stdout)["proved"]
        assert any("is signed by the private key" in line for line in proved)
        assert any(re.match(r"(\d+) of \1 entries of the audit log", line) for line in proved)

    def test_changed_file_ends_with_nine(self, first: First, tmp_path: Path) -> None:
        file = tmp_path / "changed.zip"
        raw = first.file.read_bytes()
        file.write_bytes(raw.replace(b"Approved by the gate", b"Approved by the Pope"))
        done = run("evidence", "--verify", str(file), cwd=tmp_path)
        assert done.returncode == 9
        assert "Bad CRC-32 for file 'index.html'" in done.stderr
        assert len(done.stderr.splitlines()) == 1


class TestRefused:
    def test_changed_model_gives_no_evidence(self, site: Site) -> None:
        (folder,) = (site.state / "models").glob("????????????*")
        (folder / "serving.json").write_text("{}", encoding="utf-8")
        assert isinstance(error_of(site, "evidence", "triage"), IntegrityError)

    def test_changed_log_gives_no_evidence(self, site: Site) -> None:
        with site.store() as store, store.writing() as connection:
            connection.execute(update(audit).where(audit.c.seq == 2).values(actor="mallory"))
        error = error_of(site, "evidence", "triage", "--output", str(site.folder / "x.zip"))
        assert "entry 2 is not as it was written" in str(error)
        assert not (site.folder / "x.zip").exists()

    @pytest.mark.parametrize("name", ["triag", "triage@liv", "ffff", "20990101T000000-00000000"])
    def test_unknown_name_is_told(self, site: Site, name: str) -> None:
        error = error_of(site, "evidence", name)
        assert isinstance(error, NotFoundError)
        assert name[:4] in str(error)

    @pytest.mark.parametrize("option", ["--output", "--names"])
    def test_other_file_is_not_replaced(self, site: Site, option: str) -> None:
        error = error_of(site, "evidence", "triage", option, str(site.config))
        assert isinstance(error, ConfigError)
        assert f"name another file ({option})" in str(error)
        assert "connectors" in site.config.read_text(encoding="utf-8")

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            ([], "name a run or a model"),
            (["triage", "--verify", "x.zip"], "name a run or a model"),
            (["--verify", "x.zip", "--output", "y.zip"], "--output does not go"),
            (["triage", "--key", "x.pem"], "--key goes with --verify"),
        ],
    )
    def test_options_that_do_not_go_together(
        self, site: Site, arguments: list[str], told: str
    ) -> None:
        result = invoke(site, "evidence", *arguments)
        assert result.exit_code == 2
        assert told in result.output
