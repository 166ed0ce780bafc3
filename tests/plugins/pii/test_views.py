"""What a text encodes, and where it stands."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from sftsec_pii.views import blobs, view
from tests.plugins.pii.texts import redact

SCRIPT = "write-host hello; " * 20 + "net user anna Geheim!2031 /add"


class TestView:
    @given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
    def test_maps_each_place_back(self, text: str) -> None:
        encoded = "".join(f"%{octet:02X}" for octet in text.encode())
        seen = view(f"x{encoded}y")
        assert seen is not None
        assert seen.text == f"x{text}y"
        assert seen.place(1) == 1
        assert seen.place(1 + len(text)) == 1 + len(encoded)

    def test_finds_what_is_encoded(self) -> None:
        got = redact("q=password%3Dhunter22%26page%3D2")
        assert "hunter" not in got
        assert got.endswith("%26page%3D2")

    def test_leaves_bytes_that_are_no_text(self) -> None:
        assert view("%ff%fe") is None


class TestBase64:
    def test_hides_a_short_word_whole(self) -> None:
        word = base64.b64encode(b"password=hunter22").decode()
        assert redact(f"echo {word} | base64 -d").startswith("echo <SECRET:")

    def test_keeps_the_rest_of_scripts(self) -> None:
        word = base64.b64encode(SCRIPT.encode("utf-16-le")).decode()
        got = redact(f"powershell -enc {word}")
        (blob,) = blobs(got)
        assert "write-host hello" in blob.text
        assert "Geheim" not in blob.text
        assert "anna" not in blob.text
        assert redact(got) == got

    def test_leaves_bytes_that_are_no_text(self) -> None:
        word = base64.b64encode(bytes(range(120, 200))).decode()
        assert list(blobs(word)) == []
        assert redact(word) == word
