"""What the cluster needs before the first push: a template, a data stream, an index of verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sftsec_search.config import DATASET
from sftsec_search.errors import RequestError
from sftsec_search.fields import DETECTION_FIELDS, mapping_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_search.engine import Engine

TEMPLATE = "sftsec-detections"
PACKAGED = f"logs-{DATASET}"  # what the integration package names its own
_PRIORITY = 150  # above the built-in `logs` (100), below what Kibana installs of a package (200)


def detections_template(extra: Mapping[str, Any]) -> dict[str, Any]:
    """The index template of the data stream; `extra` joins its `template`."""
    strings = {"match_mapping_type": "string", "mapping": {"type": "keyword", "ignore_above": 1024}}
    return {
        "index_patterns": [f"logs-{DATASET}-*"],
        "data_stream": {},
        "priority": _PRIORITY,
        "_meta": {"description": "Detections of sftsec", "managed_by": "sftsec"},
        "template": {
            "mappings": {
                "dynamic_templates": [{"strings": strings}],
                "properties": mapping_of(DETECTION_FIELDS),
            },
            **extra,
        },
    }


def set_up(
    engine: Engine,
    stream: str,
    indices: Mapping[str, Mapping[str, Any]],
    extra: Mapping[str, Any],
) -> list[str]:
    """Make what is missing; say what was made.

    Args:
        engine: the cluster.
        stream: the data stream of detections.
        indices: further indices with their mappings.
        extra: joins the template (a lifecycle, settings).

    Raises:
        AccessError: when a privilege is missing.
    """
    made = []
    if exists(engine, f"/_index_template/{PACKAGED}"):
        made.append(f"the integration package's template {PACKAGED} is there and stays")
    else:
        body = detections_template(extra)
        engine.request("PUT", f"/_index_template/{TEMPLATE}", body=body)
        made.append(f"wrote the index template {TEMPLATE}")
    if not exists(engine, f"/_data_stream/{stream}"):
        engine.request("PUT", f"/_data_stream/{stream}")
        made.append(f"made the data stream {stream}")
    for index, mappings in indices.items():
        if not exists(engine, f"/{index}/_mapping"):
            engine.request("PUT", f"/{index}", body={"mappings": mappings})
            made.append(f"made the index {index}")
    return made


def exists(engine: Engine, path: str) -> bool:
    """Whether a GET finds it.

    Raises:
        AccessError: when it may not be looked at.
    """
    try:
        engine.request("GET", path)
    except RequestError as error:
        if error.status == 404:
            return False
        raise
    return True
