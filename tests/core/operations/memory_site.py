"""A context whose one connector, `siem`, is an object of this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sftsec_core.api.contracts import Connector, ConnectorContext, ConnectorSpec, EmptyConfig
from sftsec_core.api.domain import Event
from sftsec_core.api.hookspecs import hookimpl
from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.context import Context
from sftsec_core.operations.preflight import read
from sftsec_core.testing import MemoryConnector, MemorySource


class MemoryPlugin:
    """Registers the connector type `memory`; notes the contexts that it was opened with."""

    def __init__(self, make: Callable[[], Connector]) -> None:
        self.make = make
        self.opened: list[ConnectorContext] = []

    @hookimpl
    def sftsec_register_connectors(self) -> Sequence[ConnectorSpec[Any]]:
        return [ConnectorSpec(name="memory", summary="In memory", create=self._create)]

    def _create(self, _config: EmptyConfig, context: ConnectorContext) -> Connector:
        self.opened.append(context)
        return self.make()


class SeveralPlugin(MemoryPlugin):
    """Registers the type `memory`, whose connectors have a source each, by their names."""

    def __init__(self, sources: Mapping[str, MemorySource], *, page_size: int = 50) -> None:
        super().__init__(lambda: MemoryConnector(MemorySource()))
        self.sources = sources
        self.page_size = page_size

    def _create(self, _config: EmptyConfig, context: ConnectorContext) -> Connector:
        self.opened.append(context)
        return MemoryConnector(self.sources[context.name], page_size=self.page_size)


def memory_context(
    folder: Path,
    plugin: object,
    *plugins: object,
    sinks: Sequence[Callable[[Event], None]] = (),
    connectors: Sequence[str] = ("siem",),
    **task: Any,
) -> Context:
    """Open a context in a folder; `plugin` registers the type `memory`."""
    file = folder / "sftsec.yaml"
    settings = {
        "connectors": {name: {"type": "memory"} for name in connectors},
        "tasks": {
            "mail": {
                "connector": list(connectors),
                "text": ["message"],
                "labels": {"benign": ["benign"], "malicious": ["malicious"]},
                "benign": "benign",
                "split": {"method": "stratified"},
                "train": {"recipe": "linear", "launcher": "here"},
                "gate": {"min_labels": 5},
                **task,
            }
        },
    }
    file.write_text(json.dumps(settings), encoding="utf-8")
    checked, loaded = read(file)
    for each in (plugin, *plugins):
        loaded.add(each)
    return Context(file, checked, loaded, actor=local_admin("test"), sinks=sinks)
