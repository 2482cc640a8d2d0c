"""Triton's config.pbtxt: which backend serves a model. The python backend runs a file of the author's.

https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/user_guide/model_configuration.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from registration.artifacts.formats.format import Format, Look
from registration.artifacts.formats.names import escapes, named
from registration.artifacts.formats.tree import TreeFormat, nothing_together
from registration.errors import TooLargeError
from registration.finding import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.artifacts.context import Context
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

_LARGEST = 1024 * 1024
_NAME = named(r"config\.pbtxt")
_SAID = re.compile(
    rb"\b(?P<key>backend|platform|runtime|default_model_filename|op_library_filename)\b\"?\s*+:?[\s\[]*+[\"'](?P<value>[^\"'\n]*)"
)
# A comment may stand between any two words; in a text, what looks like one is none.
_COMMENT = re.compile(rb"(\"(?:[^\"\\\n]|\\.)*+\"?|'(?:[^'\\\n]|\\.)*+'?)|#[^\n]*")
_ENVIRONMENT, _AGENTS = b"EXECUTION_ENV_PATH", b"model_repository_agents"
_TEXT = re.compile(rb"\"([^\"\n]*)\"|'([^'\n]*)'")
_BACKENDS = {"onnxruntime", "tensorrt", "openvino", "tensorflow", "pytorch", "fil", "ensemble", "identity", "dali"}
_PLATFORMS = re.compile(
    r"(?:onnxruntime_onnx|tensorrt_plan|pytorch_libtorch|tensorflow_(?:graphdef|savedmodel)|ensemble|)"
)


def _matches(look: Look) -> bool:
    return _NAME.fullmatch(look.name) is not None and b"\0" not in look.head


def _scan(reader: Reader, context: Context) -> Iterator[Finding]:
    if reader.reaches(_LARGEST + 1):
        raise TooLargeError("scan.too_large", f"a configuration of more than {_LARGEST} bytes")
    text = _COMMENT.sub(lambda found: found[1] or b" " * len(found[0]), reader.read(0, _LARGEST))
    for found in _SAID.finditer(text):
        key, value = (found[name].decode("utf-8", "replace") for name in ("key", "value"))
        if not _is_known(key, value):
            yield _runs(context, f"{key} is {value!r}", found.start())
    if (place := text.find(_ENVIRONMENT)) >= 0:
        yield _runs(context, "an execution environment is named", place)
    if (place := text.find(_AGENTS)) >= 0:
        yield _runs(context, "agents are named that look after the model", place)
    yield from _elsewhere(text, context)


def _elsewhere(text: bytes, context: Context) -> Iterator[Finding]:
    said = {(found[1] or found[2] or b"").decode("utf-8", "replace") for found in _TEXT.finditer(text)}
    # What is spelled with a backslash may be anything.
    for path in sorted(path for path in said if escapes(path) or "\\" in path):
        yield context.finding(
            "triton.path_escapes",
            f"it names {path!r}, outside of the model's folder",
            level=Level.UNLISTED,
            action="keep what the model needs in its folder, or have a person look at that place",
        )


def _runs(context: Context, said: str, offset: int) -> Finding:
    return context.finding(
        "triton.backend",
        f"{said}, which can run a program of the author's",
        offset=offset,
        level=Level.UNSCANNABLE,
        action="use a backend that reads a model format, such as onnxruntime",
    )


def _is_known(key: str, value: str) -> bool:
    if key == "platform":
        return _PLATFORMS.fullmatch(value) is not None
    if key == "backend":
        return value in _BACKENDS
    if key == "runtime":
        return value in {f"libtriton_{backend}.so" for backend in _BACKENDS}
    return key == "default_model_filename" and not value.endswith((".py", ".so"))


FORMAT = Format("triton configuration", _matches, _scan, frozenset({".pbtxt"}), weak=True)
TREE = TreeFormat("triton", lambda paths: any(_NAME.fullmatch(path) for path in paths), nothing_together)
