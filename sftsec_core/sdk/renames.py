"""Fields under other names than a platform has for them: `email.subject: Subject Line`.

renames = Renames({"email.subject": "Subject Line"})
renames.apply({"Subject Line": "Hello"})  # {"email.subject": "Hello"}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sftsec_core.sdk.records import UnusableError, are_equal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Renames:
    """Names of fields, each with the name that the platform has for it."""

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        """Take names to the platform's."""
        self._pairs = tuple(pair for pair in (names or {}).items() if pair[0] != pair[1])

    @classmethod
    def of_all(cls, several: Iterable[Renames]) -> Renames:
        """Join those of several sources, each of which may have another one for a name."""
        joined = cls()
        joined._pairs = tuple(dict.fromkeys(pair for each in several for pair in each._pairs))
        return joined

    def __bool__(self) -> bool:
        """Whether any field has another name."""
        return bool(self._pairs)

    def apply(self, flat: Mapping[str, Any]) -> dict[str, Any]:
        """Give the fields of a flat record their names.

        Raises:
            UnusableError: when one has unlike values under both names, or two such fields have one
                name.
        """
        # All are taken out first, so that two fields can change names.
        values = {there: flat[there] for _, there in self._pairs if flat.get(there) is not None}
        renamed = {name: value for name, value in flat.items() if name not in values}
        for name, there in self._pairs:
            if there not in values:
                continue
            if renamed.get(name) is not None and not are_equal(renamed[name], values[there]):
                raise UnusableError(f"{name!r} is there, and {there!r} is renamed to it")
            renamed[name] = values[there]
        return renamed

    def there(self, name: str) -> tuple[str, ...]:
        """The platform's names of a field; its own where no other is given."""
        return tuple(there for here, there in self._pairs if here == name) or (name,)

    def all_there(self) -> Iterable[str]:
        """The platform's names of all that have another one."""
        return (there for _, there in self._pairs)
