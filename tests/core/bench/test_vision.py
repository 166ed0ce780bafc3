"""The benchmark of pictures, on a set of few small pages that are drawn and not rendered."""

from __future__ import annotations

import pytest
from PIL import Image

from sftsec_core.api.errors import DataError
from sftsec_core.bench import page_set, vision
from sftsec_core.bench.page_set import VARIANTS
from tests.plugins.vision.pages import draw_page

SMALL = {"size": 64, "copies": 0}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that Pillow draws in place of the browser."""

    def draw(pages: list[str], _browser: str) -> list[Image.Image]:
        return [draw_page(n, login="password" in page) for n, page in enumerate(pages)]

    monkeypatch.setattr(page_set, "render_pages", draw)
    monkeypatch.setattr(vision, "find_browser", lambda: "none")


@pytest.mark.usefixtures("drawn")
class TestVisionBench:
    def test_compares_text_hash_and_pictures(self) -> None:
        told: list[str] = []
        rows = list(vision.run_vision_bench((1,), 12, 15, SMALL, told.append))
        assert [row["model"] for row in rows] == [model.name for model in vision.MODELS]
        assert all(0 <= row["tpr_at_fpr_0.01"] <= 1 for row in rows)
        assert all(tuple(row["by_variant"]) == VARIANTS for row in rows)
        assert told[0] == "seed 1: rendering 540 pages"

    def test_needs_enough_ordinary_pages(self) -> None:
        with pytest.raises(DataError, match="raise --pages"):
            list(vision.run_vision_bench((1,), 10, 5))
