"""One parser under atheris, in a process of its own; started by `bench.fuzz` with the interpreter that has atheris.

    python bench/fuzz_one.py TARGET [libFuzzer's options and folders]

Any exception but the parser's own is a bug and ends the process with the input written down.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, override

import atheris

with atheris.instrument_imports(include=["registration"]):
    from registration import envelope, events, manifest
    from registration.artifacts import profiles, scan
    from registration.artifacts.formats.table import FORMATS, TREES
    from registration.artifacts.limits import Limits
    from registration.artifacts.reader import Memory
    from registration.errors import InputError
    from registration.signatures import bundle, statement

if TYPE_CHECKING:
    from collections.abc import Callable

    from registration.artifacts.formats.format import Format

LIMITS = Limits(inflated=64 * 1024**2, unjudged=1024**2, opcodes=2_000_000, memo=200_000, members=2_000)
PROFILE = profiles.named("all")


class Raising(logging.Handler):
    """Raises what the scan caught and logged, so that the fuzzer sees where it came from."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1]:
            raise record.exc_info[1]


def scanned(format_: Format) -> Callable[[bytes], object]:
    """The scan of content that is taken for this format, whatever it looks like, with all that lies inside."""
    forced = replace(format_, matches=lambda look: look.reader.path == "fuzzed" or format_.matches(look), weak=False)
    formats = tuple(forced if each is format_ else each for each in FORMATS)
    return lambda data: scan.scan(Memory(data, "fuzzed"), profile=PROFILE, limits=LIMITS, formats=formats, trees=TREES)


def document(parse: Callable[[bytes], Any]) -> Callable[[bytes], object]:
    """A document, for which `InputError` is an answer."""

    def one(data: bytes) -> object:
        try:
            return parse(data)
        except InputError:
            return None

    return one


TARGETS: dict[str, Callable[[bytes], object]] = {
    **{format_.name: scanned(format_) for format_ in FORMATS},
    "bundle": document(lambda data: bundle.parse(data, source="fuzzed")),
    "statement": document(lambda data: statement.parse(data, source="fuzzed")),
    "manifest": document(lambda data: manifest.parse(data, source="fuzzed")),
    "event": document(lambda data: events.parse(envelope.open_(data.decode("utf-8", "replace")).event)),
}


def main() -> None:
    """Run until libFuzzer has had enough."""
    if sys.argv[1:] == ["--list"]:
        print("\n".join(TARGETS))
        return
    target = TARGETS[sys.argv.pop(1)]
    logging.getLogger().handlers = [Raising()]
    atheris.Setup(sys.argv, lambda data: target(bytes(data)))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
