"""The import graph of the distribution, folder by folder: rooms, floors, arrows, cycles.

    python -m tests.meta.import_graph [ROOT]

A room is a folder of `sftsec_core`, a module beside them, or all connectors, or all plugins. An
arrow says that some module of one room imports one of another. A room's floor is one above the
highest room that it imports. Imports for type checkers count too.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from tests.meta.tree import PACKAGES, ROOT, imports, modules

CORE = "sftsec_core"
Graph = Mapping[str, frozenset[str]]


def rooms(root: Path = ROOT) -> dict[str, str]:
    """Each importable module with its room."""
    found: dict[str, str] = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            relative = path.relative_to(root)
            inner = relative if package == CORE else Path(*relative.parts[1:])
            name = ".".join(inner.with_suffix("").parts).removesuffix(".__init__")
            if package != CORE:
                found[name] = package
            elif len(inner.parts) > 1 and name != CORE:
                found[name] = inner.parts[1].removesuffix(".py")
    return found


def graph(root: Path = ROOT) -> Graph:
    """Each room with the rooms that it imports."""
    known = rooms(root)
    arrows: dict[str, set[str]] = defaultdict(set)
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            relative = path.relative_to(root)
            inner = relative if package == CORE else Path(*relative.parts[1:])
            mine = known.get(".".join(inner.with_suffix("").parts).removesuffix(".__init__"))
            if mine is None:
                continue
            arrows[mine] |= {known[each] for each in imports(path) if each in known} - {mine}
    return {room: frozenset(arrows[room]) for room in sorted(set(known.values()))}


def cycles(found: Graph) -> list[tuple[str, ...]]:
    """Rooms that import each other in a loop: what is left when no room can be taken off."""
    left = {room: set(imported) for room, imported in found.items()}
    while free := [room for room, imported in left.items() if not imported & left.keys()]:
        for room in free:
            del left[room]
    return [tuple(sorted(left))] if left else []


def floors(found: Graph) -> dict[str, int]:
    """Each room's floor, from 1; a graph with a cycle has none.

    Raises:
        ValueError: when rooms import each other in a loop.
    """
    if loops := cycles(found):
        raise ValueError(f"rooms import each other in a loop: {loops}")
    done: dict[str, int] = {}
    while len(done) < len(found):
        for room, imported in found.items():
            if room not in done and imported <= done.keys():
                done[room] = 1 + max((done[each] for each in imported), default=0)
    return done


def imported_at_once() -> dict[str, frozenset[str]]:
    """Each module with those that are imported when it is: not in functions, not for types."""
    known = dict(modules())
    return {
        name: (imports(path, typing_too=False, later_too=False) & known.keys()) - {name}
        for name, path in known.items()
    }


def import_loop(found: Mapping[str, AbstractSet[str]]) -> tuple[str, ...]:
    """Modules of which each imports the next, and the last the first; empty when there are none."""
    try:
        tuple(TopologicalSorter(found).static_order())
    except CycleError as error:
        return tuple(error.args[1])
    return ()


def summary(found: Graph) -> str:
    """Rooms, floors and arrows in a line."""
    loops = cycles(found)
    height = "a cycle" if loops else f"{max(floors(found).values())} floors"
    return f"{len(found)} rooms, {height}, {sum(map(len, found.values()))} arrows"


def main() -> None:
    """Print the rooms from the top floor down, then the summary."""
    found = graph(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT)
    if loops := cycles(found):
        print(f"cycle: {', '.join(loops[0])}")
        for room in loops[0]:
            print(f"  {room}: {', '.join(sorted(found[room] & set(loops[0])))}")
    else:
        height = floors(found)
        for room in sorted(found, key=lambda each: (-height[each], each)):
            print(f"{height[room]:>3}  {room:<12} {', '.join(sorted(found[room]))}")
    print(summary(found))


if __name__ == "__main__":
    main()
