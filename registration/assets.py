"""Assets: what Azure ML keeps under a name and an exact version, such as data, models and environments.

    azureml:NAME:VERSION                                                          as people write it
    azureml://registries/REGISTRY/KIND/NAME/versions/VERSION                      shared
    azureml://locations/LOCATION/workspaces/GUID/KIND/NAME/versions/VERSION       as run history says it
    azureml://subscriptions/S/resource[gG]roups/R/workspaces/W/KIND/NAME/versions/VERSION
    azureml://resource[gG]roups/R/workspaces/W/KIND/NAME/versions/VERSION
    azureml://KIND/NAME/versions/VERSION
    [azureml:]/subscriptions/S/resource[gG]roups/R/providers/Microsoft.MachineLearningServices
        /workspaces/W/KIND/NAME/versions/VERSION                                  ARM, as jobs report it

The forms are those that azure-ai-ml (1.35.2) reads. `str(parse_asset(text))` is `text` again, letter for letter. A
label such as `@latest` is no asset: what it stands for changes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from registration.errors import InputError
from registration.uris import SEGMENT, check_segments

type Kind = Literal["data", "models", "environments", "codes", "components", "datasets"]

KINDS: Final[tuple[str, ...]] = get_args(Kind.__value__)
_WHAT: Final = "{kind}/{name}/versions/{version}"
_PROVIDED: Final = "providers/Microsoft.MachineLearningServices/workspaces/{workspace}"
_ARM: Final = f"/subscriptions/{{subscription}}/{{groups}}/{{resource_group}}/{_PROVIDED}/{_WHAT}"
_LONG: Final = f"subscriptions/{{subscription}}/{{groups}}/{{resource_group}}/workspaces/{{workspace}}/{_WHAT}"
_FORMS: Final = (
    "azureml:{name}:{version}",
    f"azureml://registries/{{registry}}/{_WHAT}",
    f"azureml://locations/{{location}}/workspaces/{{workspace}}/{_WHAT}",
    f"azureml://{_LONG}",
    f"azureml://{_LONG.removeprefix('subscriptions/{subscription}/')}",
    f"azureml://{_WHAT}",
    _ARM,
    f"azureml:{_ARM}",
)
_SHORT: Final = _FORMS[0]
_PLACE: Final = ("registry", "subscription", "resource_group", "workspace", "location")
_SHORT_PART: Final = r"[^/:@\x00-\x1f\x7f]+"
_ANONYMOUS: Final = re.compile(r"azureml_.+_(?:input|output)_(?:data|model)_.+", re.DOTALL)  # recorded in run history
_LABEL: Final = re.compile(rf"azureml:{_SHORT_PART}@{_SHORT_PART}|(?:azureml:)?/.*/labels/{SEGMENT}", re.DOTALL)
_KNOWN_FORMS: Final = "azureml:NAME:VERSION, azureml://registries/REGISTRY/KIND/NAME/versions/VERSION, an ARM id"


def _reader(form: str) -> re.Pattern[str]:
    part = _SHORT_PART if form == _SHORT else SEGMENT
    known = {"kind": "|".join(KINDS), "groups": "resourcegroups|resourceGroups"}
    literal = re.split(r"{(\w+)}", form)
    parts = [
        f"(?P<{text}>{known.get(text, part)})" if place % 2 else re.escape(text) for place, text in enumerate(literal)
    ]
    return re.compile("".join(parts))


_READERS: Final = {form: _reader(form) for form in _FORMS}


@dataclass(frozen=True)
class Asset:
    """An asset's version. `kind` is None where the text does not say it; so are all that tell where it is kept.

    `workspace` is a name, or with a `location` the workspace's GUID. `form` and `groups` are how the text said it.
    Raises InputError when a part could not be read back from the text.
    """

    name: str
    version: str
    kind: str | None = None
    registry: str | None = None
    subscription: str | None = None
    resource_group: str | None = None
    workspace: str | None = None
    location: str | None = None
    form: str = field(default=_SHORT, compare=False)
    groups: str = field(default="resourceGroups", compare=False)

    def __post_init__(self) -> None:
        said = {part: str(getattr(self, part)) for part in _READERS[self.form].groupindex}
        check_segments(**said)
        found = _READERS[self.form].fullmatch(str(self))
        unsaid = [part for part in ("kind", *_PLACE) if part not in said and getattr(self, part) is not None]
        if found is None or found.groupdict() != said or unsaid:
            raise InputError(f"{self} would not name {self.name!r} in version {self.version!r}")

    def __str__(self) -> str:
        return self.form.format_map({part: getattr(self, part) for part in _READERS[self.form].groupindex})

    @property
    def is_anonymous(self) -> bool:
        """Whether Azure ML made it for an input or output of a job, so that it only stands for a path."""
        return _ANONYMOUS.fullmatch(self.name) is not None

    @property
    def short(self) -> str:
        """`NAME:VERSION`, as people say it."""
        return f"{self.name}:{self.version}"

    def may_be(self, other: Asset) -> bool:
        """Whether both can be one asset: nothing that both say is different. A GUID may be any workspace's."""
        said = ((getattr(self, part), getattr(other, part)) for part in ("name", "version", "kind", "registry"))
        return all(one == another for one, another in said if one is not None and another is not None)


def parse_asset(text: str) -> Asset:
    """The asset that `text` names.

    Raises InputError when the form is unknown, or when a label stands where a version is due.
    """
    for form, reader in _READERS.items():
        if found := reader.fullmatch(text):
            return Asset(**found.groupdict(), form=form)
    if _LABEL.fullmatch(text):
        raise InputError(f"{text!r} names no version, only a label, and what that stands for changes; name a version")
    raise InputError(f"{text!r} is not an asset with a version; known forms: {_KNOWN_FORMS}")


def asset_in(text: str) -> Asset | None:
    """The asset that `text` names; None for anything else."""
    try:
        return parse_asset(text)
    except InputError:
        return None
