"""From configured paths to a sorted list of files, each with its format."""

from __future__ import annotations

import glob
import logging
import os
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from sftsec_files.documents import begins_as_json, is_document
from sftsec_files.errors import SourceError
from sftsec_files.kinds import begins_as_log, probable_format
from sftsec_files.packing import A_WORKBOOK, WORKBOOKS, is_gzipped, why_refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sftsec_files.config import FilesConfig

log = logging.getLogger(__name__)

Format = Literal["jsonl", "json", "csv", "parquet", "eml", "mbox", "refused", "lines"]
_SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".eml": "eml",
    ".mbox": "mbox",
    ".cef": "lines",
    ".leef": "lines",
}
# Suffixes that say nothing, and rotated files (`eve.json.1`, `alerts.log-20260105`): looked into.
_PERHAPS_JSON = re.compile(
    r"\.(?:log|txt|syslog)$|\.(?:log|txt|syslog|jsonl?|ndjson)[.-]\d[\d.-]*$", re.IGNORECASE
)
_READ = (
    "read are JSON, CSV, Parquet, mail (.eml, .mbox), and logs with a JSON object, CEF, LEEF or "
    "syslog a line"
)
_PARTS = {"train": "train", "dev": "dev", "valid": "dev", "validation": "dev", "test": "test"}
_SHOWN = 8
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


def find_sources(config: FilesConfig, *, warn: bool = True) -> list[SourceFile]:
    """List the files to read, sorted by path, each once.

    Args:
        config: where they are.
        warn: whether the log says which files of a folder are left out.

    Raises:
        SourceError: when a path is missing or a file's format is not known.
    """
    roots: dict[Path, tuple[Path, FilesConfig]] = {}
    for part in config.parts:
        for path in part.paths:
            found = _expand(path, part)
            for file in found.files:
                roots.setdefault(file, (_root(path), part))
            if warn and found.left_out:
                kinds = _kinds_of(found.left_out, counted=True)
                log.warning("%s: left out, of no known kind: %s", path, kinds)
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
            files = _expand(path, config).files
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
    named = () if config.output is None else (config.output, requests_path(config.output))
    return {each for each in (*named, config.verdicts) if each is not None}


def requests_path(output: Path) -> Path:
    """Where requests for labels go, beside the detections."""
    return output.with_name(f"{output.name}.label-requests.jsonl")


class _Found(NamedTuple):
    """The files of a configured path, and those of a folder that are of no known kind."""

    files: list[Path]
    left_out: tuple[Path, ...] = ()


def _expand(path: Path, config: FilesConfig) -> _Found:
    if path.is_dir():
        return _in_folder(path, config)
    if path.exists():
        return _Found([path])
    if _GLOB.search(str(path)):
        found = [path.__class__(name) for name in glob.glob(str(path), recursive=True)]  # noqa: PTH207 - Path.glob takes no absolute pattern
        files = sorted({file for file in found if file.is_file()} - _own_outputs(config))
        if files:
            return _Found(files)
    raise SourceError(f"{path} does not exist; correct `paths`")


def _in_folder(path: Path, config: FilesConfig) -> _Found:
    there = set(_walk(path)) - _own_outputs(config)
    if config.format in ("eml", "mbox", "lines"):  # mails and logs seldom have a suffix
        return _Found(sorted(there))
    books = {file for file in there if file.suffix.lower() in WORKBOOKS}
    known = {file for file in there - books if _format_of(file, config)}
    if config.format != "auto" and not known:
        known = {file for file in there if _says_nothing(file)}
    if books and not known:
        raise SourceError(f"{min(books)} is {A_WORKBOOK}")
    left_out = there - known - books
    if left_out and not known:
        hint = _hint(config.model_copy(update={"paths": (path,)}))
        raise SourceError(
            f"no file of a known kind in {path}: {_kinds_of(left_out)} were left out; {_READ}; "
            f"{hint}"
        )
    return _Found(sorted(known | books), tuple(sorted(left_out)))


def _hint(config: FilesConfig) -> str:
    """What to set for files that are not known."""
    probable = probable_format(config)
    if probable in ("eml", "mbox"):
        return f"these begin as mails: set `format: {probable}`"
    return "`format: lines` reads any text, a record a line"


def _kinds_of(files: Iterable[Path], *, counted: bool = False) -> str:
    counts = Counter("".join(_suffixes(file)) or file.name for file in files)
    kinds = [f"{kind} ({counts[kind]})" if counted else kind for kind in sorted(counts)]
    more = f" and {len(kinds) - _SHOWN} more" if len(kinds) > _SHOWN else ""
    return ", ".join(kinds[:_SHOWN]) + more


def _suffixes(file: Path) -> list[str]:
    """Its last suffix, with that of what is packed in it."""
    return file.suffixes[-2 if file.suffix.lower() == ".gz" else -1 :]


def _walk(folder: Path) -> Iterator[Path]:
    """The files of a folder and its subfolders; hidden ones are left out.

    Raises:
        SourceError: when a folder cannot be listed: its files would be missing in silence.
    """

    def refuse(error: OSError) -> None:
        raise SourceError(f"{error.filename} cannot be read: {error.strerror}") from error

    try:
        for top, folders, names in os.walk(folder, onerror=refuse):
            folders[:] = [name for name in folders if not name.startswith(".")]
            files = (folder.__class__(top, name) for name in names if not name.startswith("."))
            yield from (file for file in files if file.is_file())
    except OSError as error:
        refuse(error)


def _format_of(file: Path, config: FilesConfig) -> Format | None:
    """The format by the suffix, or by looking where that says nothing; None when not known."""
    stem = file.name.lower().removesuffix(".gz")
    for suffix, kind in _SUFFIXES.items():
        if stem.endswith(suffix):
            return kind
    if not _says_nothing(file):
        return None
    try:
        if begins_as_json(SourceFile(file, "jsonl", is_gzipped(file), config)):
            return "jsonl"
        return "lines" if begins_as_log(file) else None
    except OSError as error:
        raise SourceError(f"{file} cannot be read: {error.strerror or error}") from error


def _says_nothing(file: Path) -> bool:
    """Whether files of this suffix hold JSON or something else."""
    return _PERHAPS_JSON.search(file.name.removesuffix(".gz")) is not None


def _source(file: Path, config: FilesConfig) -> SourceFile:
    kind = _format_of(file, config) if config.format == "auto" else config.format
    # Of mails there are many: a look into each would double the time to list them.
    gzipped = file.suffix.lower() == ".gz" if kind == "eml" else is_gzipped(file)
    reason = None if kind in ("eml", "parquet") else why_refused(file)
    if reason is not None:
        if file in config.paths:
            raise SourceError(f"{file} is {reason}")
        kind = "refused"
    if kind is None:
        raise SourceError(_unknown(file, config))
    if kind == "parquet" and gzipped:
        raise SourceError(
            f"{file} is a gzipped Parquet file, which can only be read whole: gunzip it "
            "(Parquet compresses its own columns)"
        )
    part = _PARTS.get(file.name.lower().split(".")[0])
    source = SourceFile(file, kind, gzipped, config, part)
    return _as_document(source, config) if config.format == "auto" else source


def _unknown(file: Path, config: FilesConfig) -> str:
    if _says_nothing(file):
        hint = _hint(config.model_copy(update={"paths": (file,)}))
        return f"{file} does not begin as JSON does; set `format`; {_READ}; {hint}"
    allowed = ", ".join(sorted(_SUFFIXES))
    return f"{file} has none of the suffixes {allowed} (each may end in .gz); set `format`"


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
