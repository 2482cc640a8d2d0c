"""How a document a person wrote becomes a typed value, or an error that names the place.

Policies, manifests and settings are pydantic models of `Document`. `load` translates pydantic's report into
`Problem`s: the path as a person would write it (`models[0].metrics.accuracy`), and for an unknown key the nearest
known one. Nothing here knows which document it reads.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAliasType, TypeIs, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from registration.errors import DocumentError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_KEY_ITSELF = "[key]"  # how pydantic says that the key of a mapping is wrong, not its value
_IN_WORDS = {
    "missing": "is required",
    "string_type": "must be text",
    "dict_type": "must be a mapping of keys to values",
    "mapping_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
    "list_type": "must be a list",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number, without quotes",
    "tuple_type": "must be a list",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}


class Document(BaseModel):
    """Base of everything parsed from outside: immutable, and a key it does not know is an error."""

    # Built when the first one is read: most are parts of others, or of messages that hardly ever come.
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)


def load[T: Document](model: type[T], data: object, *, source: str, error: type[DocumentError] = DocumentError) -> T:
    """Validate `data` (parsed JSON or YAML) as `model`; a field with an alias is known by its alias only.

    Raises `error` with every problem found, in document order, when `data` is not a valid `model`.
    """
    try:
        return model.model_validate(data, by_alias=True, by_name=False)
    except ValidationError as invalid:
        raise error(source, problems(model, invalid)) from None


def schema(model: type[Document], *, title: str) -> dict[str, Any]:
    """The JSON Schema of `model` for editors, in the dialect of 2020-12, without null and without titles of members."""
    made: dict[str, Any] = _plain(model.model_json_schema(by_alias=True))
    return {"$schema": DIALECT, "title": title, **made}


def problems(model: type[BaseModel], invalid: ValidationError) -> list[Problem]:
    """Pydantic's report in our words, one problem per place."""
    items = [dict(item) for item in invalid.errors(include_url=False)]
    return [_problem(model, item) for item in items if not _follows_from_another(item, items)]


def spelled(path: Iterable[str | int]) -> str:
    """`("models", 0, "name")` as `models[0].name`; a key that is not one plain word stands in brackets and quotes."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text


def nearest(key: str, known: Iterable[str]) -> str | None:
    """The known key that `key` was most likely meant to be, if any is near."""
    return next(iter(difflib.get_close_matches(key, list(known), n=1, cutoff=0.5)), None)


def _follows_from_another(item: Mapping[str, Any], items: Iterable[Mapping[str, Any]]) -> bool:
    """Pydantic also calls a list too short when its only entries are wrong."""
    place = item["loc"]
    inside = (other["loc"] for other in items if len(other["loc"]) > len(place))
    return item["type"] == "too_short" and any(loc[: len(place)] == place for loc in inside)


def _problem(model: type[BaseModel], item: Mapping[str, Any]) -> Problem:
    location = tuple(part for part in item["loc"] if part != _KEY_ITSELF)
    if item["type"] == "extra_forbidden":
        return Problem(spelled(location), _unknown_key(model, location))
    return Problem(spelled(location), _what_is_wrong(item))


def _what_is_wrong(item: Mapping[str, Any]) -> str:
    kind, given = item["type"], item["input"]
    if kind == "value_error":
        return str(item["msg"]).removeprefix("Value error, ")
    if kind == "literal_error":
        return _not_one_of(str(given), item["ctx"]["expected"])
    if kind == "string_too_long":
        return f"is longer than {item['ctx']['max_length']} characters; shorten it"
    if kind == "string_type" and isinstance(given, bool | int | float | Decimal):
        return f'must be text; put it in quotes: "{_as_written(given)}"'
    message = str(item["msg"]).replace("Input should be", "must be", 1)
    return _IN_WORDS.get(kind) or message[:1].lower() + message[1:]


def _not_one_of(given: str, expected: str) -> str:
    choices = re.findall(r"'([^']*)'", expected)
    near = nearest(given, choices) if len(choices) > 1 else None
    return f"must be {expected}; did you mean {near!r}?" if near else f"must be {expected}"


def _as_written(given: float | Decimal) -> str:
    return str(given).lower() if isinstance(given, bool) else str(given)


def _unknown_key(model: type[BaseModel], location: tuple[str | int, ...]) -> str:
    known = sorted(_known_keys(model, location[:-1]))
    near = nearest(str(location[-1]), known)
    hint = f"did you mean {near!r}?" if near else f"known keys: {', '.join(known)}"
    return f"unknown key; {hint}"


def _known_keys(model: type[BaseModel], path: tuple[str | int, ...]) -> set[str]:
    annotation: object = model
    for part in path:
        annotation = _inside(annotation, part)
    found = _model_of(annotation)
    return {info.alias or name for name, info in found.model_fields.items()} if found else set()


def _inside(annotation: object, part: str | int) -> object:
    """How the value at `part` of a value annotated `annotation` is annotated; None if that cannot be said."""
    annotation = _named(annotation)
    if _is_model(annotation):
        return _field(annotation, part)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return arguments[1]
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return arguments[0] if isinstance(part, int) else None
    return next((found for one in arguments if (found := _inside(one, part)) is not None), None)


def _field(model: type[BaseModel], part: str | int) -> object:
    fields = model.model_fields.items()
    return next((info.annotation for name, info in fields if part == (info.alias or name)), None)


def _model_of(annotation: object) -> type[BaseModel] | None:
    """The model itself, or the one in a union or in `Annotated`."""
    annotation = _named(annotation)
    if _is_model(annotation):
        return annotation
    return next((one for one in get_args(annotation) if _is_model(one)), None)


def _named(annotation: object) -> object:
    """What a `type` statement names."""
    return annotation.__value__ if isinstance(annotation, TypeAliasType) else annotation


def _is_model(annotation: object) -> TypeIs[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _plain(said: Any) -> Any:
    """Pydantic's schema without what no document of ours can hold (null) and what nobody reads (titles of members)."""
    if isinstance(said, list):
        return [_plain(one) for one in said]
    if not isinstance(said, dict):
        return said
    kept = {key: _plain(value) for key, value in said.items() if not _is_noise(key, value)}
    if "minLength" in kept and kept.get("type") == "object":
        kept["minProperties"] = kept.pop("minLength")
    alternatives = [one for one in kept.get("anyOf", ()) if one != {"type": "null"}]
    if len(alternatives) == 1:
        kept.pop("anyOf")
        return alternatives[0] | kept
    return kept | ({"anyOf": alternatives} if alternatives else {})


def _is_noise(key: str, value: object) -> bool:
    return (key == "title" and isinstance(value, str)) or (key == "default" and value is None)
