"""What https://management.azure.com answers beside the workspace: system topics, their roles, and the Function app.

Lists are given in one page. Reading the app's settings takes a POST, because Azure treats them as secrets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox import names
from sandbox.control_plane import as_resource_manager
from sandbox.http_server import Response, Router

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.event_grid import EventGrid
    from sandbox.http_server import Answer, Request

_OURS = ("/Microsoft.EventGrid/", "/Microsoft.Web/", "/Microsoft.Authorization/")
FUNCTIONS = ("on_job_event", "on_drop_event", "register_candidate", "quarantine_candidate", "sweep_candidates")


@dataclass
class FunctionApp:
    """The app as the resource manager shows it: the functions that its host found, and its settings."""

    functions: list[str] = field(default_factory=lambda: list(FUNCTIONS))
    settings: dict[str, str] = field(default_factory=dict)


class ManagementApi:
    """Answers for `event_grid` and `app`, and hands everything else to `workspace`."""

    def __init__(self, event_grid: EventGrid, app: FunctionApp, workspace: Answer) -> None:
        self._event_grid = event_grid
        self._app = app
        self._workspace = workspace
        self._router = Router()
        group = f"/subscriptions/{names.SUBSCRIPTION}(/resourceGroups/{names.RESOURCE_GROUP})?"
        topics = f"{group}/providers/Microsoft.EventGrid/systemTopics"
        self._router.add("GET", topics, self._topics)
        self._router.add("GET", topics + "/(?P<topic>[^/]+)/eventSubscriptions", self._subscriptions)
        roles = "(?P<scope>/subscriptions/.+)/providers/Microsoft.Authorization/roleAssignments"
        self._router.add("GET", roles, self._assignments)
        self._router.add("GET", f"{names.APP_ID}/functions", self._functions)
        self._router.add("POST", f"{names.APP_ID}/config/appsettings/list", self._settings)

    def answer(self, request: Request) -> Response:
        """The answer to one request; refusals are answers too."""
        if not any(kind in request.path for kind in _OURS):
            return self._workspace(request)
        return as_resource_manager(self._router, request)

    def _topics(self, _request: Request, _names: Mapping[str, str]) -> Response:
        return _list(list(self._event_grid.topics.values()))

    def _subscriptions(self, _request: Request, given: Mapping[str, str]) -> Response:
        return _list(self._event_grid.listed(given["topic"]))

    def _assignments(self, request: Request, given: Mapping[str, str]) -> Response:
        """Those of the topics' identity at a scope, if the filter asks for that identity."""
        role = self._event_grid.assignments.get(given["scope"])
        if role is None or request.query.get("$filter") != f"assignedTo('{names.PRINCIPAL}')":
            return _list([])
        definition = f"/subscriptions/{names.SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}"
        said = {"roleDefinitionId": definition, "principalId": names.PRINCIPAL, "scope": given["scope"]}
        return _list([{"id": f"{given['scope']}/roleAssignments/1", "properties": said}])

    def _functions(self, _request: Request, _names: Mapping[str, str]) -> Response:
        app = names.APP_ID.rpartition("/")[2]
        found = [{"id": f"{names.APP_ID}/functions/{name}", "name": f"{app}/{name}"} for name in self._app.functions]
        return _list(found)

    def _settings(self, _request: Request, _names: Mapping[str, str]) -> Response:
        return Response(200, {"name": "appsettings", "properties": dict(self._app.settings)})


def _list(found: list[Any]) -> Response:
    return Response(200, {"value": found, "nextLink": None})
