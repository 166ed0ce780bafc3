"""Changed copies differ from the picture and from each other, by the seed alone."""

from __future__ import annotations

import numpy as np

from sftsec_vision.augment import changed
from sftsec_vision.prepare import to_square
from tests.plugins.vision.pages import draw_page


class TestChanged:
    def test_depends_on_the_seed_alone(self) -> None:
        page = draw_page(2, login=True)
        made = [
            to_square(changed(page, np.random.default_rng(seed)), 64) for seed in (1, 1, 2, 3, 4)
        ]
        assert np.array_equal(made[0], made[1])
        assert len({each.tobytes() for each in made}) == 4
        assert all(each.shape == (64, 64, 3) for each in made)

    def test_takes_a_picture_of_one_pixel(self) -> None:
        tiny = draw_page(2, login=True).resize((1, 1))
        sizes = {changed(tiny, np.random.default_rng(seed)).size for seed in range(20)}
        assert sizes == {(1, 1)}
