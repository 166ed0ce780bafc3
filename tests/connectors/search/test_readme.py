"""What the connectors' pages show is what the configuration accepts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from sftsec_core.config.settings import Settings
from sftsec_elastic.config import ElasticConfig
from sftsec_opensearch.config import OpenSearchConfig
from sftsec_search.config import SearchConfig

CONNECTORS = Path(__file__).parents[3] / "connectors"
MODELS: dict[str, type[SearchConfig]] = {"elastic": ElasticConfig, "opensearch": OpenSearchConfig}


def page(kind: str) -> str:
    return (CONNECTORS / f"sftsec_{kind}" / "README.md").read_text(encoding="utf-8")


class TestReadme:
    @pytest.mark.parametrize("kind", MODELS)
    def test_has_an_example_that_is_valid(self, kind: str) -> None:
        example, *_ = re.findall(r"```yaml\n(.*?)```", page(kind), re.DOTALL)
        settings = Settings.model_validate(yaml.safe_load(example))
        [connector] = settings.connectors.values()
        assert MODELS[connector.type].model_validate(connector.options())

    @pytest.mark.parametrize("kind", MODELS)
    def test_names_every_key(self, kind: str) -> None:
        text = page(kind) + (page("elastic") if kind == "opensearch" else "")
        missing = [name for name in MODELS[kind].model_fields if f"`{name}`" not in text]
        assert missing == []
