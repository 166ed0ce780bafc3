"""Pages are seen as Chromium shows them, one beside the other on a sheet."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.errors import ConfigError
from sftsec_core.bench.page_rendering import find_browser, render_pages
from tests.servers.browser import chromium


class TestRenderPages:
    def test_gives_each_page_its_picture(self) -> None:
        chromium()
        colours = [(10 * n, 255 - 10 * n, 60) for n in range(10)]
        pages = [f"<body style='background:rgb{colour}'><p>it's" for colour in colours]
        shots = list(render_pages(pages, find_browser()))
        assert [shot.getpixel((400, 250)) for shot in shots] == colours
        assert {shot.size for shot in shots} == {(480, 320)}

    def test_says_that_there_is_no_browser(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", "/nowhere")
        with pytest.raises(ConfigError, match="needs one of chromium"):
            find_browser()

    def test_says_that_the_browser_fails(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="cannot render pages"):
            list(render_pages(["<p>"], str(tmp_path / "absent")))
