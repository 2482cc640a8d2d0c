"""Lists as Azure ML writes them: `value`, and a `nextLink` with an opaque token only when there is more."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from sandbox import refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sandbox.http_server import Request

_TOKEN = "$skipToken"  # noqa: S105 - the name of a query parameter


def page[T](  # noqa: PLR0913 - a list, and how it is shown; all by keyword
    items: Sequence[T],
    *,
    request: Request,
    size: int,
    key: Callable[[T], tuple[int, str]],
    body: Callable[[T], dict[str, Any]],
    token: str = _TOKEN,
) -> dict[str, Any]:
    """The part of `items` that `request` asks for, at most `$top` or `size` of them; `token` is how it says from where.

    `items` are in the order of falling `key`, and stay so between pages: a page goes on after the key of the last
    item before it, so what is created meanwhile shifts nothing.
    Raises `refusals.RefusalError` (400) for a token or a `$top` that cannot be read.
    """
    after = _after(request, token)
    rest = [item for item in items if after is None or key(item) < after]
    shown = rest[: _top(request) or size]
    answer: dict[str, Any] = {"value": [body(item) for item in shown]}
    if len(rest) > len(shown):
        answer["nextLink"] = _next_link(request, key(shown[-1]), token)
    return answer


def _top(request: Request) -> int | None:
    text = request.query.get("$top")
    if text is None:
        return None
    if not text.isdecimal() or int(text) == 0:
        raise refusals.user_error(f"The value '{text}' is not valid for $top.")
    return int(text)


def _after(request: Request, token: str) -> tuple[int, str] | None:
    last = request.query.get(token)
    if last is None:
        return None
    try:
        moment, name = json.loads(base64.urlsafe_b64decode(last))
    except ValueError:
        raise refusals.user_error("The continuation token is not valid.") from None
    return int(moment), str(name)


def _next_link(request: Request, last: tuple[int, str], token: str) -> str:
    opaque = base64.urlsafe_b64encode(json.dumps(last).encode()).decode()
    query = urlencode({**request.query, token: opaque}, safe="$")
    return f"https://{request.host}{quote(request.path)}?{query}"
