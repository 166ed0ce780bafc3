"""The step "pictures": what a field holds as a picture, decoded within limits and encoded again.

It runs before any other step and before the first write. What is kept are pixels: no metadata, no
second frame, no bytes of the file. A picture that cannot be decoded takes its incident to the
quarantine, with the reason. Nothing is fetched: a URL is no picture.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from sftsec_core.api import Blob, Incident, Rejection
from sftsec_vision.decoding import DecodeLimits, PictureDecoder, UnusablePictureError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.api import StepContext
    from sftsec_vision.config import PicturesConfig

_DATA_URL = "data:"
_MB = 1 << 20


class PicturesStep:
    """Cleans the image fields of incidents; a child process decodes those of a batch."""

    def __init__(self, config: PicturesConfig, fields: Sequence[str]) -> None:
        """Take the limits and the dotted names of the fields."""
        self._fields = tuple(fields)
        self._max_bytes = int(config.max_mb * _MB)
        self._limits = DecodeLimits(
            config.max_pixels, config.max_side, config.memory_mb * _MB, config.cpu_s, config.timeout
        )
        self._counts: Counter[str] = Counter()
        self._rejected: list[Rejection] = []

    def __call__(self, incidents: Sequence[Incident]) -> list[Incident]:
        """Return the incidents whose pictures could be decoded, in the same order."""
        kept = []
        with PictureDecoder(self._limits) as decoder:
            for incident in incidents:
                found = self._cleaned(incident, decoder)
                if found is not None:
                    kept.append(found)
        return kept

    def counts(self) -> Mapping[str, int]:
        """How many pictures were cleaned."""
        return dict(self._counts)

    def take_rejected(self) -> Sequence[Rejection]:
        """The incidents left out since the last call, with the reason of each."""
        taken, self._rejected = self._rejected, []
        return taken

    def _cleaned(self, incident: Incident, decoder: PictureDecoder) -> Incident | None:
        fields = dict(incident.fields)
        for name in self._fields:
            value = fields.pop(name, None)
            if value in (None, ""):
                continue
            raw = b""
            try:
                raw = self._read(value)
                fields[name] = Blob.of(decoder.clean(raw))
            except UnusablePictureError as error:
                digest = hashlib.sha256(raw).hexdigest() if raw else ""
                reason = f"the picture in {name!r} {error}"
                self._rejected.append(Rejection(incident.uid, reason, digest))
                return None
            self._counts["cleaned"] += 1
        return Incident(incident.uid, fields, incident.verdicts, incident.at, incident.split)

    def _read(self, value: object) -> bytes:
        """The bytes of a picture: of a file, in memory, or in base64."""
        if isinstance(value, Path):
            return self._of_file(value)
        if isinstance(value, Blob):
            return value.content if value.content is not None else self._of_file(value.path)
        if isinstance(value, str):
            value = _decoded(value, self._max_bytes)
        if not isinstance(value, bytes):
            raise UnusablePictureError("is neither a file nor base64")
        return self._bounded(value)

    def _of_file(self, path: Path | None) -> bytes:
        try:
            if path is None or not path.is_file():
                raise UnusablePictureError("is not there")
            with path.open("rb") as stream:
                return self._bounded(stream.read(self._max_bytes + 1))
        except OSError as error:
            raise UnusablePictureError(f"cannot be read: {error.strerror}") from error

    def _bounded(self, content: bytes) -> bytes:
        if len(content) > self._max_bytes:
            raise UnusablePictureError(f"has more than {self._max_bytes / _MB:g} MB")
        if not content:
            raise UnusablePictureError("is empty")
        return content


def _decoded(text: str, most: int) -> bytes:
    """The bytes of base64, bare or in a data: URL."""
    if len(text) > most * 4 // 3 + 128:
        raise UnusablePictureError(f"has more than {most / _MB:g} MB")
    head, comma, rest = text.partition(",")
    if text.startswith(_DATA_URL):
        if not comma or not head.endswith(";base64"):
            raise UnusablePictureError("is a data: URL without base64")
        text = rest
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise UnusablePictureError("is no base64; a field of paths is named in `images`") from None


def create(config: PicturesConfig, context: StepContext) -> PicturesStep:
    """Make the step for the task's image fields."""
    return PicturesStep(config, context.image_fields)
