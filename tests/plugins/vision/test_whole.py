"""Pictures through the whole: from files to a detection, with what is broken in quarantine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.site import Site
from tests.plugins.vision.malformed import bomb, malformed
from tests.plugins.vision.pages import write_site

pytestmark = pytest.mark.slow


class TestSite:
    def test_brings_pictures_to_detections(self, tmp_path: Path) -> None:
        write_site(
            tmp_path, rows=120, open_rows=20, gate={"min_labels": 10, "beat_baseline": False}
        )
        bad = {**malformed(), "bomb": bomb()}
        with (tmp_path / "pages.jsonl").open("a", encoding="utf-8") as file:
            for number, raw in enumerate(bad.values()):
                (tmp_path / "shots" / f"bad-{number}.png").write_bytes(raw)
                record = {"id": f"bad-{number}", "screenshot": f"shots/bad-{number}.png"}
                record |= {"label": "phishing"} if number % 2 else {}
                file.write(json.dumps(record) + "\n")
        site = Site(tmp_path)
        site.run("retrain", "pages")
        model = site.json("model", "show", "pages@live")
        assert model["recipe"] == "vision"
        scored = site.json("score", "pages")
        assert (scored["scored"], scored["rejected"]) == (20, 11)
        lines = [json.loads(each) for each in site.output.read_text("utf-8").splitlines()]
        found = {each["sftsec.incident.uid"] for each in lines}
        assert found == {f"pages.jsonl#{n}" for n in range(120, 140) if n % 2 == 0}
        assert all(len(each["screenshot"]) == 64 for each in lines)
        held = site.json("quarantine", "list")
        assert sum("the picture in 'screenshot'" in each["reason"] for each in held) == len(bad)
