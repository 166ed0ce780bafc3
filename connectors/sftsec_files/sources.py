"""From configured paths to a sorted list of files, each with its format."""

from __future__ import annotations

import glob
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from sftsec_files.documents import is_document
from sftsec_files.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sftsec_files.config import FilesConfig

Format = Literal["jsonl", "json", "csv", "parquet", "eml", "mbox", "workbook"]
_SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".eml": "eml",
    ".mbox": "mbox",
}
_PARTS = {"train": "train", "dev": "dev", "valid": "dev", "validation": "dev", "test": "test"}
_WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")
_SHOWN = 8
A_WORKBOOK = "a workbook, which is not read: save its sheet as `CSV UTF-8`"
_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file to read.

    Attributes:
        split: the part that its name puts its rows in, when names count.
        config: the settings for it.
        name: its path below the configured one.
        label: the verdict on all that is in it, when folders say it.
    """

    path: Path
    format: Format
    gzipped: bool
    config: FilesConfig = field(repr=False)
    split: str | None = None
    name: str = ""
    label: str | None = None

    @property
    def encoding(self) -> str | None:
        """What the configuration says that it is in; None: UTF-8."""
        return self.config.encoding


def find_sources(config: FilesConfig) -> list[SourceFile]:
    """List the files to read, sorted by path, each once.

    Raises:
        SourceError: when a path is missing or a file's format is not known.
    """
    roots: dict[Path, tuple[Path, FilesConfig]] = {}
    for part in config.parts:
        for path in part.paths:
            for file in _expand(path, part):
                roots.setdefault(file, (_root(path), part))
    sources = []
    for file in sorted(roots):
        root, part = roots[file]
        sources.append(_named(_source(file, part), root))
    return sources if _names_count(config, roots) else [_without_split(s) for s in sources]


def _root(path: Path) -> Path:
    """The folder that names of files are below of: what moves with its files as a whole."""
    if path.is_dir():
        return path
    whole = path if path.exists() else None
    fixed = [each for each in path.parents if whole or not _GLOB.search(str(each))]
    return fixed[0]


def _named(source: SourceFile, root: Path) -> SourceFile:
    config = source.config
    below = source.path.relative_to(root)
    label = None
    if config.label_from == "folder":
        label = source.path.absolute().parent.name
    elif config.label_from == "top_folder":
        label = below.parts[0] if len(below.parts) > 1 else root.absolute().name
    return replace(source, name=below.as_posix(), label=label)


def problems(config: FilesConfig) -> Iterator[str]:
    """Say which of the configured paths cannot be read, a line each."""
    for part in config.parts:
        yield from _problems_of(part)


def _problems_of(config: FilesConfig) -> Iterator[str]:
    for path in config.paths:
        try:
            files = _expand(path, config)
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


def _expand(path: Path, config: FilesConfig) -> list[Path]:
    skip = _own_outputs(config)
    if path.is_dir():
        inside = (file for file in path.rglob("*") if file.is_file())
        there = {file for file in inside if not _hidden(file, path)} - skip
        if config.format in ("eml", "mbox"):  # mails seldom have a suffix
            return sorted(there)
        known = sorted(file for file in there if _format_of(file.name))
        books = sorted(file for file in there if file.suffix.lower() in _WORKBOOKS)
        if books and not known:
            raise SourceError(f"{books[0]} is {A_WORKBOOK}")
        if there and not known:
            raise SourceError(
                f"no file of a known kind in {path}: {_kinds_of(there)} were left out; "
                "if these are mails, set `format: eml`"
            )
        return sorted([*known, *books])
    if path.exists():
        return [path]
    if _GLOB.search(str(path)):
        found = [path.__class__(name) for name in glob.glob(str(path), recursive=True)]  # noqa: PTH207 - Path.glob takes no absolute pattern
        files = sorted({file for file in found if file.is_file()} - skip)
        if files:
            return files
    raise SourceError(f"{path} does not exist; correct `paths`")


def _kinds_of(files: Iterable[Path]) -> str:
    kinds = sorted({file.suffix or file.name for file in files})
    more = f" and {len(kinds) - _SHOWN} more" if len(kinds) > _SHOWN else ""
    return ", ".join(kinds[:_SHOWN]) + more


def _hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def _format_of(name: str) -> Format | None:
    stem = name.lower().removesuffix(".gz")
    return next((kind for suffix, kind in _SUFFIXES.items() if stem.endswith(suffix)), None)


def _source(file: Path, config: FilesConfig) -> SourceFile:
    gzipped = file.name.lower().endswith(".gz")
    kind = _format_of(file.name) if config.format == "auto" else config.format
    if file.suffix.lower() in _WORKBOOKS:
        if file in config.paths:
            raise SourceError(f"{file} is {A_WORKBOOK}")
        kind = "workbook"
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
    part = _PARTS.get(file.name.lower().split(".")[0])
    source = SourceFile(file, kind, gzipped, config, part)
    return _as_document(source, config) if config.format == "auto" else source


def _as_document(source: SourceFile, config: FilesConfig) -> SourceFile:
    """A file of JSON is read by what it holds: documents, or one object a line."""
    if source.format != "jsonl":
        return source
    lines = not source.path.name.lower().removesuffix(".gz").endswith(".json")
    try:
        document = is_document(source, config, lines=lines)
    except OSError as error:
        raise SourceError(f"{source.path} cannot be read: {error.strerror or error}") from error
    return replace(source, format="json") if document else source


def _names_count(config: FilesConfig, files: Iterable[Path]) -> bool:
    if config.split_from_name is not None:
        return config.split_from_name
    return {"train", "test"} <= {_PARTS.get(file.name.lower().split(".")[0]) for file in files}


def _without_split(source: SourceFile) -> SourceFile:
    return replace(source, split=None)
