"""Configurations of both engines, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from sftsec_elastic.config import ElasticConfig
from sftsec_opensearch.config import OpenSearchConfig

Options = Mapping[str, Any]
HTTPS = "https://siem.example:9200"
LOGIN = {"username": "ann", "password": "env:SFTSEC_TEST_PASSWORD"}
SECRET = "hunter2-do-not-repeat"


def elastic(options: Options) -> BaseModel:
    return ElasticConfig.model_validate({"url": HTTPS, **options})


def opensearch(options: Options) -> BaseModel:
    return OpenSearchConfig.model_validate(
        {"url": HTTPS, "sources": [{"index": "mail"}], **options}
    )


def refusal(config: Callable[[Options], BaseModel], **options: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        config(options)
    return "; ".join(f"{error['loc']}: {error['msg']}" for error in refused.value.errors())
