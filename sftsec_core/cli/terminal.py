"""What reaches a terminal: the one place where the command line writes.

Names of files, values of records, an analyst's name or a server's error may hold control
sequences that move the cursor, rename the window or hide text. Each character that cannot be
printed is shown as U+FFFD, and as an escape in JSON, so that a terminal never obeys the data.
"""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import traceback
import unicodedata
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# ASCII that may pass; all else is looked at. C0, C1, bidi controls and surrogates are among it.
_UNUSUAL = re.compile(r"[^\n\t -~]")


def safe(text: str) -> str:
    """The text with U+FFFD for each character that is no line break, tab, space or glyph."""
    return _UNUSUAL.sub(lambda found: found[0] if _is_plain(found[0]) else REPLACEMENT, text)


def safe_json(
    value: object, *, indent: int | None = None, default: Callable[[Any], object] = str
) -> str:
    """A value as JSON that keeps its letters and escapes what a terminal would obey."""
    text = json.dumps(value, indent=indent, default=default, ensure_ascii=False)
    return _UNUSUAL.sub(lambda found: found[0] if _is_plain(found[0]) else _escape(found[0]), text)


def echo(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print text on standard output or on standard error."""
    click.echo(safe(text), err=err, nl=nl)  # noqa: TID251 - this is the one place


def echo_click_error(error: click.ClickException) -> None:
    """Print a wrong usage as click does; it quotes the arguments."""
    out = io.StringIO()
    error.show(file=out)
    echo(out.getvalue(), err=True, nl=False)


def echo_trace(error: BaseException) -> None:
    """Print an error with its trace on standard error."""
    echo("".join(traceback.format_exception(error)), err=True, nl=False)


class SafeFormatter(logging.Formatter):
    """A log line; the lines of a message after its first are indented, so that none is forged."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The record's own line or lines."""
        return super().formatMessage(record).replace("\n", "\n    ")

    def format(self, record: logging.LogRecord) -> str:
        """The record with its trace, without control sequences."""
        return safe(super().format(record))


def configure_logging(level: int) -> None:
    """Log to standard error from a level up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(SafeFormatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler])


def _is_plain(character: str) -> bool:
    # A no-break space is not "printable" to Python, and harmless.
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _escape(character: str) -> str:
    if (code := ord(character)) < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
