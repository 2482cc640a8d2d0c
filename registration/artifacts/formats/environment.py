"""Requirements of pip and environments of conda: what whoever serves the model installs first.

https://pip.pypa.io/en/stable/reference/requirements-file-format and conda's environment.yml. A package of somebody's
own runs when it is installed, so what comes from elsewhere than the configured index is told.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from typing import TYPE_CHECKING, Any

from registration.artifacts.formats import plain_yaml
from registration.artifacts.formats.format import Format, Look
from registration.errors import UnreadableError
from registration.finding import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.artifacts.context import Context
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

NAMES = re.compile(r"(?:.*[/!])?(?:requirements\.txt|conda\.ya?ml|python_env\.ya?ml|constraints\.txt)")
# Addresses, options that name other places or files, and files where a package is meant.
_ELSEWHERE = re.compile(
    rb"(?:git|hg|svn|bzr)\+|\b(?:https?|ftp|file|ssh)://|@\s*file:|\$\{|\.(?:whl|zip|tar\.gz|tar\.bz2|tgz)\b"
    rb"|^[\s\"'-]*(?:\.{1,2}[/\\]|[/~])|^[\s\"']*-[iferc]|\s-[iferc]\b"
    rb"|(?:^|[\s\"'])--(?:extra-i|i|f|e|c|r(?!equire-hashes))",
    re.IGNORECASE,
)
# Files that are looked into by themselves may be named.
_INCLUDES = re.compile(rb"\s*(?:-[rc]|--requirement|--constraint)[\s=]?\s*(?:requirements|constraints)\.txt\s*")
_CODING = re.compile(rb"coding[:=]\s*([-\w.]+)")  # as pip looks for it, in the first two lines
_UTF = {
    BOM_UTF8: "utf-8",
    BOM_UTF32_LE: "utf-32",
    BOM_UTF32_BE: "utf-32",
    BOM_UTF16_LE: "utf-16",
    BOM_UTF16_BE: "utf-16",
}
_CHANNELS = frozenset({"anaconda", "conda-forge", "defaults", "main", "microsoft", "nodefaults", "nvidia", "pytorch"})


def _matches(look: Look) -> bool:
    is_text = b"\0" not in look.head or look.head.startswith(tuple(_UTF))
    return NAMES.fullmatch(look.name) is not None and is_text and look.head != b""


def _scan(reader: Reader, context: Context) -> Iterator[Finding]:
    text = plain_yaml.text(reader)
    if not context.name.endswith(".txt"):
        yield from _told(plain_yaml.parsed(text, code="environment.broken"), context)
        return
    # A line that ends with a backslash goes on in the next one.
    joined = re.sub(rb"\\\r?\n", b"", _decoded(text))
    for number, line in enumerate(joined.splitlines(), start=1):
        if not line.lstrip().startswith(b"#") and _is_elsewhere(line):
            yield _foreign(f"line {number}", line, context)


def _decoded(text: bytes) -> bytes:
    """Requirements as pip decodes them, as UTF-8; raises `UnreadableError` for what is in another encoding."""
    encoding = next((name for mark, name in _UTF.items() if text.startswith(mark)), None)
    stated = _CODING.search(b"\n".join(text.split(b"\n", 2)[:2]))
    if encoding is None and stated and stated[1].lower() not in (b"utf-8", b"utf8", b"ascii"):
        raise UnreadableError("environment.broken", "the requirements are in an encoding that is not followed")
    return text.decode(encoding, "replace").encode() if encoding else text


def _is_elsewhere(text: bytes) -> bool:
    return _ELSEWHERE.search(text) is not None and _INCLUDES.fullmatch(text) is None


def _told(said: Any, context: Context) -> Iterator[Finding]:
    """What an environment of conda names, however it is quoted."""
    for place, value in _texts(said, ""):
        channel = value if place == "channels" else value.partition("::")[0] if "::" in value else ""
        if _is_elsewhere(value.encode()) or (channel and channel.partition("/")[0] not in _CHANNELS):
            yield _foreign(place or "it", value.encode(), context)


def _texts(said: Any, place: str) -> Iterator[tuple[str, str]]:
    waiting = [(place, said)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, str):
            yield place, value
        elif isinstance(value, list):
            waiting += ((place, entry) for entry in reversed(value))
        elif isinstance(value, dict):
            waiting += ((str(key), entry) for key, entry in reversed(value.items()) if key not in ("name", "prefix"))


def _foreign(place: str, code: bytes, context: Context) -> Finding:
    said = code.decode("utf-8", "replace").strip()
    return context.finding(
        "environment.foreign_source",
        f"{place} installs from elsewhere than the configured index: {said}",
        level=Level.UNLISTED,
        action="name released packages by version, and keep addresses and other files out of it",
    )


FORMAT = Format("environment", _matches, _scan, frozenset({".txt", ".yaml", ".yml"}))
