"""The settings of `connectors.NAME` for `type: elastic`."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sftsec_core.api.settings.addresses import check_urls, refuse_clear_text
from sftsec_core.api.settings.secrets import SecretRef
from sftsec_core.api.settings.values import Strict, TextMap
from sftsec_search.config import RENAME, IndexNames, IndexSource, SearchConfig

_FINGERPRINT = re.compile(r"^[0-9a-f]{64}$")
NEEDS_LABEL = "sftsec:needs-label"

REASONS = {
    "true_positive": "true_positive",
    "false_positive": "false_positive",
    "benign_positive": "benign_positive",
    "automated_closure": "false_positive",
    "duplicate": "undetermined",
    "other": "undetermined",
}
TAGS = {
    "True Positive": "true_positive",
    "False Positive": "false_positive",
    "Benign Positive": "benign_positive",
    "sftsec:true-positive": "true_positive",
    "sftsec:false-positive": "false_positive",
    "sftsec:benign-positive": "benign_positive",
}
WORDS = {word: verdict for word, verdict in REASONS.items() if word == verdict}


class AlertsSource(BaseModel):
    """The security alerts of a space, judged by their closing reason and by tags."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["alerts"] = "alerts"
    index: IndexNames | None = Field(
        None, description="Default: .alerts-security.alerts-SPACE of the connector's space."
    )
    reasons: TextMap = Field(
        REASONS,
        description="Closing reason to the verdict that tasks see; one that is not here is its own "
        "value.",
    )
    tags: TextMap = Field(
        TAGS, description="Alert tag to the verdict that tasks see; other tags are no verdict."
    )
    automated_reasons: tuple[str, ...] = Field(
        ("automated_closure",), description="Reasons that no person gave: weaker evidence."
    )
    query: dict[str, Any] | None = Field(
        None, description="Only the alerts that this query matches, e.g. those of some rules."
    )
    rename: dict[str, str] = Field(
        default_factory=dict, description=f"{RENAME}; before the connector's own."
    )


class CaseSettings(Strict):
    """Which closed cases are verdicts on the alerts attached to them."""

    owner: str = Field(
        "securitySolution", description="Whose cases: securitySolution, observability or cases."
    )
    tags: TextMap = Field(
        TAGS, description="Case tag to the verdict that tasks see; other tags are no verdict."
    )
    custom_field: str | None = Field(
        None, description="Key of a custom field of cases that holds one of `words`."
    )
    comment: bool = Field(
        False, description="Whether a line of the last comment may be one of `words`."
    )
    words: TextMap = Field(
        WORDS,
        description="What the custom field or the comment says, to the verdict that tasks see.",
    )


class ElasticConfig(SearchConfig):
    """Where Elasticsearch and Kibana are, and what to read."""

    api_key: SecretRef | None = Field(None, description="Encoded API key (base64 of id:key).")
    fingerprint: str | None = Field(
        None, description="SHA-256 of the server's certificate, instead of ca_file."
    )
    kibana_url: str | None = Field(
        None, description="https://kibana:5601; needed to ask analysts for labels."
    )
    cases: CaseSettings | None = Field(
        None,
        description="Closed Kibana cases give verdicts on the alerts attached to them; {} takes "
        "the defaults. Needs kibana_url.",
    )
    shown_fields: tuple[str, ...] = Field(
        ("host.name", "user.name", "event.category"),
        description="Fields of the event that stand on its detection as they are in the cluster, "
        "whatever a task keeps and redacts; [] for none.",
    )
    space: str = Field("default", pattern="^[a-z0-9_-]+$", description="Kibana space.")
    sources: tuple[Annotated[AlertsSource | IndexSource, Field(discriminator="kind")], ...] = Field(
        (AlertsSource(),), min_length=1, description="What to read, in this order."
    )

    def has_credentials(self) -> bool:
        """Whether requests carry something that must not be read on the way."""
        return self.password is not None or self.api_key is not None

    @property
    def alerts_index(self) -> str:
        """The alerts of the configured space."""
        return f".alerts-security.alerts-{self.space}"

    @field_validator("fingerprint")
    @classmethod
    def _is_a_sha256(cls, value: str | None) -> str | None:
        plain = None if value is None else value.replace(":", "").lower()
        if plain is not None and not _FINGERPRINT.match(plain):
            raise ValueError("a fingerprint is the SHA-256 of the certificate: 64 hex digits")
        return plain

    @field_validator("kibana_url")
    @classmethod
    def _looks_like_kibanas_address(cls, url: str | None) -> str | None:
        if url is not None:
            check_urls([url])
        return url and url.rstrip("/")

    @model_validator(mode="after")
    def _log_in_one_way(self) -> ElasticConfig:
        if self.api_key is not None and self.password is not None:
            raise ValueError("give api_key, or username and password, not both")
        if self.cases is not None and self.kibana_url is None:
            raise ValueError("cases are read through Kibana: set kibana_url")
        if self.fingerprint is not None and self.ca_file is not None:
            raise ValueError("give ca_file or fingerprint, not both")
        if self.kibana_url is not None and self.has_credentials():
            refuse_clear_text([self.kibana_url])
        return self
