"""A model on disk: JSON and safetensors, nothing that could be unpickled.

    model.json           {"format": 1, "recipe": "hybrid", "labels": ["ham", "spam"]}
    *.json *.safetensors what the recipe's model wrote, with its tokenizer's files
    *.onnx               a graph that ONNX Runtime computes: operators and numbers, no code
    NAME/                a blend's member, itself such a folder

The registry checks the digests of a folder; here its form is checked, before
anything is read: a pickle or an unexpected file is refused, whatever it is called.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.errors import IntegrityError, SftsecError, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sftsec_core.api.contracts import RecipeSpec, TrainedModel

FORMAT = 1
HEADER = "model.json"
SIGNATURE = "model.sig"  # beside the files that it signs; it may be in the topmost folder alone
# JSON and weights; tokenizers bring a vocabulary as text or a SentencePiece model (protobuf);
# promotion adds a card.
ALLOWED_SUFFIXES = frozenset({".json", ".safetensors", ".txt", ".model", ".md", ".onnx"})
# How a pickle of protocol 2 or later, a zip (torch.save) and gzip (joblib) begin.
_BINARY_STARTS = (b"\x80", b"PK\x03\x04", b"\x1f\x8b")


def save_model(model: TrainedModel, recipe_name: str, folder: Path) -> None:
    """Write a model into a folder that then `load_model` reads; the folder is made.

    The files appear all at once: they are written beside the folder and moved into place.

    Raises:
        IntegrityError: when the folder exists and holds something, or the model wrote a file
            that may not be there.
    """
    if folder.exists() and any(folder.iterdir()):
        raise IntegrityError(f"{folder} is not empty: a model is never written over another")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        model.save(draft)
        write_json(
            draft / HEADER,
            {"format": FORMAT, "recipe": recipe_name, "labels": list(model.labels)},
        )
        check_files(draft)
        draft.replace(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def load_model(folder: Path, recipes: Mapping[str, RecipeSpec[Any]]) -> TrainedModel:
    """Read a model that `save_model` wrote, with the recipe that made it.

    Raises:
        IntegrityError: when a file is a pickle, unexpected, missing or not what it should be,
            or the recipe is not one of `recipes`.
    """
    check_files(folder)
    header = read_json(folder / HEADER)
    if header.get("format") != FORMAT:
        raise IntegrityError(
            f"{folder}: format {header.get('format')!r}; this version reads format {FORMAT}"
        )
    name = header.get("recipe")
    if not isinstance(name, str) or name not in recipes:
        raise IntegrityError(f"{folder}: {unknown('recipe', str(name), recipes)}")
    try:
        model = recipes[name].load(folder)
    except SftsecError:
        raise
    except Exception as error:
        raise IntegrityError(
            f"{folder} is not a {name} model: {type(error).__name__}: {error}"
        ) from error
    if list(model.labels) != header.get("labels"):
        raise IntegrityError(f"{folder}: its labels are not those of {HEADER}")
    return model


def check_files(folder: Path) -> None:
    """Refuse a folder that holds anything but what a model may consist of.

    Raises:
        IntegrityError: naming the first file that is a pickle, a link or of an unexpected kind.
    """
    if not folder.is_dir():
        raise IntegrityError(f"{folder} is not a model: there is no such folder")
    for path in sorted(folder.rglob("*")):
        where = path.relative_to(folder)
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise IntegrityError(f"{folder}: {where} is not a plain file")
        if path.is_file():
            _check_file(folder, path)


def _check_file(folder: Path, path: Path) -> None:
    where = path.relative_to(folder)
    if path.suffix not in ALLOWED_SUFFIXES and path != folder / SIGNATURE:
        raise IntegrityError(
            f"{folder}: {where} has no place in a model (allowed: "
            f"{', '.join(sorted(ALLOWED_SUFFIXES))}); pickles are never read"
        )
    with path.open("rb") as file:
        start = file.read(64)
    if not _is_what_it_says(path.suffix, start):
        raise IntegrityError(f"{folder}: {where} is not what its name says; it is never unpickled")


def _is_what_it_says(suffix: str, start: bytes) -> bool:
    if suffix == ".safetensors":  # eight bytes of length, then a JSON header
        return start[8:9] == b"{"
    if suffix in {".json", ".sig"}:
        return start.lstrip()[:1] in (b"{", b"[")
    if suffix == ".onnx":  # protobuf that begins with its first field, the version of the format
        return start[:1] == b"\x08"
    return not start.startswith(_BINARY_STARTS)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON object, keys sorted, so that equal settings are equal files."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        IntegrityError: when it is missing or holds something else.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise IntegrityError(f"{path} cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise IntegrityError(f"{path} holds no JSON object")
    return value


def write_tensors(path: Path, tensors: Mapping[str, NDArray[np.generic]]) -> None:
    """Write named arrays as safetensors."""
    from safetensors.numpy import save_file

    save_file({name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}, path)


def read_tensors(path: Path) -> dict[str, NDArray[np.generic]]:
    """Read named arrays from safetensors.

    Raises:
        IntegrityError: when the file is missing or is not safetensors.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return dict(load_file(path))
    except (OSError, SafetensorError) as error:
        raise IntegrityError(f"{path} cannot be read as safetensors: {error}") from error
