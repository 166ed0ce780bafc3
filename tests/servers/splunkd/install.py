"""Install an app from its folder: what its configuration files bring is then there."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.servers.splunkd.entities import Entity
from tests.servers.splunkd.rest.apps import add_app
from tests.servers.splunkd.rest.indexes import add_index
from tests.servers.splunkd.rest.kinds import CONF, SAVED_SEARCH_DEFAULTS, Kind, conf_kind, native
from tests.servers.splunkd.rest.kv import add_collection
from tests.servers.splunkd.rest.saved import SEARCHES

if TYPE_CHECKING:
    from tests.servers.splunkd.state import Splunkd

Stanzas = dict[str, dict[str, str]]
_SAVED = Kind(SEARCHES, SAVED_SEARCH_DEFAULTS, open=True)


def install(splunk: Splunkd, folder: Path) -> str:
    """Install the app in a folder, from its `default` and `lookups`; return its name.

    Everything is shared with all apps, as with `export = system` in its metadata.
    """
    known = {file.stem: read_conf(file) for file in sorted((folder / "default").glob("*.conf"))}
    name = known.get("app", {}).get("package", {}).get("id", folder.name)
    launcher = known.get("app", {}).get("launcher", {})
    label = known.get("app", {}).get("ui", {}).get("label", name)
    add_app(splunk, name, label=label, version=launcher.get("version", "1.0.0"))
    for file in sorted((folder / "lookups").glob("*.csv")):
        with file.open(newline="") as lines:
            splunk.lookups.files[file.name] = [dict(row) for row in csv.DictReader(lines)]
    for conf, stanzas in known.items():
        for stanza, values in stanzas.items():
            _add(splunk, name, conf, stanza, values)
    return name


def _add(splunk: Splunkd, app: str, conf: str, stanza: str, values: dict[str, str]) -> None:
    if stanza == "default":
        return
    if conf == "indexes":
        add_index(splunk, stanza)
    elif conf == "collections":
        add_collection(splunk, app, stanza, "global", **values)
    elif conf == "savedsearches":
        _entity(splunk, SEARCHES, app, stanza, {**SAVED_SEARCH_DEFAULTS, **_typed(_SAVED, values)})
    else:
        _entity(splunk, CONF + conf, app, stanza, _typed(conf_kind(conf), values))


def _typed(kind: Kind, values: dict[str, str]) -> dict[str, Any]:
    typed = {name: native(name, kind.defaults.get(name), [v]) for name, v in values.items()}
    return {"disabled": False, **typed}


def _entity(splunk: Splunkd, kind: str, app: str, name: str, content: dict[str, Any]) -> None:
    perms = {"read": ["*"], "write": ["admin"]}
    entity = Entity(kind, name, app, "nobody", "global", content, perms, splunk.now())
    splunk.entities.add(entity)


def read_conf(file: Path) -> Stanzas:
    """Stanzas of a .conf file; a backslash at the end of a line goes on in the next."""
    stanzas: Stanzas = {}
    current = stanzas.setdefault("default", {})
    text = file.read_text().replace("\\\n", "\n ")
    key = ""
    for line in text.splitlines():
        if line.startswith(" ") and key:  # what a backslash has joined
            current[key] += f" {line.strip()}"
        elif line.startswith("[") and "]" in line:
            current, key = stanzas.setdefault(line[1 : line.rindex("]")], {}), ""
        elif "=" in line and not line.lstrip().startswith("#"):
            name, _, value = line.partition("=")
            key = name.strip()
            current[key] = value.strip()
    return stanzas
