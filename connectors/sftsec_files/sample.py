"""Records of a file or a folder before there is a configuration, for `sftsec init --from`."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import Sample
from sftsec_core.api.domain import Rejection
from sftsec_core.sdk.records import UnusableError, flatten
from sftsec_files.config import FilesConfig
from sftsec_files.readers import read
from sftsec_files.sources import find_sources
from sftsec_files.streams import Start, open_stream

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
    "analyst": "analyst",
    "verdict_time": "verdict_time",
}
OUTPUT = "detections.jsonl"
_DELIMITERS = (",", ";", "\t", "|")
_HEAD_BYTES = 64 << 10


def open_sample(path: Path, base: Path) -> Sample:
    """Open a file or a folder as records.

    Args:
        path: the file or the folder.
        base: the folder of the configuration, which paths below it are relative to.

    Raises:
        SourceError: when nothing of a known kind is there, or it cannot be read.
    """
    whole, base = path.resolve(), base.resolve()
    config = FilesConfig(paths=(whole,), output=base / OUTPUT)
    sources = find_sources(config)
    named = whole.relative_to(base) if whole.is_relative_to(base) else whole
    options: dict[str, Any] = {"paths": [str(named)]}
    table = next((source for source in sources if source.format == "csv"), None)
    if table is not None and (delimiter := _delimiter_of(table)) != config.delimiter:
        options["delimiter"] = delimiter
        config = config.model_copy(update={"delimiter": delimiter})
    options["output"] = OUTPUT
    return Sample(options=options, keys=KEYS, records=partial(_records, sources, config))


def _delimiter_of(source: SourceFile) -> str:
    """The separator that stands most often in the header, outside of quotes."""
    with open_stream(source, Start()) as stream:
        header = stream.readline(_HEAD_BYTES).decode("utf-8", "replace")
    unquoted = "".join(header.split('"')[::2])
    return max(_DELIMITERS, key=unquoted.count)


def _records(
    sources: list[SourceFile], config: FilesConfig, limit: int | None
) -> Iterator[Mapping[str, Any] | Rejection]:
    for source in sources:
        for record in islice(read(source, Start(), (), config), limit):
            where = f"{source.path.name}:{record.number}"
            if record.value is None:
                yield Rejection(where, record.reason, record.digest)
                continue
            try:
                yield flatten(record.value, config.max_depth)
            except UnusableError as error:
                yield Rejection(where, str(error))
