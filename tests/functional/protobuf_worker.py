"""An app indexed and invoked through Microsoft's worker library with the real FunctionRpc protobufs, in a process.

    python -m tests.functional.protobuf_worker APP < calls.json

reads `[{"function": ..., "kind": "json" | "string", "text": ..., "metadata": {name: text}}]` and prints
`{"functions": {name: {binding: type}}, "answers": [{"succeeded": ..., "outputs": {name: text}, "error": ...}]}`.
Every message is serialised and parsed again, as on the wire. The generated code is what the development package
`azure-functions-runtime-v1` ships as its own `tests.protos`; it is loaded by path, for its name is also ours.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import subprocess
import sys
import uuid
from importlib.metadata import distribution
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import azure_functions_runtime

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

_ALIAS = "function_rpc"
_ROOT = Path(__file__).resolve().parents[2]


def answers(app: Path, calls: list[dict[str, Any]], *, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Run this module for an app in a new process and return what it printed."""
    command = [sys.executable, "-m", "tests.functional.protobuf_worker", str(app)]
    merged = {**os.environ, **(environment or {}), "PYTHONPATH": str(_ROOT)}
    done = subprocess.run(
        command, input=json.dumps(calls), env=merged, cwd=app, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def load_protos() -> ModuleType:
    """The generated messages, in a package of another name; without that package's gRPC services."""
    package = ModuleType(_ALIAS)
    package.__path__ = [str(distribution("azure-functions-runtime-v1").locate_file("tests/protos"))]
    sys.modules[_ALIAS] = package
    return importlib.import_module(f"{_ALIAS}.FunctionRpc_pb2")


class Worker:
    """The worker library with an app loaded."""

    def __init__(self, protos: Any) -> None:
        self._protos = protos
        self.functions: dict[str, Any] = {}

    async def load(self, app: str) -> None:
        protos = self._protos
        sys.path.insert(0, app)
        azure_functions_runtime.start_threadpool_executor()
        init = protos.WorkerInitRequest(
            host_version="4.1050.0",
            function_app_directory=app,
            capabilities={"RpcHttpTriggerMetadataRemoved": "true"},
        )
        started = await self._send(azure_functions_runtime.worker_init_request, worker_init_request=init)
        assert started.result.status == protos.StatusResult.Success, started.result.exception
        indexed = await self._send(
            azure_functions_runtime.functions_metadata_request,
            functions_metadata_request=protos.FunctionsMetadataRequest(function_app_directory=app),
        )
        self.functions = {function.name: function for function in indexed.function_metadata_results}

    async def invoke(self, call: Mapping[str, Any]) -> dict[str, Any]:
        protos = self._protos
        function = self.functions[call["function"]]
        trigger = next(name for name, binding in function.bindings.items() if binding.type.endswith("Trigger"))
        request = protos.InvocationRequest(
            invocation_id=str(uuid.uuid4()),
            function_id=function.function_id,
            input_data=[protos.ParameterBinding(name=trigger, data=protos.TypedData(**{call["kind"]: call["text"]}))],
            trigger_metadata={name: protos.TypedData(json=text) for name, text in call.get("metadata", {}).items()},
        )
        done = await self._send(azure_functions_runtime.invocation_request, invocation_request=request)
        return {
            "succeeded": done.result.status == protos.StatusResult.Success,
            "outputs": {output.name: _text(output.data) for output in done.output_data},
            "error": done.result.exception.message,
        }

    async def _send(self, verb: Callable[[Any], Awaitable[Any]], **content: Any) -> Any:
        message = self._protos.StreamingMessage(request_id=str(uuid.uuid4()), **content)
        received = self._protos.StreamingMessage.FromString(message.SerializeToString())
        properties = {"protos": self._protos, "host": "127.0.0.1"}
        answer = await verb(SimpleNamespace(request=received, properties=properties))
        return type(answer).FromString(answer.SerializeToString())


def _text(data: Any) -> str:
    value = getattr(data, data.WhichOneof("data"))
    return value.decode() if isinstance(value, bytes) else str(value)


async def _run(app: str, calls: list[dict[str, Any]]) -> dict[str, Any]:
    worker = Worker(load_protos())
    await worker.load(app)
    bindings = {
        name: {binding: info.type for binding, info in function.bindings.items()}
        for name, function in worker.functions.items()
    }
    return {"functions": bindings, "answers": [await worker.invoke(call) for call in calls]}


if __name__ == "__main__":
    document = asyncio.run(_run(str(Path(sys.argv[1]).resolve()), json.load(sys.stdin)))
    azure_functions_runtime.stop_threadpool_executor()
    sys.stdout.write(json.dumps(document))
