"""The formats of portable evidence, by the names that people type."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from registration.kept import text
from registration.portable import cyclonedx, intoto, openlineage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from registration.portable.decided import Decided

FORMATS: Final[Mapping[str, Callable[[Decided], dict[str, Any]]]] = {
    "intoto": intoto.test_result,
    "svr": intoto.svr,
    "openlineage": openlineage.run_event,
    "cyclonedx": cyclonedx.bill_of_materials,
}


def text_of(decided: Decided, *, format: str) -> str:  # noqa: A002 - it is what people type
    """The document in one of `FORMATS`, as UTF-8 text; the same for the same decision, letter for letter.

    Raises `InputError` where the format has nothing to say of such a decision.
    """
    return text(json.dumps(FORMATS[format](decided), indent=2, ensure_ascii=False)) + "\n"
