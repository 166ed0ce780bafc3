"""Check the encoders that a saved model reads from outside its folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sftsec_core.models.model_format import read_json
from sftsec_core.recipes.encoder_files import check_saved_encoder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SETTINGS = "hybrid.json"  # the file of a model that names them
ENCODERS = ("encoder", "second_encoder")  # their names in it, and in the recipe's settings


def check_encoders(folder: Path) -> None:
    """Check the files of each encoder that a model, or a member of a blend, names.

    Args:
        folder: a model whose own files were checked.

    Raises:
        ConfigError: when an encoder is not there.
        IntegrityError: naming the file of it that differs from the recorded one.
    """
    for encoder in _named(folder):
        check_saved_encoder(encoder)


def encoder_paths(folder: Path) -> list[str]:
    """The paths of the encoders that a model, or a member of a blend, names, as it has them."""
    return [str(encoder.get("path", "")) for encoder in _named(folder)]


def _named(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(folder.rglob(SETTINGS)):
        settings = read_json(file)
        for name in ENCODERS:
            encoder = settings.get(name)
            if isinstance(encoder, dict):
                yield encoder
