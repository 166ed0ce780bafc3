"""A task that reads two exports, whose records have the same ids and different columns."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import yaml

from tests.core.cli.invoke import error_of, invoke, json_of, printed
from tests.e2e.site import Site, with_encryption

TASK = "triage"
ROWS = 40


@pytest.fixture
def site(tmp_path: Path) -> Site:
    for name, field, word in (
        ("crowd", "process.command_line", "curl"),
        ("mail", "email.subject", "lunch"),
    ):
        texts = [f"{word} {n * 7919:x} {n * 104729:x} {n:b}" for n in range(ROWS)]
        write(tmp_path / f"{name}.csv", field, texts)
    settings = {
        "connectors": {
            name: {"type": "files", "paths": [f"{name}.csv"], "id_scope": "source"}
            for name in ("crowd", "mail")
        },
        "tasks": {
            TASK: {
                "connector": ["crowd", "mail"],
                "text": ["process.command_line", "email.subject"],
                "labels": {"benign": ["good"], "malicious": ["bad"]},
                "benign": "benign",
            }
        },
    }
    (tmp_path / "sftsec.yaml").write_text(
        yaml.safe_dump(with_encryption(settings)), encoding="utf-8"
    )
    return Site(tmp_path)


def write(file: Path, field: str, texts: list[str]) -> None:
    """The verdict of a record is in its text; its id is in the other export too."""
    with file.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["id", field, "label"])
        rows.writerows(
            [n, text, "bad" if "curl" in text else "good"] for n, text in enumerate(texts)
        )


class TestTwoExports:
    def test_give_one_data_set(self, site: Site) -> None:
        """No column is in both: what one export lacks is not misspelt."""
        built = json_of(site, "dataset", "build", TASK)
        assert built["counts"]["read"] == built["counts"]["kept"] == 2 * ROWS
        assert built["counts"]["sharing_an_id"] == 0
        counts = {name: each["kept"] for name, each in built["connectors"].items()}
        assert counts == {"crowd": ROWS, "mail": ROWS}
        shown = printed(site, "dataset", "build", TASK)
        for name in ("crowd", "mail"):
            assert f"  from {name} " in shown
        assert shown.count(f"{ROWS} read, {ROWS} kept") == 2

    def test_name_whose_incident_waits(self, site: Site) -> None:
        with (site.folder / "mail.csv").open("a", encoding="utf-8") as out:
            out.write("7,again and again,bad\n7,again and again,good\n")
        json_of(site, "dataset", "build", TASK)
        (waiting,) = json_of(site, "labels", "review", TASK)["incidents"]
        assert (waiting["connector"], waiting["reason"]) == ("mail", "tie: benign 1, malicious 1")

    def test_share_ids_within_one_alone(self, site: Site) -> None:
        with (site.folder / "mail.csv").open("a", encoding="utf-8") as out:
            out.write("7,another text of the same id,good\n")
        told = invoke(site, "dataset", "build", TASK).stderr
        assert "1 record shares its id" in " ".join(told.split())
        assert "name several fields as the id of 'mail'" in " ".join(told.split())

    def test_are_all_named_where_no_verdict_is(self, site: Site) -> None:
        for name in ("crowd", "mail"):
            file = site.folder / f"{name}.csv"
            text = file.read_text(encoding="utf-8")
            file.write_text(text.replace(",bad", ",").replace(",good", ","), encoding="utf-8")
        error = str(error_of(site, "dataset", "build", TASK))
        assert "crowd and mail have incidents, but none with a verdict" in error
        assert "connectors.crowd and connectors.mail" in error

    def test_are_both_shown_and_checked(self, site: Site) -> None:
        shown = json_of(site, "connector", "pull", TASK, "--limit", "4")["incidents"]
        fields = [next(iter(one["fields"])) for one in shown]
        assert fields == ["process.command_line"] * 2 + ["email.subject"] * 2
        assert json_of(site, "connector", "check") == {"crowd": [], "mail": []}
        listed = json_of(site, "connector", "list")
        assert {one["name"]: one["tasks"] for one in listed} == {"crowd": [TASK], "mail": [TASK]}

    def test_end_with_the_name_of_one_lost(self, site: Site) -> None:
        (site.folder / "mail.csv").unlink()
        error = error_of(site, "dataset", "build", TASK)
        assert str(error).startswith("connector 'mail': ")
        assert error.exit_code == 5
        assert json.loads(printed(site, "dataset", "show", TASK, "--json")) == []
