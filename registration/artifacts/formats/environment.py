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
from registration.artifacts.formats.names import named
from registration.errors import UnreadableError
from registration.finding import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.artifacts.context import Context
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

NAMES = named(r"requirements\.txt|conda\.ya?ml|python_env\.ya?ml|constraints\.txt")
# Addresses, options that name other places or files, and files where a package is meant.
_ELSEWHERE = re.compile(
    r"(?:git|hg|svn|bzr)\+|\b(?:https?|ftp|ssh)://|\bfile:|\$\{|\.(?:whl|zip|conda|tar|tgz|tbz|txz|tlz)\b"
    r"|^[\s\"'-]*[./~]|^[\s\"']*-[iferc]|\s-[iferc]\b|\bchannel\s*="
    # Only these options leave packages and the index as they are, and pip takes any beginning of a longer one.
    r"|(?:^|[\s\"'])--(?!(?:hash|no-binary|only-binary|pre|prefer-binary|require-hashes)\b)\w",
    re.IGNORECASE,
)
# Files that are looked into by themselves may be named.
_INCLUDES = re.compile(r"\s*(?:-[rc]|--requirement|--constraint)[\s=]?\s*(?:requirements|constraints)\.txt\s*")
_COMMENT = re.compile(r"(?<!\S)#.*")  # as pip looks for it
_QUOTES = str.maketrans("", "", "\"'\\")  # pip takes them out of options
_CODING = re.compile(rb"coding[:=]\s*([-\w.]+)")  # as pip looks for it, in a comment that is one of the first two lines
_UTF = {
    BOM_UTF8: "utf-8-sig",
    BOM_UTF32_LE: "utf-32",
    BOM_UTF32_BE: "utf-32",
    BOM_UTF16_LE: "utf-16",
    BOM_UTF16_BE: "utf-16",
}
_PACKAGES = frozenset({"dependencies", "build_dependencies", "pip"})
_VARIABLES = "variables"  # of conda: they are set whenever the environment is used
_CHANNELS = frozenset({"anaconda", "conda-forge", "defaults", "main", "microsoft", "nodefaults", "nvidia", "pytorch"})


def _matches(look: Look) -> bool:
    # Whoever installs it asks for nothing but the name.
    return NAMES.fullmatch(look.name) is not None and look.head != b""


def _scan(reader: Reader, context: Context) -> Iterator[Finding]:
    text = plain_yaml.text(reader)
    if not context.name.endswith(".txt"):
        context.tally.step(plain_yaml.STEPS * len(text))
        yield from _told(plain_yaml.parsed(text, code="environment.broken"), context)
        return
    for number, line in _lines(_decoded(text)):
        if _is_elsewhere(line) or (_is_path(line) and not _INCLUDES.fullmatch(line)):
            yield _foreign(f"line {number}", line, context)


def _decoded(text: bytes) -> str:
    """Requirements as pip decodes them; raises `UnreadableError` for what is in an encoding other than UTF."""
    encoding = next((name for mark, name in _UTF.items() if text.startswith(mark)), None)
    stated = [_CODING.search(line) for line in text.split(b"\n", 2)[:2] if line.startswith(b"#")]
    is_other = any(said and said[1].lower() not in (b"utf-8", b"utf8", b"ascii") for said in stated)
    try:
        found = "\0" if is_other and encoding is None else text.decode(encoding or "utf-8")
    except UnicodeDecodeError:
        found = "\0"
    if "\0" in found:
        raise UnreadableError("environment.broken", "the requirements are no text in an encoding that is followed")
    return found


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """What pip takes for lines, numbered and without comments; a backslash joins a line to the next one.

    A comment goes on nowhere. Source: pip's `req_file.join_lines`.
    """
    begun, parts = 0, [""]
    for number, line in enumerate(text.splitlines(), start=1):
        begun = begun or number
        is_comment = line.lstrip().startswith("#")
        parts.append(f" {line}" if is_comment else line.removesuffix("\\"))
        if is_comment or not line.endswith("\\"):
            yield begun, _COMMENT.sub("", "".join(parts))
            begun, parts = 0, [""]
    yield begun, _COMMENT.sub("", "".join(parts))


def _is_elsewhere(line: str) -> bool:
    said = _ELSEWHERE.search(line) or _ELSEWHERE.search(line.translate(_QUOTES))
    return said is not None and _INCLUDES.fullmatch(line) is None


def _is_path(package: str) -> bool:
    return "/" in package or "\\" in package


def _told(said: Any, context: Context) -> Iterator[Finding]:
    """What an environment of conda names, however it is quoted."""
    for place, value in _texts(said, ""):
        if place == _VARIABLES:
            yield _variable(value, context)
            continue
        channel = value if place == "channels" else value.partition("::")[0] if "::" in value else ""
        is_path = place in _PACKAGES and _is_path(value.rpartition("::")[2])
        is_known = not channel or channel.partition("/")[0] in _CHANNELS
        if is_path or not is_known or any(_is_elsewhere(line) for _, line in _lines(value)):
            yield _foreign(place or "it", value, context)


def _texts(said: Any, place: str) -> Iterator[tuple[str, str]]:
    """Every text with the key that it stands under, keys among them: who goes over a mapping as a list gets those."""
    waiting = [(place, said)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, str):
            yield place, value
        elif isinstance(value, list):
            waiting += ((place, entry) for entry in reversed(value))
        elif isinstance(value, dict):
            yield from ((place, str(key)) for key in value)
            waiting += ((str(key), entry) for key, entry in reversed(value.items()) if key not in ("name", "prefix"))


def _variable(name: str, context: Context) -> Finding:
    return context.finding(
        "environment.variable",
        f"it sets the variable {name.strip()}, which can decide what is installed or imported",
        level=Level.UNLISTED,
        action="set variables where the model is served",
    )


def _foreign(place: str, said: str, context: Context) -> Finding:
    return context.finding(
        "environment.foreign_source",
        f"{place} installs from elsewhere than the configured index: {said.strip()}",
        level=Level.UNLISTED,
        action="name released packages by version, and keep addresses and other files out of it",
    )


FORMAT = Format("environment", _matches, _scan, frozenset({".txt", ".yaml", ".yml"}))
