"""What stands behind a command: `task=phishing field=message`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sftsec_app.errors import AppError


class Arguments:
    """Options by name, and the bare words, which are further names of fields."""

    def __init__(self, info: Mapping[str, Any], allowed: Sequence[str], usage: str) -> None:
        """Take them apart.

        Args:
            info: the metadata of `getinfo`.
            allowed: the names of options.
            usage: an example for the message of a refusal.

        Raises:
            AppError: for an option that there is not.
        """
        self._usage = usage
        self._options: dict[str, str] = {}
        self.words: list[str] = []
        for argument in info.get("args") or []:
            name, equals, value = str(argument).partition("=")
            if not equals:
                self.words += names_in(name)
            elif name not in allowed:
                raise self.wrong(f"there is no option {name!r}, only {', '.join(allowed)}")
            else:
                self._options[name] = _unquoted(value)

    def get(self, name: str) -> str:
        """An option; "" where it was not given."""
        return self._options.get(name, "").strip()

    def need(self, name: str) -> str:
        """An option that must be given.

        Raises:
            AppError: when it was not.
        """
        found = self.get(name)
        if not found:
            raise self.wrong(f"{name}=... is missing")
        return found

    def wrong(self, what: str) -> AppError:
        """A refusal that shows how it is meant."""
        return AppError(f"{what}; try: {self._usage}")


def names_in(text: str) -> list[str]:
    """Names of fields between commas or blanks."""
    return text.replace(",", " ").split()


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] == '"'
    return value[1:-1].replace('\\"', '"') if quoted else value
