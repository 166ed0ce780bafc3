"""Knowledge objects and settings: who owns one, which app it is in, who sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import RLock
from typing import Any, Literal

Sharing = Literal["user", "app", "global", "system"]
ANY = "-"


@dataclass
class Entity:
    """One object.

    Attributes:
        kind: the path under which its kind is served, such as "saved/searches".
        content: native values; a bool is written as 1 or 0 in XML.
        perms: roles that may read and write; None for a private object.
    """

    kind: str
    name: str
    app: str
    owner: str
    sharing: Sharing
    content: dict[str, Any] = field(default_factory=dict)
    perms: dict[str, list[str]] | None = None
    updated: float = 0.0

    @property
    def path_owner(self) -> str:
        """The owner in its address: only a private object has one of its own."""
        return self.owner if self.sharing == "user" else "nobody"

    def seen_from(self, owner: str, app: str) -> bool:
        if self.sharing in {"global", "system"}:
            return True
        in_app = app in {ANY, self.app}
        return in_app and (self.sharing == "app" or owner in {ANY, self.owner})


@dataclass
class EntityStore:
    """All objects by kind."""

    by_kind: dict[str, list[Entity]] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)

    def add(self, entity: Entity) -> Entity:
        with self.lock:
            self.by_kind.setdefault(entity.kind, []).append(entity)
        return entity

    def remove(self, entity: Entity) -> None:
        with self.lock:
            self.by_kind[entity.kind].remove(entity)

    def of(self, kind: str) -> list[Entity]:
        with self.lock:
            return list(self.by_kind.get(kind, ()))

    def kinds(self, prefix: str) -> Iterator[str]:
        with self.lock:
            yield from [kind for kind in self.by_kind if kind.startswith(prefix)]

    def visible(self, kind: str, owner: str, app: str, name: str | None = None) -> list[Entity]:
        """What a namespace sees.

        Of several of one name the nearest wins: the user's own, then the app's, then those
        that other apps share with all. A wildcard in the namespace asks for each of them.
        """
        seen = [e for e in self.of(kind) if name in {None, e.name} and e.seen_from(owner, app)]
        if ANY in {owner, app}:
            return seen
        nearest: dict[str, Entity] = {}
        for entity in seen:
            known = nearest.get(entity.name)
            if known is None or _distance(entity, app) < _distance(known, app):
                nearest[entity.name] = entity
        return list(nearest.values())

    def find(self, kind: str, owner: str, app: str, name: str) -> Entity | None:
        found = self.visible(kind, owner, app, name)
        return found[0] if found else None


def _distance(entity: Entity, app: str) -> tuple[bool, bool]:
    return (entity.sharing != "user", entity.app != app)
