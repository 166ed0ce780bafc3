"""Detections of a site say why, in the words of its explainer, and go out whatever it does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from sftsec_core.config.settings import Settings
from sftsec_core.demo.source import TASK
from tests.e2e.site import Site


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = Site.make(tmp_path_factory.mktemp("explained") / "site", rows=400, open_rows=60)
    made.run("retrain", TASK)
    return made.folder


@pytest.fixture
def site(trained: Path, tmp_path: Path) -> Site:
    return Site(Path(shutil.copytree(trained, tmp_path / "site")))


def explain(site: Site, explainer: object) -> None:
    settings = yaml.safe_load(site.config.read_text("utf-8"))
    settings["plugins"] = [*Settings().plugins, "explain"]
    settings["tasks"][TASK]["explain"] = explainer
    site.config.write_text(yaml.safe_dump(settings), "utf-8")


def rows(site: Site) -> list[dict[str, object]]:
    return [json.loads(line) for line in site.output.read_text("utf-8").splitlines()]


class TestScore:
    def test_pushes_reasons_with_their_places(self, site: Site) -> None:
        explain(site, {"name": "words", "top": 3})
        assert site.json("score", TASK)["unexplained"] == 0
        pushed = rows(site)
        assert pushed
        for row in pushed:
            assert "because of " in str(row["event.reason"])
            found = row["sftsec.contributions"]
            assert isinstance(found, list)
            assert 0 < len({each["words"] for each in found}) <= 3
            for each in found:
                text = str(row[each["input"]])[each["start"] : each["end"]]
                assert each["words"] in {text, f"{len(text)} base64 characters"}

    def test_names_what_is_alike(self, site: Site) -> None:
        explain(site, {"name": "words", "flip": False})
        site.run("score", TASK)
        told = " ".join(str(row["event.reason"]) for row in rows(site))
        assert " called malicious" in told
        assert "it would be" not in told

    def test_is_the_same_but_for_the_reasons(self, site: Site, tmp_path: Path) -> None:
        other = Site(Path(shutil.copytree(site.folder, tmp_path / "other")))
        explain(site, "words")
        site.run("score", TASK)
        other.run("score", TASK)
        ours = ("event.reason", "sftsec.contributions")
        bare = [{k: v for k, v in row.items() if k not in ours} for row in rows(site)]
        assert bare == rows(other)


class TestConfig:
    @pytest.mark.parametrize(
        ("explainer", "said"),
        [
            ("wods", "unknown explainer 'wods'"),
            ({"name": "words", "top": 0}, "explain.top"),
        ],
    )
    def test_a_wrong_explainer_is_found(self, site: Site, explainer: object, said: str) -> None:
        explain(site, explainer)
        assert said in site.run("config", "check", code=3)
