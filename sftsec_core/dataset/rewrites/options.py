"""Options of a command in another order, for programs of which the order says nothing."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from sftsec_core.dataset.rewrites.commands import read_commands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.dataset.rewrites.commands import Command
    from sftsec_core.dataset.rewrites.draw import KeyedDraw
    from sftsec_core.dataset.rewrites.programs import Program


def reorder_options(text: str, draw: KeyedDraw) -> str:
    """Put the options of each known command, with their values, in a drawn order.

    Other words keep theirs. A command with an unknown or a repeated option stays as it is.
    """
    pieces, behind = [], 0
    for command in read_commands(text):
        start, end = command.words[0][0], command.words[-1][1]
        pieces += [text[behind:start], _reordered(text, command, draw)]
        behind = end
    return "".join([*pieces, text[behind:]])


def option_units(words: Sequence[str], program: Program) -> list[list[str]] | None:
    """Divide a command's words into options with their values, and other words by themselves.

    Args:
        words: its name first.
        program: which options it has.

    Returns:
        Each unit's words; None where an option is unknown or stands twice.
    """
    units: list[list[str]] = []
    seen: set[str] = set()
    rest = iter(words)
    for word in rest:
        key = word.casefold() if program.windows else word
        names = _option_names(key, program) if is_option(word, program) else ()
        if names is None or seen & set(names):
            return None
        seen |= set(names)
        if key in program.ends:
            return [*units, [word], *([other] for other in rest)]
        unit = [word]
        if key in program.valued:
            value = next(rest, None)
            if value is None or is_option(value, program):
                return None
            unit.append(value)
        units.append(unit)
    return units


def is_option(word: str, program: Program) -> bool:
    """Whether a word begins as an option does."""
    return word.startswith("-") or (program.windows and word.startswith("/"))


def _option_names(key: str, program: Program) -> tuple[str, ...] | None:
    """The options that a word is, in lower case where case does not matter; None: unknown."""
    if key in program.switches | program.valued | program.ends:
        return (key,)
    if len(key) > 1 and program.letters and set(key[1:]) <= set(program.letters):
        return tuple(f"-{letter}" for letter in key[1:])
    name, sign, _ = key.partition(":" if program.windows else "=")
    if sign and program.joined and name.startswith(program.joined):
        return (name,)
    return None


def _reordered(text: str, command: Command, draw: KeyedDraw) -> str:
    spans, program = command.words, command.program
    words = [text[start:end] for start, end in spans]
    units = option_units(words, program)
    whole = text[spans[0][0] : spans[-1][1]]
    if units is None:
        return whole
    ends = next((n for n, unit in enumerate(units) if _ends(unit[0], program)), len(units))
    moved = [n for n, unit in enumerate(units[:ends]) if n and is_option(unit[0], program)]
    order = draw.order(f"options {whole}", len(moved))
    out = list(units)
    for place, number in zip(moved, order, strict=True):
        out[place] = units[moved[number]]
    gaps = [text[a[1] : b[0]] for a, b in pairwise(spans)]
    new = [word for unit in out for word in unit]
    return new[0] + "".join(gap + word for gap, word in zip(gaps, new[1:], strict=True))


def _ends(word: str, program: Program) -> bool:
    return word.casefold() in program.ends
