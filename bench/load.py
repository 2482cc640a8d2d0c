"""Under load: mixed events through the whole sandbox while Azure ML fails, then a look at every record from outside.

    python -m bench.load [--events N] [--seed S] [--once] [--json]

A tenth of the events goes first, through a sandbox of its own, so that growth can be told within one run; `--once`
leaves that out. Exit status: 0 when every claim holds, 1 when one does not, 2 when the sandbox could not be started.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from rich.console import Console

from bench.load_checks import check
from bench.load_numbers import Numbers, numbers
from bench.load_report import page
from bench.load_run import run
from sandbox import stage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.load_checks import Check

EVENTS, FEWEST = 1000, 20
FAILED, COULD_NOT_RUN = 1, 2


def main(given: Sequence[str] | None = None) -> int:
    """Run the load and print what came of it."""
    options = _arguments(given)
    sizes = [options.events] if options.once else [max(FEWEST, options.events // 10), options.events]
    console = Console(stderr=True)
    try:
        with console.status("") as spinner:
            measured = [_measure(size, options.seed, say=spinner.update) for size in sizes]
    except stage.COULD_NOT_START as error:
        console.print(f"load: {error}", style="red", markup=False, highlight=False)
        return COULD_NOT_RUN
    print(_json(measured) if options.json else page(measured, seed=options.seed))
    return 0 if all(each.holds for _, checks in measured for each in checks) else FAILED


def _measure(events: int, seed: int, *, say: Callable[[str], None]) -> tuple[Numbers, list[Check]]:
    seen = run(events, seed=seed, say=lambda text: say(f"{events} events: {text}"))
    return numbers(seen), check(seen)


def _json(measured: list[tuple[Numbers, list[Check]]]) -> str:
    runs = [
        {**found.to_dict(), "checks": [{"claim": each.claim, "exceptions": each.exceptions} for each in checks]}
        for found, checks in measured
    ]
    return json.dumps({"runs": runs}, indent=2)


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--events", type=_enough, default=EVENTS, help=f"how many, {FEWEST} at least; {EVENTS} if not said"
    )
    parser.add_argument("--seed", type=int, default=7, help="of the plan, the order and the faults")
    parser.add_argument("--once", action="store_true", help="leave out the run of a tenth that growth is told from")
    parser.add_argument("--json", action="store_true", help="print the numbers and the claims as JSON")
    return parser.parse_args(given)


def _enough(text: str) -> int:
    if not text.isdecimal() or int(text) < FEWEST:
        raise argparse.ArgumentTypeError(f"must be a number from {FEWEST} up, not {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
