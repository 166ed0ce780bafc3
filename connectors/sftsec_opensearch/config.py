"""The settings of `connectors.NAME` for `type: opensearch`."""

from __future__ import annotations

from pydantic import Field

from sftsec_search.config import IndexSource, SearchConfig


class OpenSearchConfig(SearchConfig):
    """Where OpenSearch is, and what to read: for Wazuh, `sources: [{index: "wazuh-alerts-*"}]`."""

    sources: tuple[IndexSource, ...] = Field(
        min_length=1, description="What to read, in this order."
    )
    verdicts_index: str | None = Field(
        "sftsec-verdicts",
        pattern="^[a-z0-9][a-z0-9_.-]*$",
        description="Append-only index with verdicts, that `sftsec labels add` writes.",
    )
    requests_index: str = Field(
        "sftsec-needs-label",
        pattern="^[a-z0-9][a-z0-9_.-]*$",
        description="Index of the alerts that wait for a verdict.",
    )
    tie_breaker: str = Field(
        "_id",
        description="A field that no two documents of an index share, to sort by after the "
        "time. _id always is; a keyword field (Wazuh's `id`) costs the cluster less memory.",
    )
