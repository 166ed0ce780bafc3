"""From a stored picture to the array that a network or a hash reads.

The step "pictures" has decoded and encoded it, and its SHA-256 is checked by `Blob.read`: what is
opened here is a PNG of our own.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from sftsec_core.api import Blob


def open_picture(blob: Blob) -> Image:
    """Open a picture in RGB.

    Raises:
        OSError, ValueError: when its file cannot be read, or is another one.
    """
    from PIL import Image

    with Image.open(io.BytesIO(blob.read()), formats=("PNG",)) as image:
        return image.convert("RGB")


def to_square(image: Image, size: int) -> NDArray[np.uint8]:
    """Scale a picture, whole, to a square; shape (size, size, 3)."""
    import numpy as np
    from PIL.Image import Resampling

    return np.asarray(image.resize((size, size), Resampling.BILINEAR), np.uint8)
