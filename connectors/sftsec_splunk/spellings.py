"""How Splunk spells a field of JSON: `to{}` for an array, `alerts{}.title`, and null as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_ARRAY = "{}"
# Splunk's extraction writes a null of JSON so, and tables a missing number.
NO_VALUES = ("", "null", "nan")


def with_arrays(name: str) -> list[str]:
    """The spellings of a field, of which each part may be an array; a name with `{}` is exact."""
    if _ARRAY in name:
        return [name]
    first, *others = name.split(".")
    made = [first, f"{first}{_ARRAY}"]
    for part in others:
        made = [f"{each}.{part}{mark}" for each in made for mark in ("", _ARRAY)]
    return made


def spellings(name: str) -> list[str]:
    """The spellings of a field, and patterns for what is below it where it is an object."""
    made = with_arrays(name)
    return [*made, *(f"{each}.*" for each in made)]


def value_of(name: str) -> str:
    """An expression of eval: the value of a field however it is spelt."""
    made = [f"'{each}'" for each in with_arrays(name)]
    return made[0] if len(made) == 1 else f"coalesce({', '.join(made)})"


def is_empty(name: str) -> str:
    """A condition of `where`: a field has no value, however it is spelt.

    Functions of text are not asked of several values.
    """
    value, words = value_of(name), ", ".join(f'"{each}"' for each in NO_VALUES)
    one = f"mvcount({value})=1 AND in(lower(trim(mvindex({value}, 0))), {words})"
    return f"(isnull({value}) OR ({one}))"


def find(row: Mapping[str, object], name: str | None) -> object:
    """A row's value of a field however it is spelt; None where there is none."""
    for each in with_arrays(name) if name else ():
        found = row.get(each)
        if isinstance(found, list):
            found = [value for value in found if not _is_none(value)]
        if found not in (None, []) and not _is_none(found):
            return found
    return None


def _is_none(value: object) -> bool:
    return isinstance(value, str) and value.strip().casefold() in NO_VALUES
