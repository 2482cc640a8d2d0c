"""Serving: what a policy says of how a model is made and served. It is written on the version and decides nothing.

Files that it names have to be among the candidate's (`registration.sources.served`). Who deploys the version reads it.
"""

import re
from decimal import Decimal
from typing import Annotated, Final, Self

from pydantic import AfterValidator, PlainSerializer, PlainValidator, WithJsonSchema, model_validator

from registration.assets import asset_in
from registration.documents import Document
from registration.errors import InputError
from registration.policy import number
from registration.policy.fields import RelativePath, Word, is_crooked
from registration.uris import parse_uri

_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:.*", re.DOTALL)


def _size(written: object) -> Decimal:
    value = number.read(written)
    if isinstance(value, number.Flaw) or value <= 0:
        raise ValueError("must be a number above 0, without quotes and unit, such as 0.5")
    return value


def _sample(written: str) -> str:
    if not _URI.fullmatch(written):
        if is_crooked(written) or "\\" in written:
            raise ValueError("must be a data asset with its version, the URI of data, or a relative path in the model")
        return written
    if asset_in(written) is None:
        try:
            parse_uri(written)
        except InputError as unknown:
            raise ValueError(str(unknown)) from None
    return written


_ABOVE_ZERO: Final = {"type": "number", "exclusiveMinimum": 0}

type Size = Annotated[Decimal, PlainValidator(_size), PlainSerializer(number.text), WithJsonSchema(_ABOVE_ZERO)]
type Sample = Annotated[Word, AfterValidator(_sample)]


class Framework(Document):
    """The library that made the model, and its version."""

    name: Word
    version: Word | None = None


class Serving(Document):
    """The inference `script` in the model's files, samples of data, and what one instance needs.

    A sample is a data asset, a URI, or a path among the files. `cpu` counts cores, `memory_gb` gigabytes.
    """

    script: RelativePath | None = None
    sample_input: Sample | None = None
    sample_output: Sample | None = None
    cpu: Size | None = None
    memory_gb: Size | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("must say something; leave it out where there is nothing to say")
        return self

    @property
    def files(self) -> dict[str, str]:
        """Key and path of each file that has to be among the model's."""
        named = {"script": self.script, "sample_input": self.sample_input, "sample_output": self.sample_output}
        return {key: path for key, path in named.items() if path is not None and not _URI.fullmatch(path)}

    @property
    def properties(self) -> dict[str, str]:
        """As properties of a version, by `serving.` key."""
        said = self.model_dump(mode="json", exclude_none=True)
        return {f"serving.{key}": value for key, value in said.items()}


def properties_of(framework: Framework | None, serving: Serving | None) -> dict[str, str]:
    """What both say, as properties of a version; what is not said is left out."""
    made = framework.model_dump(mode="json", exclude_none=True) if framework else {}
    return {**{f"framework.{key}": value for key, value in made.items()}, **(serving.properties if serving else {})}
