"""Changed copies of pictures: what an attacker, a mail client or a screen does to them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

_SMALLEST = 32


def changed(image: Image, random: np.random.Generator) -> Image:
    """Crop, scale, recolour, blur and compress a picture, each by chance.

    It is never mirrored or turned: a page with its words reversed is no page.
    """
    image = _cropped(image, random)
    if random.random() < 0.5:
        image = _coarser(image, random)
    if random.random() < 0.8:
        image = _recoloured(image, random)
    if random.random() < 0.3:
        image = _blurred(image, random)
    return _compressed(image, random) if random.random() < 0.5 else image


def _cropped(image: Image, random: np.random.Generator) -> Image:
    width, height = image.size
    wide, high = (max(1, int(side * random.uniform(0.7, 1.0))) for side in (width, height))
    left, top = int(random.integers(width - wide + 1)), int(random.integers(height - high + 1))
    return image.crop((left, top, left + wide, top + high))


def _coarser(image: Image, random: np.random.Generator) -> Image:
    share = random.uniform(0.35, 1.0)
    wide, high = (max(min(side, _SMALLEST), int(side * share)) for side in image.size)
    return image.resize((wide, high)).resize(image.size)


def _recoloured(image: Image, random: np.random.Generator) -> Image:
    from PIL import Image, ImageEnhance, ImageOps

    turn = int(random.integers(256))
    hue, saturation, value = image.convert("HSV").split()
    hue = hue.point([(level + turn) % 256 for level in range(256)])
    image = Image.merge("HSV", (hue, saturation, value)).convert("RGB")
    for enhance in (ImageEnhance.Color, ImageEnhance.Brightness, ImageEnhance.Contrast):
        image = enhance(image).enhance(random.uniform(0.6, 1.4))
    return ImageOps.grayscale(image).convert("RGB") if random.random() < 0.15 else image


def _blurred(image: Image, random: np.random.Generator) -> Image:
    from PIL import ImageFilter

    return image.filter(ImageFilter.GaussianBlur(random.uniform(0.3, 1.5)))


def _compressed(image: Image, random: np.random.Generator) -> Image:
    from PIL import Image

    out = io.BytesIO()
    image.save(out, "JPEG", quality=int(random.integers(25, 95)))
    with Image.open(out) as again:
        return again.convert("RGB")
