"""Records of a file or a folder before there is a configuration, for `sftsec init --from`."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import Sample
from sftsec_core.api.domain import Rejection
from sftsec_core.sdk.records import UnusableError, flatten
from sftsec_files.config import FilesConfig
from sftsec_files.csv_table import read_header, repeated
from sftsec_files.errors import SourceError
from sftsec_files.kinds import probable_encoding, probable_format
from sftsec_files.readers import read
from sftsec_files.sources import find_sources
from sftsec_files.streams import Start, open_stream
from sftsec_files.wrappers import Unwrapper

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sftsec_files.sources import SourceFile

# The connector's keys that name the fields with each of these.
KEYS = {
    "id": "id",
    "time": "timestamp",
    "time_format": "time_format",
    "label": "label",
    "no_verdict": "no_verdict",
    "analyst": "analyst",
    "verdict_time": "verdict_time",
}
OUTPUT = "detections.jsonl"
# What may say the verdict besides a field; written so that no field of a record has the name.
FOLDER, TOP_FOLDER = "label_from: folder", "label_from: top_folder"
_FOLDERS: dict[str, dict[str, Any]] = {
    FOLDER: {"label_from": "folder"},
    TOP_FOLDER: {"label_from": "top_folder"},
}
_WHY = {
    "format": "as the files begin: their names do not say it",
    "encoding": "not UTF-8; correct it where letters are wrong",
}
_DELIMITERS = (",", ";", "\t", "|")
_SHOWN = 6
_HEAD_BYTES = 64 << 10
_JSON = ("jsonl", "json")


def open_sample(path: Path, base: Path) -> Sample:
    """Open a file or a folder as records.

    Args:
        path: the file or the folder.
        base: the folder of the configuration, which paths below it are relative to.

    Raises:
        SourceError: when nothing of a known kind is there, or it cannot be read.
    """
    whole, base = path.resolve(), base.resolve()
    # With `id` set, a hit of Elasticsearch has the names that the configuration will find.
    config = FilesConfig(paths=(whole,), output=base / OUTPUT, id=("id",))
    named = whole.relative_to(base) if whole.is_relative_to(base) else whole
    try:
        config, sources, guessed = _found(config)
    except OSError as error:
        said = f"{error.filename or path} cannot be read: {error.strerror or error}"
        raise SourceError(said) from error
    options: dict[str, Any] = {"paths": [str(named)], **guessed}
    table = next((source for source in sources if source.format == "csv"), None)
    if table is not None and (delimiter := _delimiter_of(table)) != config.delimiter:
        options["delimiter"] = delimiter
        config = config.model_copy(update={"delimiter": delimiter})
    options["output"] = OUTPUT
    notes = {key: _WHY[key] for key in guessed}
    if table is not None and (several := _several(table, config)):
        shown = ", ".join(several[:_SHOWN]) + (", ..." if len(several) > _SHOWN else "")
        notes["columns of one name"] = f"{shown}: a text may have them, as a list; no label can"
    folders = _FOLDERS if whole.is_dir() else {}
    return Sample(
        options=options,
        keys=KEYS,
        records=partial(_records, sources, config, bool(folders)),
        label_options=folders,
        notes=notes,
    )


def _found(config: FilesConfig) -> tuple[FilesConfig, list[SourceFile], dict[str, Any]]:
    """The files, with `format` and `encoding` where their beginnings alone say them."""
    guessed: dict[str, Any] = {}
    try:
        sources = find_sources(config)
    except SourceError:
        kind = probable_format(config)
        if kind is None:
            raise
        guessed["format"] = kind
    if encoding := probable_encoding(config):
        guessed["encoding"] = encoding
    if guessed:
        config = config.model_copy(update=guessed)
        sources = find_sources(config, warn=False)
    return config, sources, guessed


def _delimiter_of(source: SourceFile) -> str:
    """The separator that stands most often in the header, outside of quotes."""
    try:
        with open_stream(source, Start()) as stream:
            header = stream.readline(_HEAD_BYTES).decode("utf-8", "replace")
    except OSError as error:
        raise SourceError(f"{source.path} cannot be read: {error.strerror or error}") from error
    unquoted = "".join(header.split('"')[::2])
    return max(_DELIMITERS, key=unquoted.count)


def _several(source: SourceFile, config: FilesConfig) -> list[str]:
    """The names that several columns of a table have."""
    header = read_header(source, config) if source.format == "csv" else None
    return repeated(header.names) if header else []


def _records(
    sources: list[SourceFile], config: FilesConfig, folders: bool, limit: int | None
) -> Iterator[Mapping[str, Any] | Rejection]:
    for source in sources:
        said = _said_by_folder(source) if folders else {}
        several = _several(source, config)
        unwrap = Unwrapper(config, (), by_path=source.format == "jsonl")
        for record in islice(read(source, Start(), (), config), limit):
            where = f"{source.path.name}:{record.number}"
            if record.value is None:
                yield Rejection(where, record.reason, record.digest)
                continue
            try:
                value = unwrap(record.value) if source.format in _JSON else record.value
                flat = flatten(value, config.max_depth)
                yield {name: flat[name] for name in flat if name not in several} | said
            except UnusableError as error:
                yield Rejection(where, str(error))


def _said_by_folder(source: SourceFile) -> dict[str, str]:
    """The names of the folder of a file and of the one below the sample's own."""
    top, _, below = source.name.partition("/")
    own = source.path.parent.name
    return {FOLDER: own, TOP_FOLDER: top if below else own}
