"""Pages are drawn by the seed alone, and their text is not what gives a log-in away."""

from __future__ import annotations

import pytest

from sftsec_core.bench.page_templates import (
    LOGIN_LAYOUTS,
    ORDINARY_LAYOUTS,
    PageFamily,
    draw_family,
    draw_web_page,
)


class TestFamily:
    def test_is_drawn_by_the_seed(self) -> None:
        drawn = [draw_family(3, seed, login=True) for seed in (1, 1, 2)]
        assert drawn[0] == drawn[1] != drawn[2]

    def test_takes_each_layout_in_turn(self) -> None:
        for login, layouts in ((True, LOGIN_LAYOUTS), (False, ORDINARY_LAYOUTS)):
            drawn = {draw_family(n, 1, login=login).layout for n in range(len(layouts))}
            assert drawn == set(layouts)


class TestPage:
    @pytest.mark.parametrize("login", [True, False])
    def test_differs_from_others_of_its_family(self, login: bool) -> None:
        for number in range(10):
            family = draw_family(number, 1, login=login)
            first, again, other = (draw_web_page(family, n, 1) for n in (0, 0, 1))
            assert first == again
            assert first.html != other.html
            assert first.html.startswith("<!doctype html>")

    def test_hides_its_words_as_its_family(self) -> None:
        families = {
            hides: PageFamily(1, login=True, layout="card", style="", hides=hides)
            for hides in ("", "drawn", "mangled")
        }
        said = {hides: draw_web_page(family, 4, 1) for hides, family in families.items()}
        # Not such as the ordinary page that dilutes them may say too.
        words = ("Connexion", "Forgot password?", "Anmelden", "Acceder")
        assert any(each in said[""].text for each in words)
        assert not any(each in said["drawn"].text for each in words)
        assert any(each in said["drawn"].html for each in words)
        assert not any(each in said["mangled"].text for each in words)

    def test_without_its_logo_has_no_sign(self) -> None:
        family = draw_family(0, 1, login=True)
        shown, bare = (draw_web_page(family, 2, 1, logo=logo) for logo in (True, False))
        assert "<rect" in shown.html
        assert "<rect" not in bare.html
