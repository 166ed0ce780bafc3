"""Offers the step "redact"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sftsec_core.api.contracts import StepSpec
from sftsec_core.api.hookspecs import hookimpl
from sftsec_pii.config import RedactConfig
from sftsec_pii.labelled import labelled_texts
from sftsec_pii.redact import create


@hookimpl
def sftsec_register_steps() -> Sequence[StepSpec[Any]]:
    """Offer "redact", which runs after "normalise" and before anything is written."""
    summary = "personal data and secrets to typed placeholders, equal values to equal ones"
    return [
        StepSpec(
            name="redact",
            summary=summary,
            order=200,
            config_model=RedactConfig,
            create=create,
            labelled_texts=labelled_texts,
        )
    ]
