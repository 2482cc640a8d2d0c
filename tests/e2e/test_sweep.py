"""The timer's sweep: a job of which no event told becomes a version all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.app import App


def test_the_timer_finds_a_job_of_which_no_event_told(app: App, name: str) -> None:
    app.policy(name, {"job": {"experiment": name}}, **{"from": {"output": "model"}})
    app.host.invoke("sweep_candidates")
    app.host.idle(30)
    app.job(name)

    came = app.came_of(lambda: app.host.invoke("sweep_candidates"))

    assert came.outcome["outcome"] == "registered"
    assert came.outcome["event"] == f"registrar-sweep-{name}"
