"""An access token, as far as it can be read without checking it: the claims about whom it was issued for.

Not promised: that they are true. Whoever the token is shown to checks it; here it only says whom to show as its bearer.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final

from registration.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

NOBODY: Final = "your access token does not say who you are; sign in with `az login` and try again"


def claims(token: str) -> Mapping[str, Any]:
    """The claims in a JSON web token; raises `InputError` if it is none."""
    try:
        part = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise InputError(NOBODY)
    return found
