"""The worker of the sandbox's host: the app, loaded and invoked by Microsoft's `azure-functions-runtime`.

That library is what Azure runs on Python 3.13 and later. Its messages are protobuf there and plain objects here (it
never looks at their type). One worker for each process: the library keeps the app in module globals.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import uuid
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import azure_functions_runtime
from azure_functions_runtime import native_invocation
from azure_functions_runtime.bindings.datumdef import Datum

from sandbox.host_functions import Binding, Function, HostError
from sandbox.host_values import Value

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from pathlib import Path

RETURN = "$return"

_MESSAGES = (
    "FunctionLoadResponse",
    "FunctionMetadataResponse",
    "RpcException",
    "RpcFunctionMetadata",
    "RpcRetryOptions",
    "WorkerInitResponse",
    "WorkerMetadata",
)
_SUCCESS = 1


def _message(name: str, **constants: int) -> type[SimpleNamespace]:
    return type(name, (SimpleNamespace,), constants)


_PROTOCOL = SimpleNamespace(
    BindingInfo=_message("BindingInfo", undefined=0, out=1, inout=2),
    StatusResult=_message("StatusResult", Failure=0, Success=_SUCCESS),
    **{name: _message(name) for name in _MESSAGES},
)


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended: the outputs it set, by binding name, or the error and its traceback."""

    outputs: Mapping[str, Value] = field(default_factory=dict)
    error: str | None = None
    traceback: str = ""


class Worker:
    """The app's functions, ready to be invoked from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="worker", daemon=True)
        self._names: dict[str, str] = {}
        self.functions: dict[str, Function] = {}

    def load(self, app: Path) -> None:
        """Import and index `function_app.py` of a folder. Raises HostError with the library's own message."""
        sys.path.insert(0, str(app))
        azure_functions_runtime.start_threadpool_executor()
        self._thread.start()
        request = SimpleNamespace(
            request=SimpleNamespace(
                worker_init_request=SimpleNamespace(capabilities={}, function_app_directory=str(app))
            ),
            properties={"host": "127.0.0.1", "protos": _PROTOCOL},
        )
        started = self._wait(azure_functions_runtime.worker_init_request(request))
        if started.result.status != _SUCCESS:
            raise HostError(f"{started.result.exception.message}\n{started.result.exception.stack_trace}")
        indexed = self._wait(azure_functions_runtime.functions_metadata_request(None))
        functions = [_function(metadata) for metadata in indexed.function_metadata_results or ()]
        self.functions = {function.name: function for function in functions}

    def invoke(self, function: Function, value: Value, *, metadata: Mapping[str, Value]) -> Outcome:
        """Run the function to its end, or to its exception."""
        invocation = str(uuid.uuid4())
        inputs = [(function.trigger.name, _datum(value))]
        described = {name: _datum(entry) for name, entry in metadata.items()}
        self._names[invocation] = function.name
        try:
            answer = self._wait(native_invocation.invocation_request_native(invocation, function.id, inputs, described))
        finally:
            del self._names[invocation]
        return _outcome(*answer)

    def running(self) -> str | None:
        """The name of the function that the calling code runs in; None outside of invocations."""
        return self._names.get(azure_functions_runtime.invocation_id_cv.get() or "")

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def _function(metadata: Any) -> Function:
    bindings = tuple(Binding.parse(text) for text in metadata.raw_bindings)
    return Function(id=metadata.function_id, name=metadata.name, bindings=bindings)


def _outcome(ok: bool, returned: Any, outputs: Any, error: Any, trace: Any) -> Outcome:  # noqa: FBT001 - the library's order
    if not ok:
        return Outcome(error=error, traceback=trace or "")
    named = [*outputs, (RETURN, returned)]
    return Outcome(outputs={name: _value(datum) for name, datum in named if datum is not None and datum.type})


def _datum(value: Value) -> Any:
    return Datum(value.content, value.kind)


def _value(datum: Any) -> Value:
    if isinstance(datum.value, bytes):
        return Value(datum.value, "bytes")
    return Value(str(datum.value), "json" if datum.type == "json" else "string")
