"""Whether the fields that a pull needs are there at all: in a header, or in a record."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import PullWindow
from sftsec_core.sdk.errors import refuse_private
from sftsec_core.sdk.fields import find_value
from sftsec_files.errors import MissingColumnsError, SourceError
from sftsec_files.packing import why_refused
from sftsec_files.readers import columns_of
from sftsec_files.sources import find_sources

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sftsec_files.config import FilesConfig
    from sftsec_files.sources import SourceFile

_TABLES = ("csv", "parquet")
_MOST_NAMES = 500
_SHOWN = 40
# Of 1, equal. process.parent.command_line is as near to process.command_line as 0.85, and optional.
_NEAR = 0.88


def needed_fields(config: FilesConfig, window: PullWindow) -> tuple[str, ...]:
    """The dotted names that a pull reads: the window's, and those that the configuration sets."""
    return tuple(dict.fromkeys((*window.fields, *_configured(config, window))))


def _configured(config: FilesConfig, window: PullWindow) -> list[str]:
    named = {"label", "id", "timestamp"} & config.model_fields_set
    if window.labelled and config.verdicts is None:
        named.add("label")
    if window.labelled is False or config.label_from != "field":
        named.discard("label")
    found = [getattr(config, name) for name in sorted(named)]
    found += [name for name in (config.analyst, config.verdict_time) if name and window.labelled]
    # Names of a list are fields of their own.
    return [one for name in found for one in ([name] if isinstance(name, str) else name)]


def content_problems(config: FilesConfig) -> Iterator[str]:
    """Say which files cannot be used for what their first lines hold, a line each."""
    try:
        sources = find_sources(config, warn=False)  # the pull that follows says it
        for source in sources:
            if source.format == "refused":
                yield f"{source.path} is {why_refused(source.path)}"
        FieldCheck(config, PullWindow()).check_tables(sources)
    except SourceError as error:
        yield str(error)
        return
    for source in sources:
        try:
            if source.format in _TABLES:
                columns_of(source, source.config)
        except SourceError as error:
            yield str(error)


class FieldCheck:
    """Which of the needed fields no header and no record has had."""

    def __init__(
        self, config: FilesConfig, window: PullWindow, missing: Iterable[str] | None = None
    ) -> None:
        """Take what is asked for.

        Args:
            config: fields that it sets must be in a table, where there are only tables.
            window: `required` must be somewhere.
            missing: the required fields that no record has had, of a pull that is resumed.
        """
        self._window = window
        self._renames = {k: v for part in config.parts for k, v in part.rename.items()}
        # What is scored are a few new records, which may well lack a field.
        required = () if window.labelled is False else window.required
        self.missing = dict.fromkeys(required if missing is None else missing)
        self._there: dict[str, None] = {}

    def check_tables(self, sources: Sequence[SourceFile]) -> None:
        """Look at what is asked for, and at the headers, where all files have one.

        Raises:
            PrivateFieldError: when the window names a field that holds verdicts.
            MissingColumnsError: with the columns that no table has, and those that are there.
        """
        private = frozenset[str]().union(*(source.config.private for source in sources))
        refuse_private(self._window.fields, private.__contains__)
        if not sources or any(source.format not in _TABLES for source in sources):
            return
        missing = dict.fromkeys(self._window.required)
        for source in sources:
            missing |= dict.fromkeys(_configured(source.config, self._window))
        for source in sources:
            if not missing:
                break
            columns = columns_of(source, source.config)
            self._there.update(dict.fromkeys(columns))
            names = source.config.rename
            missing = {n: None for n in missing if not _in_columns(names.get(n, n), columns)}
        if missing and self._there:
            raise self._error(list(missing), str(sources[0].path), len(sources))
        self.missing = {}

    def see(self, flat: Mapping[str, Any]) -> None:
        """Look at a record."""
        for name in flat:
            if len(self._there) < _MOST_NAMES:
                self._there.setdefault(name)
        found = [n for n in self.missing if n in flat or find_value(flat, n) is not None]
        for name in found:
            del self.missing[name]

    def finish(self, sources: Sequence[SourceFile]) -> None:
        """Say that all was read.

        A field that no record has may still come; beside others that are there, one that has
        nearly the name of another is misspelt.

        Raises:
            MissingColumnsError: when a required field is misspelt.
        """
        misspelt = [name for name in self.missing if self._near(name, _NEAR)]
        if misspelt and len(self.missing) < len(self._window.required):
            raise self._error(misspelt, str(sources[0].path), len(sources))

    def _near(self, name: str, likeness: float = 0.6) -> str | None:
        """The field that is there and was probably meant."""
        there = {each.casefold(): each for each in self._there}
        near = get_close_matches(self._named(name).casefold(), there, 1, likeness)
        return there[near[0]] if near else None

    def _named(self, name: str) -> str:
        """A field's name as it stands in the files."""
        return self._renames.get(name, name)

    def _error(self, missing: list[str], first: str, files: int) -> MissingColumnsError:
        where = first if files == 1 else f"{first} and {files - 1} other files"
        there = list(self._there)
        told = []
        for name in missing:
            near = self._near(name)
            told.append(f"{self._named(name)!r}" + (f" (did you mean {near!r}?)" if near else ""))
        rest = f" and {len(there) - _SHOWN} more" if len(there) > _SHOWN else ""
        return MissingColumnsError(
            f"no column or record has {', '.join(told)} in {where}; "
            f"there are: {', '.join(there[:_SHOWN])}{rest}"
        )


def _in_columns(name: str, columns: Sequence[str]) -> bool:
    """Whether a column has the name, holds it (a nested one), or lies below it."""
    parts = name.split(".")
    prefixes = {".".join(parts[:count]) for count in range(1, len(parts) + 1)}
    return any(each in prefixes or each.startswith(f"{name}.") for each in columns)
