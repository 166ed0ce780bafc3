"""The settings of `connectors.NAME` for `type: opensearch`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from sftsec_search.config import RENAME, IndexNames, IndexSource, SearchConfig


class SecurityFindingsSource(BaseModel):
    """The findings of Security Analytics, with the documents that their rules matched."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["findings"] = "findings"
    index: IndexNames = Field(
        ".opensearch-sap-*-findings*",
        description="Indices of findings; `.opensearch-sap-windows-findings*` are those of one "
        "log type.",
    )
    query: dict[str, Any] | None = Field(
        None, description="Only the findings that this query matches, such as a detector's."
    )
    rename: dict[str, str] = Field(
        default_factory=dict, description=f"{RENAME}; before the connector's own."
    )


def _kind_of(source: object) -> str:
    """A source without `kind` is an index."""
    named = source.get("kind", "index") if isinstance(source, dict) else None
    return str(getattr(source, "kind", "index") if named is None else named)


class OpenSearchConfig(SearchConfig):
    """Where OpenSearch is, and what to read: for Wazuh, `sources: [{index: "wazuh-alerts-*"}]`."""

    sources: tuple[
        Annotated[
            Annotated[IndexSource, Tag("index")]
            | Annotated[SecurityFindingsSource, Tag("findings")],
            Discriminator(
                _kind_of,
                custom_error_type="unknown_kind",
                custom_error_message="`kind` is 'index' or 'findings'",
            ),
        ],
        ...,
    ] = Field(min_length=1, description="What to read, in this order.")
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
