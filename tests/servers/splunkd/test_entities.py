"""Which object a namespace sees, and which of several of one name."""

from __future__ import annotations

import pytest

from tests.servers.splunkd.entities import ANY, Entity, EntityStore, Sharing

KIND = "configs/conf-macros"


Place = tuple[Sharing, str, str]


def store(*places: Place) -> EntityStore:
    """Objects of one name, each with its place in words as content."""
    made = EntityStore()
    for sharing, owner, app in places:
        made.add(Entity(KIND, "m", app, owner, sharing, {"is": f"{sharing} {owner} {app}"}))
    return made


def found(made: EntityStore, owner: str, app: str) -> list[str]:
    return [each.content["is"] for each in made.visible(KIND, owner, app)]


class TestVisible:
    @pytest.mark.parametrize(
        ("sharing", "seen"),
        [
            ("user", [("ann", "search")]),
            ("app", [("ann", "search"), ("bob", "search")]),
            ("global", [("ann", "search"), ("bob", "search"), ("ann", "other"), ("bob", "other")]),
        ],
    )
    def test_depends_on_its_sharing(self, sharing: Sharing, seen: list[tuple[str, str]]) -> None:
        made = store((sharing, "ann", "search"))
        places = [(owner, app) for app in ("search", "other") for owner in ("ann", "bob")]
        assert [each for each in places if found(made, *each)] == seen

    def test_is_the_nearest_of_a_name(self) -> None:
        far: Place = ("global", "nobody", "other")
        shared: Place = ("app", "nobody", "search")
        own: Place = ("user", "ann", "search")
        assert found(store(far, shared, own), "ann", "search") == ["user ann search"]
        assert found(store(own, far, shared), "bob", "search") == ["app nobody search"]
        assert found(store(far, shared, own), "bob", "else") == ["global nobody other"]

    def test_is_every_one_for_a_wildcard(self) -> None:
        made = store(("global", "nobody", "other"), ("app", "nobody", "search"))
        assert len(found(made, ANY, ANY)) == len(found(made, ANY, "search")) == 2
        assert len(found(made, "ann", ANY)) == 2


class TestPathOwner:
    def test_is_nobody_of_shared_objects(self) -> None:
        assert Entity(KIND, "m", "search", "ann", "user").path_owner == "ann"
        assert Entity(KIND, "m", "search", "ann", "app").path_owner == "nobody"
