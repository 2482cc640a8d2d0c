"""A client without manners: it sends any request to the workspace's two planes and hands back the bare answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azure.core import PipelineClient
from azure.core.pipeline.policies import BearerTokenCredentialPolicy
from azure.core.rest import HttpRequest

from sandbox import names

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.core.rest import HttpResponse

_SCOPE = "https://management.azure.com/.default"
API_VERSION = "2023-08-01-preview"


class PlainClient:
    """Sends one request at a time, without retries. Paths start below the workspace."""

    def __init__(self, credential: TokenCredential | None) -> None:
        policies = [BearerTokenCredentialPolicy(credential, _SCOPE)] if credential is not None else []
        self._client: PipelineClient[HttpRequest, HttpResponse] = PipelineClient(
            base_url=f"https://{names.ARM_HOST}", policies=policies
        )

    def arm(self, method: str, path: str, body: Any = None, **query: str) -> HttpResponse:
        """A request to the control plane, with the API version the Python SDK uses for models unless told."""
        url = f"https://{names.ARM_HOST}{names.WORKSPACE_ID}{path}"
        params = {"api-version": API_VERSION, **{name.replace("_", "-"): value for name, value in query.items()}}
        return self._send(HttpRequest(method, url, params=params, json=body))

    def dataplane(self, method: str, service: str, path: str, body: Any = None) -> HttpResponse:
        """A request to a service of the data plane, as `history/v1.0`."""
        url = f"https://{names.DATAPLANE_HOST}/{service}{names.WORKSPACE_ID}{path}"
        return self._send(HttpRequest(method, url, json=body))

    def follow(self, link: str) -> HttpResponse:
        """The page a `nextLink` names."""
        return self._send(HttpRequest("GET", link))

    def _send(self, request: HttpRequest) -> HttpResponse:
        return self._client.send_request(request)
