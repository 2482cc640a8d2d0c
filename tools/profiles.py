"""Writes the profiles: the names that pickles of the libraries installed here really use, and what they do with them.

Run it in an environment with the libraries, `python tools/profiles.py`; names found are added to the lists, none is
taken away, so that several versions of a library can be added one after the other. What the tool prints was not added:
names that are dangerous, names that a person has refused, and calls whose arguments have no rule. A person reviews the
difference before it is committed; docs/profiles.md says what for.
"""

from __future__ import annotations

import contextlib
import io
import pickle
import sys
import warnings
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Self, override

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # an environment of libraries has no Registrar

import joblib
import profile_samples

from registration.artifacts.pickles import globals as names
from registration.artifacts.pickles.alone import alone
from registration.artifacts.pickles.arguments import RULES
from registration.artifacts.pickles.scan import scan
from registration.artifacts.reader import Memory
from tests import profile_review

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.finding import Finding

HOMES = ("numpy", "joblib", "scipy", "sklearn", "xgboost", "lightgbm", "pandas", "torch")
# Names that pickles really use and no profile may have; docs/profiles.md has the reasons.
REFUSED = frozenset(names.lines("refused.txt"))


class Recording(frozenset[str]):
    """Uses of one name: allows each and keeps it."""

    seen: set[str]

    def __new__(cls) -> Self:
        """Empty, yet true, so that the scan does not take the name for unlisted."""
        made = super().__new__(cls, ("any",))
        made.seen = {"refer"}
        return made

    @override
    def __contains__(self, use: object) -> bool:
        self.seen.add(str(use))
        return True


class Recorder(names.Profile):
    """A profile that lists everything, and remembers what was asked for."""

    found: dict[tuple[str, str], Recording]

    @override
    def uses(self, module: str, name: str) -> frozenset[str]:
        """Whatever is done with it."""
        return self.found[module, name]


def recorder() -> Recorder:
    """An empty one."""
    made = Recorder("everything", {})
    object.__setattr__(made, "found", defaultdict(Recording))
    return made


def pickled(thing: object) -> Iterator[bytes]:
    """`thing` in every protocol, and as joblib writes it; nothing where it cannot be pickled."""
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with contextlib.suppress(Exception):
            yield pickle.dumps(thing, protocol)
    with contextlib.suppress(Exception):
        joblib.dump(thing, buffer := io.BytesIO())
        yield buffer.getvalue()


def findings(data: bytes, profile: Recorder) -> list[Finding]:
    """Scan one pickle."""
    return list(scan(Memory(data), alone(profile), profile))


def main() -> None:
    """Record, sort, write."""
    warnings.simplefilter("ignore")
    profile = recorder()
    told: set[str] = set()
    for thing in profile_samples.everything():
        for data in pickled(thing):
            told.update(f"{type(thing).__name__}: {finding.message}" for finding in findings(data, profile))
    found = {key: sorted(uses.seen) for key, uses in profile.found.items()}
    for (module, name), uses in sorted(found.items()):
        if why := _refusal(module, name, frozenset(uses)):
            told.add(f"refused: {module} {name} {','.join(uses)}: {why}")
            del found[module, name]
    for part in ("base", *HOMES):
        _write(part, {key: uses for key, uses in found.items() if _home(key[0]) == part})
    print("\n".join(sorted(told)))


def _refusal(module: str, name: str, uses: frozenset[str]) -> str:
    if names.is_dangerous(module, name):
        return "it is dangerous"
    if f"{module} {name}" in REFUSED:
        return "a person has refused it"
    return "" if (module, name) in RULES else "; ".join(profile_review.complaints(module, name, uses))


def _home(module: str) -> str:
    top = module.partition(".")[0]
    return top if top in HOMES else "base" if top in sys.stdlib_module_names else "other"


def _write(part: str, found: dict[tuple[str, str], list[str]]) -> None:
    file = names.FOLDER / f"{part}.txt"
    lines = file.read_text(encoding="utf-8").splitlines()
    head = [line for line in lines if line.startswith("#")]
    kept = {(row[0], row[1]): set(row[2].split(",")) for line in lines if (row := line.partition("#")[0].split())}
    for (module, name), uses in found.items():
        for key in _spellings(module, name):
            kept[key] = kept.get(key, set()) | set(uses)
    rows = [
        f"{module} {name} {','.join(sorted(uses - {'refer'} or uses))}" for (module, name), uses in sorted(kept.items())
    ]
    file.write_text("\n".join([*head, *rows]) + "\n", encoding="utf-8")


def _spellings(module: str, name: str) -> Iterator[tuple[str, str]]:
    """The name in both generations of numpy; pickles of each are read by the other."""
    yield module, name
    if module.startswith("numpy._core."):
        yield module.replace("numpy._core.", "numpy.core."), name


if __name__ == "__main__":
    main()
