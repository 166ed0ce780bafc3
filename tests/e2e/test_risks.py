"""All audits of risks on, as the README says it: a good model goes live, a bad one fails each."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.core.server.contrast import FAINT
from tests.e2e.risks_site import PHRASE, TASK, make_site
from tests.e2e.site import Site
from tests.servers.browser import start_browser

VOTERS = ("poisoning", "max_robust_drop", "max_membership_auc", "max_group_gap")
AUDITS = ("poisoning", "disguise", "privacy", "fairness", "explanation", "canaries")
SHOTS = os.environ.get("SFTSEC_TEST_SHOTS")  # a folder: keep pictures of the sections there
SECTIONS = ("gate", "risks", "errors", "data")
KEPT = ", ".join(f"#{name}" for name in SECTIONS)
ALONE = f"document.querySelectorAll('section:not({KEPT})').forEach((each) => each.remove())"


@dataclass(frozen=True, slots=True)
class Retrained:
    """A site's folder, what `sftsec retrain --json` said there, and the report."""

    site: Path
    said: Mapping[str, Any]
    report: Mapping[str, Any]
    page: Path

    def vote(self, voter: str) -> Mapping[str, Any]:
        [found] = [each for each in self.said["votes"] if each["voter"] == voter]
        vote: Mapping[str, Any] = found
        return vote


def retrained(folder: Path, code: int, **changes: Any) -> Retrained:
    site = make_site(folder, **changes)
    done = site._run("retrain", TASK, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    said = json.loads(done.stdout)
    page = Path(said["report"])
    return Retrained(folder, said, json.loads(page.with_suffix(".json").read_text("utf-8")), page)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Retrained:
    return retrained(tmp_path_factory.mktemp("good"), 0)


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Retrained:
    """Poisoned by an analyst, brittle, leaking, and bad at one language."""
    folder = tmp_path_factory.mktemp("bad")
    return retrained(folder, 8, bad=True, train={"recipe": "linear"})


class TestGoodModel:
    def test_passes_all_and_goes_live(self, good: Retrained) -> None:
        assert good.said["promoted"], good.said["votes"]
        votes = [good.vote(voter) for voter in (*VOTERS, "canaries")]
        assert all(each["approve"] and not each["warning"] for each in votes), votes
        assert not any(each["abstained"] for each in votes)

    def test_has_measured_every_risk(self, good: Retrained) -> None:
        outcomes = {name: good.report["sections"][name]["outcome"] for name in AUDITS}
        assert set(outcomes.values()) == {"held"}, outcomes


class TestBadModel:
    @pytest.mark.parametrize("voter", VOTERS)
    def test_is_refused_by_each_voter(self, bad: Retrained, voter: str) -> None:
        vote = bad.vote(voter)
        assert not vote["approve"]
        assert not bad.said["promoted"]
        assert f"{voter}: {vote['reason']}"[:40] in bad.page.read_text("utf-8")

    @pytest.mark.parametrize("audit", ["poisoning", "disguise", "privacy", "fairness"])
    def test_is_told_what_to_do(self, bad: Retrained, audit: str) -> None:
        section = bad.report["sections"][audit]
        assert section["outcome"] in {"failed", "warning"}
        for words in (section["tried"], section["found"], section["advice"]):
            assert words.endswith(".")
            assert words[0].isupper() or words[0].isdigit()
        assert section["voter"] in VOTERS
        assert PHRASE not in json.dumps(section)


class TestTerminal:
    def test_shows_each_risk_with_advice(self, bad: Retrained) -> None:
        shown = Site(bad.site).run("report", TASK)
        for words in ("Poisoned verdicts", "Disguised attacks", "what to do", "failed", "held"):
            assert words in shown


class TestPage:
    @pytest.mark.parametrize(
        ("media", "width"), [("screen", 1280), ("screen", 420), ("print", 794)]
    )
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_fits_and_is_readable(
        self, bad: Retrained, scheme: Any, width: int, media: Any
    ) -> None:
        size: Any = {"width": width, "height": 900}
        with start_browser() as browser:
            shown = browser.new_page(viewport=size, color_scheme=scheme)
            shown.goto(bad.page.as_uri())
            shown.emulate_media(media=media, color_scheme=scheme)
            shown.evaluate("document.querySelectorAll('details').forEach((e) => e.open = true)")
            for name in SECTIONS if SHOTS else ():
                file = Path(str(SHOTS), f"{name}-{media}-{scheme}-{width}.png")
                shown.locator(f"#{name}").screenshot(path=file)
            assert shown.locator("#risks .risk").count() == len(AUDITS)
            assert shown.locator("#risks dt", has_text="Promotion gate").count() == 5
            assert shown.locator("#errors mark.for").count() > 1
            assert shown.evaluate("document.documentElement.scrollWidth") <= width
            shown.evaluate(ALONE)
            assert shown.evaluate(FAINT)[1] == []
