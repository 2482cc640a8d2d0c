"""Azure on one machine: everything Registrar talks to, started in order and closed in the other.

Production code runs in it unchanged: `environment` holds all the variables that point it here, and nothing else
differs. Nothing listens outside 127.0.0.1, and nothing a process with these variables asks for leaves the machine.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sandbox import certificates, http_server, names
from sandbox.azurite import Azurite, random_key
from sandbox.dataplane_api import DataplaneApi
from sandbox.denials import Because, Denials
from sandbox.event_grid import EventGrid
from sandbox.faults import Faults
from sandbox.http_server import HttpServer, Response
from sandbox.identity import Identity
from sandbox.insights import Insights
from sandbox.management_api import FunctionApp, ManagementApi
from sandbox.proxy import Proxy
from sandbox.registry_api import RegistryApi
from sandbox.registry_storage import RegistryStorage
from sandbox.storage import create_containers_and_queues
from sandbox.storage_gate import StorageGate
from sandbox.topic import OutcomeTopic
from sandbox.workspace import Workspace
from sandbox.workspace_api import WorkspaceApi

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from sandbox.certificates import Certificates
    from sandbox.http_server import Answer, Request

_BLOB_HOSTS = "*.blob.core.windows.net"
_QUEUE_HOSTS = "*.queue.core.windows.net"
_STORAGE = ".core.windows.net"
_HTTP_HOSTS = (
    names.ARM_HOST,
    names.DATAPLANE_HOST,
    names.DISCOVERY_HOST,
    names.REGISTRY_HOST,
    names.TOPIC_HOST,
    names.INSIGHTS_HOST,
)
_PACKAGES = Path(__file__).resolve().parent.parent / "node_modules"


class Sandbox:
    """A running sandbox, made by `start`, ended by `close` or by leaving its `with` block."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.workspace = Workspace(self.faults)
        self.topic = OutcomeTopic()
        self.insights = Insights()
        self.event_grid = EventGrid()
        self.app = FunctionApp(settings=_app_settings())
        self._denials = Denials()
        self._gates: dict[int, StorageGate] = {}
        self._closing = ExitStack()

    @classmethod
    def start(cls, *, directory: Path, packages: Path = _PACKAGES) -> Self:
        """Start everything; it answers when this returns, and containers and queues are there.

        `directory` receives throw-away files; `packages` is the `node_modules` folder that holds Azurite. Storage
        lives in memory. Raises `sandbox.azurite.AzuriteError`.
        """
        sandbox = cls()
        try:
            sandbox._start(directory, packages)
        except BaseException:
            sandbox.close()
            raise
        return sandbox

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def refused_hosts(self) -> list[str]:
        """The hosts outside the sandbox that somebody asked for; a test may insist that there are none."""
        return self._proxy.refused

    def environment(self) -> dict[str, str]:
        """All variables a process needs to run here; `REGISTRAR_POLICY` is the caller's to add."""
        return {**self._network(), **self._identity.environment(), **_app_settings()}

    def deny(self, host: str, request: str, *, because: Because = Because.ROLE) -> None:
        """Refuse from now on what fits `request`, a regular expression over `METHOD /path?query`, at `host`.

        A connection to storage that is open already is not looked into: a client made later meets the denial.
        """
        self._denials.deny(host, request, because=because)
        if host.endswith(_STORAGE):
            self._proxy.play(host, self._gate(self._port_of(host)).port)

    def allow_all(self) -> None:
        """Deny nothing any more."""
        self._denials.lift()

    @contextmanager
    def watched_storage(self) -> Iterator[Callable[[], list[tuple[str, str, str]]]]:
        """Lead connections that begin in this block through gates.

        Yields what tells (method, host, path with query) of every request since it was asked the last time.
        """
        ports = {_BLOB_HOSTS: self._azurite.blob_port, _QUEUE_HOSTS: self._azurite.queue_port}
        gates = {hosts: self._gate(port) for hosts, port in ports.items()}

        def seen() -> list[tuple[str, str, str]]:
            told = [request for gate in gates.values() for request in gate.seen]
            for gate in gates.values():
                gate.seen.clear()
            return told

        for hosts, gate in gates.items():
            self._proxy.play(hosts, gate.port)
        try:
            seen()
            yield seen
        finally:
            for hosts, port in ports.items():
                self._proxy.play(hosts, port)

    def close(self) -> None:
        """End everything that `start` started. May be called again."""
        self._closing.close()

    def _start(self, directory: Path, packages: Path) -> None:
        self._certificates = certificates.issue([*_HTTP_HOSTS, _BLOB_HOSTS, _QUEUE_HOSTS], directory=directory)
        keys = {account: random_key() for account in (*names.CONTAINERS, names.REGISTRY_ACCOUNT)}
        azurite = Azurite.start(packages=packages, accounts=keys, certificates=self._certificates)
        self._closing.callback(azurite.close)
        self._azurite = azurite
        answer = self._denials.around(self.faults.around(self._answer()))
        server = HttpServer(answer, tls=_tls(self._certificates))
        self._closing.callback(server.close)
        self._proxy = Proxy(
            {
                **dict.fromkeys(_HTTP_HOSTS, server.port),
                _BLOB_HOSTS: azurite.blob_port,
                _QUEUE_HOSTS: azurite.queue_port,
            }
        )
        self._closing.callback(self._proxy.close)
        self._identity = Identity()
        self._closing.callback(self._identity.close)
        proxy, authority = self._proxy.url, self._certificates.authority
        create_containers_and_queues(proxy=proxy, authority=authority)
        self.workspace.registries.storage = RegistryStorage(proxy=proxy, authority=authority, keys=keys)

    def _answer(self) -> Answer:
        registries = RegistryApi(self.workspace).answer
        hosts: dict[str, Answer] = {
            names.ARM_HOST: ManagementApi(self.event_grid, self.app, WorkspaceApi(self.workspace).answer).answer,
            names.DATAPLANE_HOST: DataplaneApi(self.workspace).answer,
            names.DISCOVERY_HOST: registries,
            names.REGISTRY_HOST: registries,
            names.TOPIC_HOST: self.topic.answer,
            names.INSIGHTS_HOST: self.insights.answer,
        }

        def answer(request: Request) -> Response:
            known = hosts.get(request.host)
            return known(request) if known else Response(421)

        return answer

    def _port_of(self, host: str) -> int:
        return self._azurite.queue_port if ".queue." in host else self._azurite.blob_port

    def _gate(self, port: int) -> StorageGate:
        """The gate in front of one of Azurite's ports, made when it is first needed."""
        if port not in self._gates:
            files = self._certificates
            self._gates[port] = StorageGate(self._denials, port=port, authority=files.authority, tls=_tls(files))
            self._closing.callback(self._gates[port].close)
        return self._gates[port]

    def _network(self) -> dict[str, str]:
        """Both spellings of the proxy's variables, because clients differ in which one they prefer."""
        proxy, direct = self._proxy.url, "127.0.0.1,localhost"
        authority = str(self._certificates.authority)
        return {
            "HTTPS_PROXY": proxy,
            "https_proxy": proxy,
            "NO_PROXY": direct,
            "no_proxy": direct,
            "REQUESTS_CA_BUNDLE": authority,
            "SSL_CERT_FILE": authority,
            "NODE_EXTRA_CA_CERTS": authority,
            "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
        }


def _app_settings() -> dict[str, str]:
    drops = (names.storage_account_id(account) for account in (names.DROP_ACCOUNT, names.WORKSPACE_ACCOUNT))
    return {
        "REGISTRAR_WORKSPACE": names.WORKSPACE_ID,
        "REGISTRAR_STORAGE__blobServiceUri": f"https://{names.blob_host(names.STATE_ACCOUNT)}/",
        "REGISTRAR_STORAGE__queueServiceUri": f"https://{names.queue_host(names.STATE_ACCOUNT)}/",
        "REGISTRAR_DROP_ACCOUNTS": ",".join(drops),
        "REGISTRAR_OUTCOME_TOPIC": names.TOPIC_ENDPOINT,
    }


def _tls(files: Certificates) -> ssl.SSLContext:
    return http_server.tls_context(leaf=str(files.leaf), key=str(files.key))
