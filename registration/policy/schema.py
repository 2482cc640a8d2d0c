"""The JSON Schema of a policy, for editors; it is published as docs/formats/policy.schema.json.

It knows keys, words and kinds of values. What it cannot say, `document.parse` does: that parts fit each other, that a
ratio is no difference, and which YAML may be used.
"""

from __future__ import annotations

from typing import Any

from registration.policy.document import Policy

_NULL = {"type": "null"}
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema, in JSON Schema 2020-12."""
    return {"$schema": _DIALECT, "title": "Promotion policy", **_cleaned(Policy.model_json_schema(by_alias=True))}


def _cleaned(schema: dict[str, Any]) -> dict[str, Any]:
    """Without what pydantic says of Python: that a key left out is None, and the names of classes and fields."""
    kept = {key: _member(key, value) for key, value in schema.items() if not _is_about_python(key, value)}
    if kept.get("type") == "object" and "minLength" in kept:
        kept["minProperties"] = kept.pop("minLength")
    choices = [choice for choice in kept.get("anyOf", []) if choice != _NULL]
    if len(choices) == 1:
        del kept["anyOf"]
        return {**choices[0], **kept}
    return {**kept, "anyOf": choices} if choices else kept


def _member(key: str, value: Any) -> Any:
    if key in {"properties", "$defs"}:
        return {name: _cleaned(inner) for name, inner in value.items()}
    if isinstance(value, dict):
        return _cleaned(value)
    return [_cleaned(one) if isinstance(one, dict) else one for one in value] if isinstance(value, list) else value


def _is_about_python(key: str, value: Any) -> bool:
    return (key == "title" and isinstance(value, str)) or (key == "default" and value is None)
