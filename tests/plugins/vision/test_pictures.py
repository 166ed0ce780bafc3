"""What a field holds as a picture becomes pixels, or a rejection with its reason."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sftsec_core.api import Blob, Incident, StepContext, StepSpec
from sftsec_core.testing import StepContract
from sftsec_vision.config import PicturesConfig
from sftsec_vision.hooks import sftsec_register_steps
from sftsec_vision.pictures import PicturesStep, create
from tests.plugins.vision.malformed import bomb, malformed, with_metadata
from tests.plugins.vision.pages import SIZE, draw_page, encoded

PAGE = encoded(draw_page(3, login=True))


def step(**settings: Any) -> PicturesStep:
    context = StepContext((), b"s" * 32, image_fields=("shot",))
    return create(PicturesConfig(**settings), context)


def opened(blob: object) -> Image.Image:
    assert isinstance(blob, Blob)
    return Image.open(io.BytesIO(blob.read()))


class TestPicturesStep(StepContract):
    field = "shot"

    def spec(self) -> StepSpec[Any]:
        return sftsec_register_steps()[0]

    def incidents(self) -> Sequence[Incident]:
        pages = (encoded(draw_page(n, login=True)) for n in range(3))
        return [Incident(str(n), {"shot": page, "m": "x"}) for n, page in enumerate(pages)]


class TestValue:
    def test_may_be_a_file_bytes_or_base64(self, tmp_path: Path) -> None:
        file = tmp_path / "shot.png"
        file.write_bytes(PAGE)
        text = base64.b64encode(PAGE).decode()
        given = [file, PAGE, Blob.of(PAGE), text, f"data:image/png;base64,{text}"]
        found = step()([Incident(str(n), {"shot": each}) for n, each in enumerate(given)])
        assert len({each.fields["shot"].sha256 for each in found}) == 1
        assert len(found) == len(given)

    def test_that_is_missing_stays_missing(self) -> None:
        own = step()
        fields: list[Mapping[str, Any]] = [{"m": "x"}, {"shot": None}, {"shot": ""}]
        found = own([Incident(str(n), each) for n, each in enumerate(fields)])
        assert [dict(each.fields) for each in found] == [{"m": "x"}, {}, {}]
        assert own.take_rejected() == []

    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            ("shots/1.png", "no base64"),
            ("data:image/png,abc", "without base64"),
            (7.5, "neither a file nor base64"),
            (Path("/nowhere/shot.png"), "not there"),
            (b"", "empty"),
            (bytes(2 << 20), "more than 1 MB"),
            ("A" * (3 << 20), "more than 1 MB"),
        ],
    )
    def test_of_another_kind_is_rejected(self, value: object, reason: str) -> None:
        own = step(max_mb=1)
        assert own([Incident("7", {"shot": value})]) == []
        (found,) = own.take_rejected()
        assert found.where == "7"
        assert found.reason.startswith("the picture in 'shot'")
        assert reason in found.reason


class TestPixels:
    def test_carry_no_metadata(self) -> None:
        (found,) = step()([Incident("1", {"shot": with_metadata()})])
        content = found.fields["shot"].read()
        image = opened(found.fields["shot"])
        assert (image.format, image.mode) == ("PNG", "RGB")
        assert (image.info, dict(image.getexif())) == ({}, {})
        assert b"canary" not in content

    def test_are_turned_as_the_camera_was(self) -> None:
        (found,) = step()([Incident("1", {"shot": with_metadata()})])
        assert opened(found.fields["shot"]).size == SIZE[::-1]

    def test_alone_give_a_picture_its_name(self) -> None:
        image = draw_page(5, login=False)
        given = [encoded(image), encoded(image, compress_level=1), encoded(image, "BMP")]
        found = step()([Incident(str(n), {"shot": each}) for n, each in enumerate(given)])
        assert len({each.fields["shot"].sha256 for each in found}) == 1

    def test_of_a_large_picture_become_fewer(self) -> None:
        large = encoded(draw_page(1, login=True).resize((1200, 900)))
        (found,) = step(max_side=300)([Incident("1", {"shot": large})])
        assert opened(found.fields["shot"]).size == (300, 225)

    def test_that_are_transparent_are_white(self) -> None:
        glass = encoded(Image.new("RGBA", (20, 20), (200, 0, 0, 0)))
        (found,) = step()([Incident("1", {"shot": glass})])
        assert opened(found.fields["shot"]).getpixel((3, 3)) == (255, 255, 255)


class TestMalformedPictures:
    def test_are_rejected_beside_good_ones(self) -> None:
        bad = {**malformed(), "bomb": bomb()}
        own = step()
        given = [Incident(name, {"shot": raw}) for name, raw in bad.items()]
        found = own([*given[:10], Incident("good", {"shot": PAGE}), *given[10:]])
        rejected = own.take_rejected()
        assert [each.uid for each in found] == ["good"]
        assert [each.where for each in rejected] == [*bad]
        assert len(bad) == 21

    def test_name_the_bomb_by_its_pixels(self) -> None:
        own = step()
        assert own([Incident("1", {"shot": bomb()})]) == []
        assert "30000 x 30000 pixels" in own.take_rejected()[0].reason

    def test_are_told_of_once(self) -> None:
        own = step()
        own([Incident("1", {"shot": b"x"})])
        assert (len(own.take_rejected()), len(own.take_rejected())) == (1, 0)
