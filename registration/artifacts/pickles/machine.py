"""The machine: follows the opcodes of one pickle as an unpickler would, on values that stand for objects.

It makes no object, imports nothing and calls nothing. What it must get right is which text and which global each opcode
would find on the stack or in the memo; of everything else it only keeps the size. Where it cannot follow, it stops with
an error, and the pickle is not safe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from registration.artifacts.pickles import arrays, findings, opcodes
from registration.artifacts.pickles.memo import Memo, Overlay, unsized
from registration.artifacts.pickles.names import Names
from registration.artifacts.pickles.sizes import Sizes
from registration.artifacts.pickles.values import Unknown
from registration.artifacts.pickles.window import Window
from registration.artifacts.reader import Memory
from registration.errors import TooLargeError, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from registration.artifacts.context import Context
    from registration.artifacts.pickles.globals import Profile
    from registration.artifacts.pickles.values import Global, Ref, Value
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

AWAY = 1 << 62  # a position that no window reaches: leave the loop
BOMB = "what it builds is small, but would never end for who walks it: parts hold the same parts again and again"
STACK = 500_000  # values
MARKS = 100_000
AROUND = 100  # values on the stack
SECOND_READING = 64 * 1024  # bytes of an array
KEPT = 400  # things whose content is known
RECENT = 200  # an array is made of far fewer things
SETTLED = 2_000  # values; of what lies deeper only sizes are kept


class Machine:
    """One pickle, from `offset` of `reader` on. After `run`, `end` is the offset behind it.

    `steps_over_arrays` says that joblib loads it: its arrays lie between the opcodes.
    """

    __slots__ = (
        "calls", "context", "counted", "end", "fence", "findings", "found", "frame_end", "kept", "marks", "memo",
        "names", "nested", "opcodes", "paused", "profile", "protocol", "reader", "settled", "sizes", "stack",
        "steps_over_arrays", "told", "widths", "window",
    )  # fmt: skip

    def __init__(
        self,
        reader: Reader,
        context: Context,
        profile: Profile,
        *,
        offset: int = 0,
        steps_over_arrays: bool = True,
    ) -> None:
        self.reader = reader
        self.context = context
        self.profile = profile
        self.steps_over_arrays = steps_over_arrays
        self.window = Window(reader, offset)
        self.stack: list[Value] = []
        self.marks: list[int] = []
        self.fence = 0
        self.names = Names(profile)
        self.memo = Memo(self.names.table, limit=context.limits.memo)
        self.sizes = Sizes()
        self.kept: dict[Ref, object] = {}
        self.findings: list[Finding] = []
        self.told: set[tuple[object, object]] = set()
        self.widths = opcodes.NUMBERS_UNREAD
        self.protocol = 0
        self.opcodes = self.counted = 0
        self.calls = 0  # but those that need no second look
        self.settled = 0
        self.frame_end = 0
        self.paused: int | None = None
        self.nested: int | None = None
        self.end: int | None = None

    def run(self) -> Iterator[Finding]:
        """Every finding; raises `UnreadableError` where the pickle cannot be followed any further."""
        pos = 0
        while self.end is None:
            try:
                pos = self._go_on(pos)
                self._check_costs(pos)
            except UnreadableError:
                yield from self._drained()
                raise
            yield from self._drained()
            if self.nested is not None:
                yield from self._nested(self.nested)
                pos = 0

    def _drained(self) -> list[Finding]:
        found, self.findings = self.findings, []
        return found

    def _go_on(self, pos: int) -> int:
        """Follow opcodes to the end of the window, or to where something else is to be done; where the next one is."""
        window = self.window
        if pos >= window.limit:
            window.move(window.start + pos)
            pos = 0
        if not window.limit:
            self.broken("it ends before it is complete", pos)
        pos = self._follow(window.data, pos, window.limit)
        if self.paused is not None:
            pos, self.paused = self.paused, None
        return pos

    def _follow(self, data: bytes, pos: int, limit: int) -> int:
        widths, follow, push = self.widths, opcodes.HANDLERS, self.stack.append
        count = 0
        try:
            while pos < limit:
                code = data[pos]
                if width := widths[code]:
                    push(None)
                    pos += width
                else:
                    pos = follow[code](self, data, pos + 1)
                count += 1
        finally:
            self.opcodes += count
        return pos

    def _nested(self, offset: int) -> Iterator[Finding]:
        """An array of objects is a pickle of its own, which is loaded without joblib's steps."""
        self.nested = None
        inner = Machine(self.reader, self.context, self.profile, offset=offset, steps_over_arrays=False)
        yield from inner.run()
        self.opcodes += inner.opcodes
        self.counted += inner.opcodes
        self.window.move(inner.end or offset)

    def pause(self, pos: int) -> int:
        """Leave the loop and come back at `pos`; the answer is what an opcode then returns."""
        self.paused = pos
        return AWAY

    def stop(self, pos: int) -> int:
        """The pickle ends before `pos`."""
        self.end = self.here(pos)
        return AWAY

    def after_global(self, target: Global, pos: int) -> int:
        """Read whole numbers from the first name on that arrays need."""
        if not self.reads_numbers and (arrays.is_dtype(target) or arrays.is_wrapper(target)):
            self.widths = opcodes.NUMBERS_READ
            return self.pause(pos)
        return pos

    @property
    def reads_numbers(self) -> bool:
        """Whether whole numbers are looked at."""
        return self.widths is opcodes.NUMBERS_READ

    def array(self, wrapper: arrays.Wrapper, state: Value, pos: int) -> int:
        """Step over the data of an array that joblib reads once the state of its wrapper is set."""
        self.stack[-1] = self.sizes.make()
        if self.window.start + pos < self.frame_end:
            raise UnreadableError("joblib.array", "an array does not lie behind its frame", offset=self.here(pos))
        try:
            raw = arrays.raw(wrapper, state, self.kept)
        except UnreadableError as reason:
            reason.offset = self.here(pos)
            raise
        if raw.size is None:
            self.nested = self.here(pos)
            return AWAY
        return self._behind(raw.size, pos, padded=raw.is_padded)

    def _behind(self, size: int, pos: int, *, padded: bool) -> int:
        if padded:
            padding = self.window.data[pos]
            if padding > arrays.PADDING:
                raise UnreadableError("joblib.array", f"{padding} bytes of padding", offset=self.here(pos))
            pos += 1 + padding
        elif size and self._is_program(pos, size):
            self.say(pos, findings.ambiguous)
        if not self.reader.reaches(self.here(pos) + size):
            message = f"an array of {size} bytes does not end before the file does"
            raise UnreadableError("joblib.array", message, offset=self.here(pos))
        return pos + size

    def _is_program(self, pos: int, size: int) -> bool:
        """Whether who loads the file with pickle, and so takes the data for opcodes, would get to a global."""
        data = self.reader.read(self.here(pos), min(size, SECOND_READING))
        inner = Machine(Memory(data), self.context, self.profile, steps_over_arrays=False)
        inner.stack = [unsized(value) for value in self.stack[-AROUND:]]
        inner.memo = Overlay(self.memo)
        try:
            return any(inner.run()) or True
        except UnreadableError as end:
            return bool(inner.names.table) or end.offset is None or end.offset >= len(data)

    def here(self, pos: int) -> int:
        """The offset in the reader."""
        return self.window.start + pos

    def need(self, count: int, pos: int) -> None:
        """Raise `UnreadableError` unless there are `count` values above the last mark."""
        if len(self.stack) - self.fence < count:
            self.broken("the stack is empty", pos)

    def line_end(self, pos: int) -> int:
        r"""Where the line that begins at `pos` ends; raises `UnreadableError` if it does not."""
        end = self.window.line_end(pos)
        return end if end >= 0 else self.broken("a line has no end", pos)

    def broken(self, message: str, pos: int) -> NoReturn:
        """What no unpickler would load."""
        raise UnreadableError("pickle.broken", message, offset=self.here(pos))

    def say(self, pos: int, finding: Callable[..., Finding], *about: object) -> None:
        """Add a finding about what lies before `pos`; of one kind about one thing only the first."""
        if (finding, about) not in self.told:
            self.told.add((finding, about))
            self.findings.append(finding(self.context, *about, self.here(pos)))

    def _check_costs(self, pos: int) -> None:
        """Raise `TooLargeError` for what would take too much of the scan's own memory or time."""
        self.context.tally.step(self.opcodes - self.counted)
        self.counted = self.opcodes
        if self.sizes.is_bomb(self.opcodes):
            self.say(pos if pos < AWAY else 0, findings.bomb, BOMB)
        costs = (
            (len(self.stack), STACK, "values on the stack"),
            (len(self.marks), MARKS, "marks"),
            (len(self.sizes), self.context.limits.memo, "things that can change"),
            (self.opcodes, self.context.limits.opcodes, "opcodes"),
        )
        for cost, most, name in costs:
            if cost > most:
                raise TooLargeError("pickle.too_large", f"it has more than {most} {name}", offset=self.window.start)
        if len(self.stack) - self.settled > SETTLED:
            self._settle()
        self.settled = min(self.settled, len(self.stack))
        if len(self.kept) > KEPT:
            self._forget()

    def _forget(self) -> None:
        """Let go of the content of dicts that are complete by now."""
        recent = len(self.sizes) - RECENT
        self.kept = {ref: known for ref, known in self.kept.items() if ref > recent or not isinstance(known, dict)}

    def _settle(self) -> None:
        """Keep of values deep in the stack only what a size needs."""
        until = len(self.stack) - SETTLED // 2
        self.stack[self.settled : until] = [self._settled(value) for value in self.stack[self.settled : until]]
        self.settled = until

    def _settled(self, value: Value) -> Value:
        if isinstance(value, tuple):
            return value[0]
        return Unknown.LOST if type(value) is bytes else None if type(value) is int else value
