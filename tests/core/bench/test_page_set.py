"""The set is split by family, and changed in test alone."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from sftsec_core.bench import page_set
from sftsec_core.bench.page_set import LABELS, VARIANTS, changed_page, make_page_set


@pytest.fixture(scope="module")
def blank() -> list[page_set.PageRecord]:
    """A set whose pages are not rendered: the split does not depend on what they show."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            page_set, "render_pages", lambda pages, _: [Image.new("RGB", (48, 32))] * len(pages)
        )
        return make_page_set(10, 5, 1, "no browser")


class TestPageSet:
    def test_keeps_a_family_in_one_part(self, blank: list[page_set.PageRecord]) -> None:
        parts = {(each.family, each.part) for each in blank}
        assert len(parts) == 20
        assert {part for _, part in parts} == {"train", "dev", "test"}

    def test_shows_changed_pages_in_test_alone(self, blank: list[page_set.PageRecord]) -> None:
        for label in LABELS:
            test = {e.variant for e in blank if e.part == "test" and e.label == label}
            assert test == set(VARIANTS)
        assert {e.variant for e in blank if e.part != "test"} == {"as it is"}

    def test_names_each_page_once(self, blank: list[page_set.PageRecord]) -> None:
        assert len({each.uid for each in blank}) == len(blank) == 150


class TestChangedPage:
    @pytest.mark.parametrize("variant", VARIANTS)
    def test_is_what_its_name_says(self, variant: str) -> None:
        image = Image.effect_noise((100, 60), 90).convert("RGB")
        image.paste((200, 30, 30), (0, 0, 60, 60))
        changed = changed_page(image, variant, np.random.default_rng(1))
        same_size = variant not in {"cropped", "resized"}
        assert (changed.size == image.size) == same_size
        assert (changed.tobytes() == image.tobytes()) == (variant in VARIANTS[:2])
