"""Whatever happens, and in whatever order, all is well once everything came again; told by some dozens of stories."""

from __future__ import annotations

from tests.stage import Stage
from tests.stories import tell

# What comes about in them, so that no rule is there for nothing.
HAPPENED = {
    *("event registered", "event rejected", "event held", "event duplicate", "event waiting"),
    *("approve registered", "reject rejected", "reevaluate held"),
    *("rollback rolled_back", "revoke revoked", "adopt adopted", "pause paused", "resume resumed"),
    *("files champion", "files earlier", "files rejected", "files revoked"),
    *("hands archive", "hands restore", "hands delete", "hands strip", "hands crown"),
    *("overtaken", "taken over", "swept", "sweep failed"),
    *("struck a read", "struck state work", "struck state heads", "struck registry project"),
}


def test_every_story_ends_well() -> None:
    Stage.happened.clear()

    tell(32, of=8)

    assert set(Stage.happened) >= HAPPENED
