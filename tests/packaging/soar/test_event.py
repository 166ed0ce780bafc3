"""The fields of an event as a playbook gives them."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.packaging.soar.tools import lay


@pytest.fixture(scope="module", autouse=True)
def _app_modules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The modules of the built app, to be imported here."""
    project = str(lay(tmp_path_factory.mktemp("soar")))
    sys.path.insert(0, project)
    yield
    sys.path.remove(project)


class TestReadFields:
    def test_flattens_objects_and_drops_empty_values(self) -> None:
        from src.event import read_fields

        text = (
            '{"a": {"b": 1, "c": {"d": true}}, "e": [1, null, "x", {"f": 2}], "g": "", "h": null}'
        )
        assert read_fields(text) == {"a.b": "1", "a.c.d": "true", "e": ["1", "x", '{"f": 2}']}
        assert read_fields("  ") == {}

    @pytest.mark.parametrize("text", ["[1]", "{", '"x"', '{"a":' * 30 + "1" + "}" * 30])
    def test_refuses_what_is_not_an_object(self, text: str) -> None:
        from src.event import read_fields
        from src.portable import AppError

        with pytest.raises(AppError, match="fields must be a JSON object"):
            read_fields(text)
