"""The ways Azure ML says no: one exception that carries an answer, and a maker for each body the service uses.

Three envelopes: Azure ML behind ARM (`error` with `additionalInfo`), ARM itself (code and message only), and the data
planes (a longer `error` with its circumstances beside it). `error.code` is `UserError` for nearly everything, so a
client must look at the status first, then at `details[].code` or the inner error.
Shapes: the recordings of the azure-ai-ml end-to-end tests (Azure/azure-sdk-assets, Azure/azure-sdk-for-python).
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from sandbox import names, timestamps
from sandbox.http_server import Response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_RETRY_AFTER_SECONDS = 20
_VERBS = {"GET": "read", "PUT": "write", "DELETE": "delete"}


class RefusalError(Exception):
    """A request the service refuses; `response` is the answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.body)
        self.response = response


def model_not_found(name: str) -> RefusalError:
    """404: no container of that name."""
    return _behind_arm(
        404, _NOT_FOUND, details=[_detail("ModelNotFound", f"Model container with name: {name} not found.")]
    )


def version_not_found(name: str, version: str) -> RefusalError:
    """404: the container is there, the version is not."""
    place = f"Subscription: {names.SUBSCRIPTION}, ResourceGroup: {names.RESOURCE_GROUP}, Workspace: {names.WORKSPACE}"
    text = f"There is no registered model in Account {place} with id {name}:{version}"
    return _behind_arm(404, _NOT_FOUND, details=[_detail("NoSuchModelRegistered", text)])


def registry_not_found(name: str) -> RefusalError:
    """404: no registry of that name."""
    message = {"messageFormat": "Registry {registryName} not found", "messageParameters": {"registryName": name}}
    inner = {"code": "NotFound", "innerError": {"code": "RegistryNotFound", "innerError": None}}
    return _data_plane(404, f"Registry {name} not found", message=message, inner=inner, component="feedmanagement")


def asset_not_found(asset: str) -> RefusalError:
    """404: a registry does not have the asset."""
    return _behind_arm(404, f"Could not find asset with ID: {asset}")


def asset_exists(asset: str) -> RefusalError:
    """409: a registry has the asset already. That it answers so is known, in which words is not."""
    return _behind_arm(409, f"Asset already exists: {asset}")


def copy_failed(reason: str) -> RefusalError:
    """400: how an operation tells that it failed. No recording shows one."""
    message = {"messageFormat": reason, "messageParameters": {}}
    return _data_plane(400, reason, message=message, inner={"code": "CopyFailed"}, component="assetstore")


def job_not_found(name: str) -> RefusalError:
    """404: no job of that name."""
    more = [
        _info("InnerError", {"code": "NotFound", "innerError": {"code": "JobNotFound", "innerError": None}}),
        _info("MessageFormat", "Job {jobId} not found."),
        _info("MessageParameters", {"jobId": name}),
    ]
    return _behind_arm(404, f"Job {name} not found.", more=more)


def datastore_not_found(name: str) -> RefusalError:
    """404: no datastore of that name."""
    more = [_info("InnerError", {"code": "NotFoundError", "innerError": None})]
    return _behind_arm(404, f"Could not find datastore: {name}.", more=more)


def no_secrets() -> RefusalError:
    """400: secrets were asked of a datastore that has none."""
    return _behind_arm(400, "No secrets for credentials of type None.")


def invalid_request(problems: Sequence[str]) -> RefusalError:
    """400: the body has members the API version does not know, or lacks some; one detail for each problem."""
    text = "Request is invalid and/or missing fields."
    more = [_info("InnerError", {"code": "RequestInvalid", "innerError": None}), _info("MessageFormat", text)]
    return _behind_arm(400, text, details=[_detail("RequestInvalid", problem) for problem in problems], more=more)


def user_error(text: str) -> RefusalError:
    """400: understood and refused, for the reason in `text`."""
    return _behind_arm(400, text, details=[_detail("UserError", text)])


def resource_not_found(resource: str) -> RefusalError:
    """404 from ARM itself: a resource this sandbox does not have."""
    message = f"The Resource '{resource}' under resource group '{names.RESOURCE_GROUP}' was not found."
    return RefusalError(Response(404, {"error": {"code": "ResourceNotFound", "message": message}}))


def no_api_version() -> RefusalError:
    """400 from ARM itself: the request does not name an API version."""
    message = "The api-version query parameter (?api-version=) is required for all requests."
    return RefusalError(Response(400, {"error": {"code": "MissingApiVersionParameter", "message": message}}))


