"""A scan: one file, and everything inside it, looked at by content. It executes nothing and trusts no name.

Whatever the bytes are, the answer is a report. Only the store raises: `ArtifactChangedError` and `UnavailableError`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING

from registration.artifacts.context import Context
from registration.artifacts.formats import detect
from registration.artifacts.formats.format import Look
from registration.artifacts.formats.table import FORMATS, TREES
from registration.artifacts.limits import Limits, Tally
from registration.errors import TransientError, UnreadableError
from registration.finding import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from registration.artifacts.context import Profile
    from registration.artifacts.formats.format import Format
    from registration.artifacts.formats.tree import Tree, TreeFormat
    from registration.artifacts.reader import Reader

log = logging.getLogger(__name__)


class Verdict(StrEnum):
    """Safe is said only of what was understood and is allowed."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    UNSCANNABLE = "unscannable"


@dataclass(frozen=True)
class Report:
    """`format` is the file's own, `unknown` if it has none that can be checked."""

    format: str
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """What the findings come to."""
        return verdict(self.findings)


def verdict(findings: Iterable[Finding]) -> Verdict:
    """Unsafe if anything is; else unscannable if anything could not be told; else safe."""
    levels = {finding.level for finding in findings}
    if Level.UNSAFE in levels:
        return Verdict.UNSAFE
    return Verdict.UNSCANNABLE if levels & {Level.UNSCANNABLE, Level.UNLISTED} else Verdict.SAFE


def scan(
    reader: Reader,
    *,
    profile: Profile,
    limits: Limits | None = None,
    formats: Sequence[Format] = FORMATS,
    trees: Sequence[TreeFormat] = TREES,
) -> Report:
    """The report on one file, read as little as its format allows.

    Raises `ArtifactChangedError` when the file is written meanwhile, and `UnavailableError` when it cannot be read.
    """
    walk = _Walk(formats, trees)
    context = walk.context(reader.path, profile, limits or Limits())
    findings = _bounded(walk.visit(reader, context), context)
    return Report("+".join(walk.outermost) or detect.UNKNOWN, findings)


def scan_tree(tree: Tree, *, profile: Profile, trees: Sequence[TreeFormat] = TREES) -> Report:
    """What the files of an artifact tell together; the format is empty if that is nothing. Raises as `scan` does."""
    walk = _Walk((), trees)
    context = walk.context("", profile, Limits())
    findings = _bounded(walk.visit_tree(tree, context), context)
    return Report("+".join(walk.outermost), findings)


def _bounded(findings: Iterator[Finding], context: Context) -> tuple[Finding, ...]:
    said = tuple(islice(findings, context.limits.findings))
    return (*said, _too_many(context)) if len(said) == context.limits.findings else said


class _Walk:
    """Visits a file and its members, outermost first."""

    def __init__(self, formats: Sequence[Format], trees: Sequence[TreeFormat]) -> None:
        self._formats = formats
        self._trees = trees
        self.outermost: list[str] = []  # names of the file's own formats

    def context(self, path: str, profile: Profile, limits: Limits) -> Context:
        """Where the walk begins."""
        return Context(path, profile, limits, Tally(limits), self.visit, self.visit_tree)

    def visit(self, reader: Reader, context: Context) -> Iterator[Finding]:
        """Everything to be said of one file or member, and of what is inside it."""
        if context.tally.spent:
            return
        if context.depth > context.limits.depth:
            yield _too_deep(context)
            return
        around, context.tally.formats = context.tally.formats, set()
        try:
            yield from _guarded(self._visit(reader, context), context)
        finally:
            context.tally.formats |= around

    def visit_tree(self, tree: Tree, context: Context) -> Iterator[Finding]:
        """Everything to be said of files together."""
        for format_ in self._trees:
            if format_.matches(tree.paths):
                if not context.depth:
                    self.outermost.append(format_.name)
                yield from _guarded(format_.scan(tree, context), context)

    def _visit(self, reader: Reader, context: Context) -> Iterator[Finding]:
        found = detect.detect(Look(reader, context.name, context.tally), self._formats)
        names = [format_.name for format_ in found]
        if not context.depth:
            self.outermost += names
        if not found:
            yield detect.unknown(context)
        yield from detect.ambiguous(context, found)
        for format_ in found:
            yield from _guarded(format_.scan(reader, context), context)
        yield from detect.contradicted(context, found, self._formats, inside=context.tally.formats)
        context.tally.formats.update(names)


def _guarded(findings: Iterator[Finding], context: Context) -> Iterator[Finding]:
    """`findings`, and one more if what makes them has to stop."""
    try:
        yield from findings
    except UnreadableError as stop:
        yield context.stopped(stop)
    except TransientError:
        raise
    except Exception:
        # A bug of ours must not let a hostile file through, nor bring its message back for ever.
        log.exception("the scan of %s failed", context.path)
        yield _failed(context)


def _too_deep(context: Context) -> Finding:
    return context.finding(
        "scan.too_deep",
        f"this lies in more than {context.limits.depth} containers and was not looked at",
        level=Level.UNSCANNABLE,
        action="unpack it first",
    )


def _failed(context: Context) -> Finding:
    return context.finding(
        "scan.failed",
        "the scan itself failed here, so nothing is known",
        level=Level.UNSCANNABLE,
        action="report it to who runs Registrar; the log has the details",
    )


def _too_many(context: Context) -> Finding:
    return context.finding(
        "scan.too_many_findings",
        f"there are more than {context.limits.findings} findings; the scan stopped there",
        level=Level.UNSCANNABLE,
    )
