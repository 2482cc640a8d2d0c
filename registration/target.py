"""A target: what a person names on the command line, here or in Azure.

    PATH                                            a file or folder here
    https://ACCOUNT.blob.SUFFIX/CONTAINER/NAME      a blob, or a folder of blobs
    azureml://jobs/…, azureml://datastores/…, runs:/…, and the long form     places (`uris.py`)
    azureml:NAME:VERSION, an ARM id, …              a version of a model (`assets.py`)

`str(parse_target(text))` is `text` again, letter for letter. A file here whose name begins like a URI is named with a
`./` before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from registration.artifacts.store import Location
from registration.assets import parse_asset
from registration.errors import InputError
from registration.uris import parse_uri

if TYPE_CHECKING:
    from registration.assets import Asset
    from registration.uris import Uri

type Target = LocalPath | BlobUrl | Uri | Asset

_HOST: Final = re.compile(r"(?P<account>[a-z0-9]{3,24})\.blob\.(?P<suffix>[a-z0-9.-]+)")
_PLACES: Final = ("azureml://jobs/", "azureml://datastores/", "runs:/")
_PLACE_FORMS: Final = "azureml://jobs/JOB/outputs/OUTPUT, azureml://datastores/DATASTORE/paths/PATH"
_DATASTORE: Final = re.compile(r"azureml://subscriptions/.+/datastores/", re.DOTALL)
_ASSETS: Final = ("azureml:", "/subscriptions/")


@dataclass(frozen=True)
class LocalPath:
    """A file or folder on this machine, as the shell writes it."""

    path: str

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True)
class BlobUrl:
    """A blob or a folder of blobs; `suffix` is the cloud's storage suffix."""

    url: str
    suffix: str
    location: Location

    def __str__(self) -> str:
        return self.url


def parse_target(text: str) -> Target:
    """What `text` names; raises InputError for a URL or a URI that cannot be used, and says what to write."""
    if re.match("https?://", text):
        return _blob(text)
    if text.startswith(_PLACES) or _DATASTORE.match(text):
        return parse_uri(text)
    if text.startswith(_ASSETS):
        return _asset(text)
    if not text:
        raise InputError("name a file, a folder, a URL or a URI")
    return LocalPath(text)


def _asset(text: str) -> Asset:
    try:
        return parse_asset(text)
    except InputError as wrong:
        if not text.startswith("azureml://"):
            raise
        raise InputError(f"{wrong}; or a place: {_PLACE_FORMS}") from None


def _blob(url: str) -> BlobUrl:
    parts = urlsplit(url)
    host = _HOST.fullmatch(parts.hostname or "")
    container, _, name = unquote(parts.path).strip("/").partition("/")
    if parts.scheme != "https" or host is None or not container or parts.port or parts.username:
        raise InputError("write the URL as https://ACCOUNT.blob.core.windows.net/CONTAINER/NAME")
    if parts.query or parts.fragment:
        raise InputError("leave out what follows the name; Registrar reads as who is signed in, not with a SAS")
    return BlobUrl(url, host["suffix"], Location(host["account"], container, name))
