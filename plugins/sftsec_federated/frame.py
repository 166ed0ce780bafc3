"""What goes over the wire: a JSON head and arrays as safetensors; nothing is unpickled."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sftsec_core.api import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

_LENGTH = 4  # bytes of the head's length, big-endian
MEDIA_TYPE = "application/vnd.sftsec.federated"


@dataclass(frozen=True, slots=True)
class Frame:
    """One message.

    Attributes:
        head: JSON values.
        arrays: by name.
    """

    head: Mapping[str, Any]
    arrays: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """As it is sent."""
        from safetensors.numpy import save

        head = json.dumps(dict(self.head)).encode()
        return len(head).to_bytes(_LENGTH, "big") + head + bytes(save(dict(self.arrays)))


def read_frame(data: bytes) -> Frame:
    """Read what came.

    Raises:
        DataError: when it is not one.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    end = _LENGTH + int.from_bytes(data[:_LENGTH], "big")
    try:
        head, arrays = json.loads(data[_LENGTH:end]), load(data[end:])
    except (ValueError, KeyError, SafetensorError) as error:
        raise DataError(f"what came is no message of a federation: {error}") from None
    if not isinstance(head, dict):
        raise DataError("what came is no message of a federation: its head is no object")
    return Frame(head, arrays)
