"""A stand-in for the managed identity endpoint that App Service gives to an app.

It issues tokens to whoever sends the right header, for whatever audience is asked for. The tokens are JWTs without a
signature: enough for Azurite's basic OAuth check and for the stand-ins here, and worthless to any real service.
Shape: https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from typing import TYPE_CHECKING, Any

from sandbox import names
from sandbox.http_server import HttpServer, Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.http_server import Request

_LIFETIME_SECONDS = 24 * 3600


class Identity:
    """The endpoint, on plain HTTP and loopback, from construction until `close`."""

    def __init__(self) -> None:
        self._header = secrets.token_hex(16)
        self._server = HttpServer(self._answer)

    def environment(self) -> dict[str, str]:
        """The variables App Service sets for an app with a managed identity."""
        return {
            "IDENTITY_ENDPOINT": f"http://127.0.0.1:{self._server.port}/msi/token",
            "IDENTITY_HEADER": self._header,
        }

    def close(self) -> None:
        """Stop issuing tokens."""
        self._server.close()

    def _answer(self, request: Request) -> Response:
        audience = request.query.get("resource")
        if request.headers.get("x-identity-header") != self._header:
            return Response(401, {"statusCode": 401, "message": "the X-IDENTITY-HEADER header is wrong"})
        if request.path != "/msi/token" or not audience:
            return Response(400, {"statusCode": 400, "message": "a token is had from /msi/token?resource=AUDIENCE"})
        expires = int(time.time()) + _LIFETIME_SECONDS
        body = {
            "access_token": token(audience, expires=expires),
            "expires_on": str(expires),
            "resource": audience,
            "token_type": "Bearer",
            "client_id": names.PRINCIPAL,
        }
        return Response(200, body)


def token(audience: str, *, expires: int) -> str:
    """An unsigned JWT of the sandbox's identity for `audience`, valid until `expires` (seconds since 1970)."""
    now = int(time.time()) - 60
    claims = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{names.TENANT}/",
        "iat": now,
        "nbf": now,
        "exp": expires,
        "oid": names.PRINCIPAL,
        "sub": names.PRINCIPAL,
        "tid": names.TENANT,
        "ver": "1.0",
    }
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}.{_encoded(b'unsigned')}"


def audience_of(authorization: str | None) -> str | None:
    """The audience in an `Authorization: Bearer` header, or None when there is no readable token in it."""
    scheme, _, value = (authorization or "").partition(" ")
    parts = value.split(".")
    if scheme.lower() != "bearer" or len(parts) != 3:  # noqa: PLR2004 - a JWT has three parts
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    return str(claims.get("aud", "")).rstrip("/") if isinstance(claims, dict) else None


def _part(value: Mapping[str, Any]) -> str:
    return _encoded(json.dumps(value).encode())


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