def unauthenticated(message: str) -> RefusalError:
    """401 from ARM itself."""
    body = {"error": {"code": "AuthenticationFailed", "message": message}}
    challenge = f'Bearer authorization_uri="https://login.windows.net/{names.TENANT}", error="invalid_token"'
    return RefusalError(Response(401, body, {"WWW-Authenticate": challenge}))


def not_authorized(method: str, resource: str) -> RefusalError:
    """403 from ARM itself: no role allows the action, which is made of the resource's type and the method."""
    kinds = resource.partition("/providers/")[2].split("/")
    action = "/".join([kinds[0], *kinds[1::2], _VERBS.get(method, "action")])
    message = (
        f"The client '{names.PRINCIPAL}' with object id '{names.PRINCIPAL}' does not have authorization to perform "
        f"action '{action}' over scope '{resource}' or the scope is invalid. If access was recently granted, please "
        "refresh your credentials."
    )
    return RefusalError(Response(403, {"error": {"code": "AuthorizationFailed", "message": message}}))


def forbidden() -> RefusalError:
    """403 of the data planes."""
    text = "Exception of type 'Microsoft.MachineLearning.Common.WebApi.Exceptions.ForbiddenException' was thrown."
    inner = {"code": "ForbiddenError", "innerError": None}
    return _data_plane(403, text, message={"messageFormat": None}, inner=inner, component="run-history")


def may_not_send() -> RefusalError:
    """401 of a topic whose sender has no role."""
    message = (
        "The principal associated with access token presented with the incoming request does not have permission to "
        f"send data to {names.RESOURCE_GROUP_ID}/providers/Microsoft.EventGrid/topics/registrar-outcomes."
    )
    return RefusalError(Response(401, {"error": {"code": "Unauthorized", "message": message, "details": []}}))


def run_not_found(run: str) -> RefusalError:
    """404 of the run history data plane."""
    message = {"messageFormat": "Run {runId} was not found", "messageParameters": {"runId": f"runId={run}"}}
    inner = {"code": "NotFoundError", "innerError": None}
    return _data_plane(404, f"Run runId={run} was not found", message=message, inner=inner, component="run-history")


def mlflow_run_not_found(run: str) -> RefusalError:
    """404 of MLflow's REST API."""
    body = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": f"Run with id={run} not found"}
    return RefusalError(Response(404, body))


def too_many_requests() -> Mapping[str, Any]:
    """The body of a 429 behind ARM, for `fail_next`; ARM sends no Retry-After header, the wait is in the text."""
    text = f"Received too many requests in a short amount of time. Retry again after {_RETRY_AFTER_SECONDS} seconds."
    inner = {"code": "QuotaExceeded", "innerError": {"code": "TooManyRequests", "innerError": None}}
    body: Mapping[str, Any] = _behind_arm(429, text, more=[_info("InnerError", inner)]).response.body
    return body


_NOT_FOUND = "The specified resource was not found."


def _behind_arm(
    status: int,
    message: str,
    *,
    details: Sequence[Mapping[str, Any]] = (),
    more: Sequence[Mapping[str, Any]] = (),
) -> RefusalError:
    error = {
        "code": "UserError",
        "message": message,
        "details": list(details),
        "additionalInfo": [*_circumstances(), *more],
    }
    return RefusalError(Response(status, {"error": error}))


def _data_plane(
    status: int, text: str, *, message: Mapping[str, Any], inner: Mapping[str, Any], component: str
) -> RefusalError:
    error = {
        "code": "UserError",
        "severity": None,
        "message": text,
        **message,
        "referenceCode": None,
        "detailsUri": None,
        "target": None,
        "details": [],
        "innerError": inner,
        "debugInfo": None,
        "additionalInfo": None,
    }
    body = {
        "error": error,
        "correlation": _correlation(),
        "environment": names.REGION,
        "location": names.REGION,
        "time": timestamps.offset_time(timestamps.now()),
        "componentName": component,
        "statusCode": status,
    }
    return RefusalError(Response(status, body))


def _detail(code: str, message: str) -> dict[str, Any]:
    return {"code": code, "message": message, "details": [], "additionalInfo": []}


def _circumstances() -> list[dict[str, Any]]:
    return [
        _info("ComponentName", "managementfrontend"),
        _info("Correlation", _correlation()),
        _info("Environment", names.REGION),
        _info("Location", names.REGION),
        _info("Time", timestamps.offset_time(timestamps.now())),
    ]


def _info(kind: str, value: Any) -> dict[str, Any]:
    return {"type": kind, "info": {"value": value}}


def _correlation() -> dict[str, str]:
    return {"operation": secrets.token_hex(16), "request": secrets.token_hex(8)}
