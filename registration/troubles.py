"""Troubles: what single things of a pass met, kept until the others had their turn. The sweep makes one for each pass.

A job whose datastore is gone, an account that refuses this app, a damaged document: none of them keeps the rest
waiting, and none is forgotten, because the pass fails with it in the end. After MOST_IN_A_ROW things that all met some
trouble with Azure it is no matter of single things any more, and the trouble is left to end its part of the pass.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Final

from registration.errors import LedgerFormatError, PermanentError, TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)
MOST_IN_A_ROW: Final = 10  # storage is asked again for about a minute before it is a trouble


class Troubles:
    """Those of one pass: what ended a part of it, and what single things met."""

    def __init__(self) -> None:
        self._ended: list[Exception] = []
        self._met: list[Exception] = []
        self._in_a_row = 0

    @property
    def first(self) -> Exception | None:
        """What the pass fails with; None if there was no trouble."""
        return next(iter([*self._ended, *self._met]), None)

    @contextlib.contextmanager
    def part(self) -> Iterator[None]:
        """Do a part of the pass; what ends it keeps no other from its turn, and counts for nothing there."""
        self._in_a_row = 0
        try:
            yield
        except Exception as failure:  # noqa: BLE001 - the pass fails with it, when the other parts had their turn
            log.warning("a part of the sweep failed, so the watermark stays where it is: %s", failure)
            self._ended.append(failure)

    @contextlib.contextmanager
    def passing_over(self, what: str) -> Iterator[None]:
        """Do something about `what`, and pass over it if it meets a trouble; raises that after too many in a row."""
        try:
            yield
        except LedgerFormatError as damage:
            self._keep(what, damage)
        except (TransientError, PermanentError) as trouble:
            self._in_a_row += 1
            if self._in_a_row >= MOST_IN_A_ROW:
                raise
            self._keep(what, trouble)
        else:
            self._in_a_row = 0

    def _keep(self, what: str, trouble: Exception) -> None:
        log.warning("the watermark stays where it is, because of %s: %s", what, trouble)
        self._met.append(trouble)
