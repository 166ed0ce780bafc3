"""Windows cover a text, and one of them holds the attack whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sftsec_robust.hardened.windows import cut_windows

SIZES = (24, 48)


class TestCutWindows:
    def test_short_text_is_its_own(self) -> None:
        assert cut_windows("id; whoami", SIZES) == ["id; whoami"]
        assert cut_windows("", SIZES) == [""]

    @given(st.text(st.sampled_from("ab &;?"), max_size=300))
    def test_cover_every_character(self, text: str) -> None:
        windows = cut_windows(text, SIZES)
        assert set("".join(windows)) == set(text)
        assert all(window in text for window in windows)
        assert all(len(window) <= max(SIZES) for window in windows)

    @given(st.integers(0, 40), st.integers(0, 40))
    def test_hold_half_a_window_whole(self, before: int, behind: int) -> None:
        text = " ".join(["noise"] * before + ["steal it now"] + ["noise"] * behind)
        assert any("steal it now" in window for window in cut_windows(text, SIZES))

    def test_number_grows_with_the_length(self) -> None:
        assert len(cut_windows("word" * 10_000, (80,))) <= 2 * 40_000 / 40
