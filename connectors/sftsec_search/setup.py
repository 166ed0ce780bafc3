"""What the cluster needs before the first push: templates, data streams, indices of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.sdk.errors import RequestError
from sftsec_search.config import AUDIT_DATASET, DATASET
from sftsec_search.fields import AUDIT_FIELDS, DETECTION_FIELDS, Field, mapping_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_search.client import SearchClient

_PRIORITY = 150  # above the built-in `logs` (100), below what Kibana installs of a package (200)


@dataclass(frozen=True, slots=True)
class Stream:
    """A kind of data stream.

    Attributes:
        dataset: the middle part of its name.
        template: what we name our index template.
        fields: what its documents hold.
    """

    dataset: str
    template: str
    fields: tuple[Field, ...]

    @property
    def packaged(self) -> str:
        """What the integration package names its own template."""
        return f"logs-{self.dataset}"

    @property
    def templates(self) -> tuple[str, str]:
        """Either of the index templates that make a data stream of this kind."""
        return (self.template, self.packaged)

    def body(self, extra: Mapping[str, Any]) -> dict[str, Any]:
        """The index template; `extra` joins its `template`."""
        string = {"type": "keyword", "ignore_above": 1024}
        strings = {"match_mapping_type": "string", "mapping": string}
        return {
            "index_patterns": [f"logs-{self.dataset}-*"],
            "data_stream": {},
            "priority": _PRIORITY,
            "_meta": {"description": f"{self.dataset} documents", "managed_by": "sftsec"},
            "template": {
                "mappings": {
                    "dynamic_templates": [{"strings": strings}],
                    "properties": mapping_of(self.fields),
                },
                **extra,
            },
        }


DETECTIONS = Stream(DATASET, "sftsec-detections", DETECTION_FIELDS)
AUDIT = Stream(AUDIT_DATASET, "sftsec-audit", AUDIT_FIELDS)


def set_up_stream(
    client: SearchClient, stream: Stream, namespace: str, extra: Mapping[str, Any]
) -> list[str]:
    """Make a data stream with its template, where they are missing; return what was made.

    Raises:
        AccessError: when a privilege is missing.
    """
    made = []
    if exists(client, f"/_index_template/{stream.packaged}"):
        made.append(f"the integration package's template {stream.packaged} is there and stays")
    else:
        client.request("PUT", f"/_index_template/{stream.template}", body=stream.body(extra))
        made.append(f"wrote the index template {stream.template}")
    name = f"logs-{stream.dataset}-{namespace}"
    if not exists(client, f"/_data_stream/{name}"):
        client.request("PUT", f"/_data_stream/{name}")
        made.append(f"made the data stream {name}")
    return made


def set_up_index(client: SearchClient, index: str, mappings: Mapping[str, Any]) -> list[str]:
    """Make an index, or add the fields that an older version made it without; return what was made.

    Raises:
        AccessError: when a privilege is missing.
    """
    if not exists(client, f"/{index}/_mapping"):
        client.request("PUT", f"/{index}", body={"mappings": mappings})
        return [f"made the index {index}"]
    lacking = lacking_fields(client.request("GET", f"/{index}/_mapping"), mappings)
    if not lacking:
        return []
    # Those alone: a field that another tool has mapped otherwise cannot be changed.
    added = {name: mappings["properties"][name] for name in lacking}
    client.request("PUT", f"/{index}/_mapping", body={"properties": added})
    return [f"added {', '.join(lacking)} to the index {index}"]


def lacking_fields(found: Mapping[str, Any], mappings: Mapping[str, Any]) -> list[str]:
    """The fields of ours that an index lacks, given the answer on its mapping."""
    there = [each["mappings"].get("properties", {}) for each in found.values()]
    return [name for name in mappings["properties"] if any(name not in each for each in there)]


def exists(client: SearchClient, path: str) -> bool:
    """Whether a GET finds it.

    Raises:
        AccessError: when it may not be looked at.
    """
    try:
        client.request("GET", path)
    except RequestError as error:
        if error.status == 404:
            return False
        raise
    return True
