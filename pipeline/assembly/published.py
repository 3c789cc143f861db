"""The JSON Schema of a model as it is published: what we write, Draft 2020-12."""

from functools import cache
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

__all__ = ["schema_of"]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


class _Written(GenerateJsonSchema):
    """We write every field, also those with a default; readers elsewhere have no defaults to fill in."""

    def field_is_required(self, field: Any, total: bool) -> bool:  # noqa: ARG002  # the signature is pydantic's
        return True


@cache
def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of what a model writes: every field is there, and no other."""
    return {"$schema": _DIALECT, **model.model_json_schema(mode="serialization", schema_generator=_Written)}
