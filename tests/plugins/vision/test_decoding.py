"""The process that decodes: bounded, and started again when it ends."""

from __future__ import annotations

import os
import signal

import pytest
from PIL import Image

from sftsec_vision import decoding
from sftsec_vision.decoding import DecodeLimits, PictureDecoder, UnusablePictureError
from tests.plugins.vision.pages import draw_page, encoded

LIMITS = DecodeLimits(25_000_000, 512, 640 << 20, 10, 30.0)
PAGE = encoded(draw_page(3, login=True))


class TestPictureDecoder:
    def test_starts_a_new_process_after_a_kill(self) -> None:
        with PictureDecoder(LIMITS) as decoder:
            first = decoder.clean(PAGE)
            child = decoder._child
            assert child is not None
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
            assert decoder.clean(PAGE) == first

    def test_rejects_what_ends_the_process(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with PictureDecoder(LIMITS) as decoder:
            decoder.clean(PAGE)
            child = decoder._child
            assert child is not None
            with monkeypatch.context() as patch:
                patch.setattr(decoding, "_send", lambda *_: child.kill())
                with pytest.raises(UnusablePictureError, match="ends the process"):
                    decoder.clean(PAGE)
            assert decoder.clean(PAGE)

    def test_rejects_what_takes_too_long(self) -> None:
        slow = DecodeLimits(25_000_000, 512, 640 << 20, 10, 0.0)
        with (
            PictureDecoder(slow) as decoder,
            pytest.raises(UnusablePictureError, match="longer than 0 s"),
        ):
            decoder.clean(PAGE)

    def test_rejects_what_takes_too_much_memory(self) -> None:
        little = DecodeLimits(100_000_000, 512, 256 << 20, 10, 30.0)
        large = encoded(Image.new("RGB", (9000, 9000)), compress_level=1)
        with PictureDecoder(little) as decoder:
            with pytest.raises(UnusablePictureError, match="memory"):
                decoder.clean(large)
            assert decoder.clean(PAGE)

    def test_leaves_no_process_behind(self) -> None:
        with PictureDecoder(LIMITS) as decoder:
            decoder.clean(PAGE)
            child = decoder._child
        assert child is not None
        assert child.returncode == -signal.SIGKILL

    def test_gives_the_child_nothing_of_ours(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SFTSEC_SECRET", "canary")
        with PictureDecoder(LIMITS) as decoder:
            decoder.clean(PAGE)
            child = decoder._child
            assert child is not None
            with open(f"/proc/{child.pid}/environ", "rb") as file:  # noqa: PTH123 - of /proc
                assert b"canary" not in file.read()
