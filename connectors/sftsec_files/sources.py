"""From configured paths to a sorted list of files, each with its format."""

from __future__ import annotations

import glob
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from sftsec_files.documents import is_document
from sftsec_files.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sftsec_files.config import FilesConfig

Format = Literal["jsonl", "json", "csv", "parquet"]
_SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".parquet": "parquet",
}
_PARTS = {"train": "train", "dev": "dev", "valid": "dev", "validation": "dev", "test": "test"}
_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file to read.

    Attributes:
        split: the part that its name puts its rows in, when names count.
    """

    path: Path
    format: Format
    gzipped: bool
    split: str | None = None


def find_sources(config: FilesConfig) -> list[SourceFile]:
    """List the files to read, sorted by path, each once.

    Raises:
        SourceError: when a path is missing or a file's format is not known.
    """
    files = {file for path in config.paths for file in _expand(path, _own_outputs(config))}
    sources = [_source(file, config) for file in sorted(files)]
    return sources if _names_count(config, files) else [_without_split(s) for s in sources]


def problems(config: FilesConfig) -> Iterator[str]:
    """Say which of the configured paths cannot be read, a line each."""
    for path in config.paths:
        try:
            files = _expand(path, _own_outputs(config))
        except SourceError as error:
            yield str(error)
            continue
        for file in files:
            try:
                _source(file, config)
                with file.open("rb"):
                    pass
            except (OSError, SourceError) as error:
                yield str(error)


def _own_outputs(config: FilesConfig) -> set[Path]:
    if config.output is None:
        return set()
    return {config.output, requests_path(config.output)}


def requests_path(output: Path) -> Path:
    """Where requests for labels go, beside the detections."""
    return output.with_name(f"{output.name}.label-requests.jsonl")


def _expand(path: Path, skip: set[Path]) -> list[Path]:
    if path.is_dir():
        inside = (file for file in path.rglob("*") if file.is_file())
        there = {file for file in inside if not _hidden(file, path)} - skip
        known = sorted(file for file in there if _format_of(file.name))
        if there and not known:
            left_out = ", ".join(sorted({file.suffix or file.name for file in there}))
            raise SourceError(f"no file of a known kind in {path}: {left_out} were left out")
        return known
    if path.exists():
        return [path]
    if _GLOB.search(str(path)):
        found = [path.__class__(name) for name in glob.glob(str(path), recursive=True)]  # noqa: PTH207 - Path.glob takes no absolute pattern
        files = sorted({file for file in found if file.is_file()} - skip)
        if files:
            return files
    raise SourceError(f"{path} does not exist; correct `paths`")


def _hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def _format_of(name: str) -> Format | None:
    stem = name.lower().removesuffix(".gz")
    return next((kind for suffix, kind in _SUFFIXES.items() if stem.endswith(suffix)), None)


def _source(file: Path, config: FilesConfig) -> SourceFile:
    gzipped = file.name.lower().endswith(".gz")
    kind = _format_of(file.name) if config.format == "auto" else config.format
    if kind is None:
        allowed = ", ".join(sorted(_SUFFIXES))
        raise SourceError(
            f"{file} has none of the suffixes {allowed} (each may end in .gz); set `format`"
        )
    if kind == "parquet" and gzipped:
        raise SourceError(
            f"{file} is a gzipped Parquet file, which can only be read whole: gunzip it "
            "(Parquet compresses its own columns)"
        )
    source = SourceFile(file, kind, gzipped, _PARTS.get(file.name.lower().split(".")[0]))
    return _as_document(source) if config.format == "auto" else source


def _as_document(source: SourceFile) -> SourceFile:
    """A `.json` file is read by what it holds: one document, or one object a line."""
    stem = source.path.name.lower().removesuffix(".gz")
    try:
        document = stem.endswith(".json") and is_document(source)
    except OSError as error:
        raise SourceError(f"{source.path} cannot be read: {error.strerror or error}") from error
    return replace(source, format="json") if document else source


def _names_count(config: FilesConfig, files: set[Path]) -> bool:
    if config.split_from_name is not None:
        return config.split_from_name
    return {"train", "test"} <= {_PARTS.get(file.name.lower().split(".")[0]) for file in files}


def _without_split(source: SourceFile) -> SourceFile:
    return SourceFile(source.path, source.format, source.gzipped)
