"""A plugin thing that a task names: `NAME`, or `{name: NAME, ...}` with settings of its own."""

from __future__ import annotations

from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class Choice(BaseModel):
    """A name and the settings that belong to what it names; a bare name has none."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str

    def options(self) -> dict[str, Any]:
        """The settings of what is named."""
        return dict(self.model_extra or {})

    def __str__(self) -> str:
        return self.name

    @model_validator(mode="before")
    @classmethod
    def _take_a_bare_name(cls, value: object) -> object:
        return {"name": value} if isinstance(value, str) else value

    @model_serializer(mode="wrap")
    def _write_a_bare_name(self, write: SerializerFunctionWrapHandler) -> object:
        return write(self) if self.model_extra else self.name

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Allow both forms in an editor."""
        named = {
            "type": "object",
            "properties": {"name": {"type": "string"}},
            "required": ["name"],
        }
        return {"anyOf": [{"type": "string"}, named]}
