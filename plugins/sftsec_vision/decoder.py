"""The process that decodes pictures: `python -I -m sftsec_vision.decoder LIMITS`.

A decoder of pictures is the largest target that an attacker's bytes meet, so it stands alone: no
environment, no file that it may write, no process that it may start, bounded memory and CPU. It
reads pictures from standard input and answers on standard output, each as a frame: a length of
8 bytes, big endian, and so many bytes. An answer begins with `OK` and holds a PNG of the pixels
and nothing else, or with `NO` and holds the reason, which repeats nothing of the picture.

It imports the standard library and Pillow alone.
"""

from __future__ import annotations

import io
import json
import os
import resource
import struct
import sys
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

OK, NO = b"+", b"-"
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
_HEADER = struct.Struct(">Q")
_LIFE_CPU_S = 3600  # of the whole process, however many pictures
_NO_MEMORY = "takes more memory to decode than it may"


class RefusedPictureError(Exception):
    """A picture that cannot be used; its text is the reason."""


def main() -> None:
    """Answer until standard input ends."""
    limits: dict[str, int] = json.loads(sys.argv[1])
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    _confine(limits["memory_bytes"])
    _import_decoders()
    while (picture := read_frame(sys.stdin.buffer)) is not None:
        _bound_cpu(limits["cpu_s"])
        write_frame(out, _answer(picture, limits))


def read_frame(stream: Any) -> bytes | None:  # noqa: ANN401 - a binary stream
    """Read one frame; None at the end of the stream."""
    header = stream.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    (length,) = _HEADER.unpack(header)
    content: bytes = stream.read(length)
    return content if len(content) == length else None


def write_frame(stream: Any, content: bytes) -> None:  # noqa: ANN401 - a binary stream
    """Write one frame."""
    stream.write(_HEADER.pack(len(content)) + content)
    stream.flush()


def _confine(memory: int) -> None:
    for limit, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, _LIFE_CPU_S),
    ):
        resource.setrlimit(limit, (most, most))
    if hasattr(resource, "RLIMIT_NPROC"):
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def _bound_cpu(seconds: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (min(soft, _LIFE_CPU_S), _LIFE_CPU_S))


def _import_decoders() -> None:
    from PIL import Image, ImageFile

    warnings.simplefilter("error")  # a picture that Pillow warns of is refused
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    Image.MAX_IMAGE_PIXELS = None  # the header is looked at here, before anything is decoded
    Image.preinit()
    Image.init()


def _answer(picture: bytes, limits: dict[str, int]) -> bytes:
    try:
        return OK + clean(picture, limits["max_pixels"], limits["max_side"])
    except RefusedPictureError as error:
        reason = str(error)
    except MemoryError:
        reason = _NO_MEMORY
    except Exception as error:  # noqa: BLE001 - whatever a decoder raises on a stranger's bytes
        reason = f"is damaged ({type(error).__name__})"
    return NO + reason.encode()


def clean(picture: bytes, max_pixels: int, max_side: int) -> bytes:
    """Decode a picture and encode its pixels again: without metadata, and no larger than asked.

    Args:
        picture: the bytes of a file. Of several frames the first counts; what is transparent is
            seen on white; the camera's orientation is applied.
        max_pixels: width times height that may be decoded.
        max_side: of the result, in pixels; a larger picture is made smaller, in proportion.

    Returns:
        A PNG in RGB.

    Raises:
        RefusedPictureError: when it is in none of `FORMATS`, or has too many pixels, or none.
        Exception: whatever Pillow raises on a damaged one.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        image: Image.Image = Image.open(io.BytesIO(picture), formats=FORMATS)
    except UnidentifiedImageError:
        names = ", ".join(FORMATS)
        raise RefusedPictureError(f"is none of {names}, or its header is damaged") from None
    width, height = image.size
    if width * height > max_pixels:
        raise RefusedPictureError(f"has {width} x {height} pixels, more than {max_pixels:,}")
    if not width * height:
        raise RefusedPictureError("has no pixels")
    image.draft("RGB", (max_side, max_side))  # of JPEG: what is far larger is decoded smaller
    image.load()
    image = ImageOps.exif_transpose(image)
    image = _on_white(image)
    image.thumbnail((max_side, max_side), Image.Resampling.BOX)
    plain = Image.frombytes("RGB", image.size, image.tobytes())
    out = io.BytesIO()
    plain.save(out, "PNG", compress_level=6)
    return out.getvalue()


def _on_white(image: Image) -> Image:
    from PIL import Image as Images

    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    paper = Images.new("RGBA", layer.size, (255, 255, 255, 255))
    paper.alpha_composite(layer)
    return paper.convert("RGB")


if __name__ == "__main__":
    main()
