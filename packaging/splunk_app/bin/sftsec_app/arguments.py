"""The arguments of a search command: `task=phishing field=message`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sftsec_app.portable import AppError

_TRUE, _FALSE = ("true", "t", "1", "yes", "y"), ("false", "f", "0", "no", "n")


class CommandArguments:
    """Options by name, and words without one, which are names of fields."""

    def __init__(self, info: Mapping[str, Any], allowed: Sequence[str], usage: str) -> None:
        """Parse the arguments.

        Args:
            info: the metadata of `getinfo`.
            allowed: the names of options.
            usage: an example for error messages.

        Raises:
            AppError: for an unknown option.
        """
        self._usage = usage
        self._options: dict[str, str] = {}
        self.words: list[str] = []
        for argument in info.get("args") or []:
            name, equals, value = str(argument).partition("=")
            if not equals:
                self.words += names_in(name)
            elif name not in allowed:
                raise self.error(f"unknown option {name!r}; known are {', '.join(allowed)}")
            else:
                self._options[name] = _unquoted(value)

    def get(self, name: str) -> str:
        """An option; "" without it."""
        return self._options.get(name, "").strip()

    def require(self, name: str) -> str:
        """A required option.

        Raises:
            AppError: without it.
        """
        found = self.get(name)
        if not found:
            raise self.error(f"{name}=... is missing")
        return found

    def is_set(self, name: str) -> bool:
        """Whether an option is true, in the words of Splunk's own commands; False without it.

        Raises:
            AppError: when it is neither true nor false.
        """
        given = self.get(name)
        if given and given.lower() not in _TRUE + _FALSE:
            raise self.error(f"{name}={given} must be true or false")
        return given.lower() in _TRUE

    def error(self, problem: str) -> AppError:
        """An error with an example of the right use."""
        return AppError(f"{problem}; try: {self._usage}")


def names_in(text: str) -> list[str]:
    """Names of fields, separated by commas or blanks."""
    return text.replace(",", " ").split()


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] == '"'
    return value[1:-1].replace('\\"', '"') if quoted else value
