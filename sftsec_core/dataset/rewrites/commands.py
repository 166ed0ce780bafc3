r"""Simple commands of a line, as a shell would part them; what is not understood is not given.

Quotes, pipes, redirections and `;` are read alike in sh, cmd and PowerShell. A line with a
substitution, a block, an escape or an open quote is not read from there on, and its last command
only if the program itself does not read on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.dataset.rewrites.draw import PLACEHOLDER
from sftsec_core.dataset.rewrites.programs import PROGRAMS, Program

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SCAN = re.compile(
    rf"(?P<word>(?:{PLACEHOLDER}|\"[^\"\n`$]*\"|'[^'\n]*'|[^\s\"'`$|;&<>(){{}}^])+)"
    r"|(?P<blank>[ \t]+)|(?P<end>[|;&]+|\n)|(?P<redirect>[<>])|(?P<rest>[^\n]+)"
)
_MOST_WORDS = 200  # of a command line that is read: one with more is data


@dataclass(frozen=True, slots=True)
class Command:
    """A program of the table with its words.

    Attributes:
        program: what is known of it.
        words: the spans of its words in the text, its name first, with the word that decides.
    """

    program: Program
    words: Sequence[tuple[int, int]]


def read_commands(text: str) -> Iterator[Command]:
    """The commands of programs in the table, in their order."""
    words: list[tuple[int, int]] = []
    reads = True
    for match in _SCAN.finditer(text):
        kind, span = match.lastgroup, match.span()
        if kind in {"end", "rest"}:
            yield from _known(text, words, whole=kind == "end")
            words, reads = [], True
        elif kind == "redirect":
            reads = False  # what follows is a file
        elif kind == "word" and reads:
            words.append(span)
    yield from _known(text, words, whole=True)


def program_name(word: str) -> str:
    """A program by its path: lower case, without quotes, folders and `.exe`."""
    return re.split(r"[\\/]", word.strip("\"'"))[-1].casefold().removesuffix(".exe")


def _known(text: str, words: list[tuple[int, int]], *, whole: bool) -> Iterator[Command]:
    """The command, if it is one of the table, and understood as far as its options go."""
    if not 1 < len(words) <= _MOST_WORDS or any(text[end - 1] == "\\" for _, end in words):
        return
    name = program_name(text[slice(*words[0])])
    if name == "sudo" or (name == "cmd" and text[slice(*words[1])].casefold() in {"/c", "/k"}):
        words = words[1 if name == "sudo" else 2 :] or words
        name = program_name(text[slice(*words[0])])
    program = PROGRAMS.get(name)
    if program is None and len(words) > 1:
        program = PROGRAMS.get(f"{name} {text[slice(*words[1])].casefold()}")
        words = [(words[0][0], words[1][1]), *words[2:]]
    if program is None or len(words) < 2:
        return
    if whole or any(text[start:end].casefold() in program.ends for start, end in words):
        yield Command(program, words)
