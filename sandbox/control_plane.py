"""How Azure's control plane takes a request: with a token for it only. A refusal is an answer too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox import refusals
from sandbox.http_server import Response
from sandbox.identity import audience_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.http_server import Request, Router

_AUDIENCES: Final = frozenset(
    {"https://management.azure.com", "https://management.core.windows.net", "https://ml.azure.com"}
)


def as_resource_manager(router: Router, request: Request) -> Response:
    """The answer of https://management.azure.com: an API version is asked for, and what has no route is no resource."""

    def answer() -> Response:
        if "api-version" not in request.query:
            raise refusals.no_api_version()
        return router.answer(request) or refusals.resource_not_found(request.path).response

    return _with_a_token(request, answer)


def as_service(router: Router, request: Request) -> Response:
    """The answer of a service of Azure ML, which takes the same tokens; what has no route is 404 without a body."""
    return _with_a_token(request, lambda: router.answer(request) or Response(404))


def _with_a_token(request: Request, answer: Callable[[], Response]) -> Response:
    try:
        _require_token(request)
        return answer()
    except refusals.RefusalError as refusal:
        return refusal.response


def _require_token(request: Request) -> None:
    audience = audience_of(request.headers.get("authorization"))
    if audience is None:
        raise refusals.unauthenticated("Authentication failed. The 'Authorization' header is missing or invalid.")
    if audience not in _AUDIENCES:
        raise refusals.unauthenticated(f"The access token has been obtained for the wrong audience '{audience}'.")
