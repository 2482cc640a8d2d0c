"""What every test may ask for: one running sandbox for the whole session, started by the first test that needs it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


# The Azure ML SDK still declares its hundreds of schemas in the way of marshmallow 3; its own code is not ours to mend.
_SDK_WARNINGS = (
    r"ignore::DeprecationWarning:marshmallow\.schema",
    r"ignore::DeprecationWarning:azure\.ai\.ml.*",
    r"ignore::FutureWarning:azure\.ai\.ml.*",
)


def pytest_configure(config: pytest.Config) -> None:
    """Let warnings be errors, but for those of the SDK's own making, and let a slow machine be slow."""
    for line in _SDK_WARNINGS:
        config.addinivalue_line("filterwarnings", line)
    # How long an example takes tells more of the machine than of the code.
    settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("any machine")


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Azure on this machine, with `os.environ` pointing at it until the session ends.

    It is shared: a test uses job, model and blob names of its own, and expects no list to be empty.
    """
    with Sandbox.start(directory=tmp_path_factory.mktemp("sandbox")) as running:
        before = dict(os.environ)
        os.environ.update(running.environment())
        yield running
        os.environ.clear()
        os.environ.update(before)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the sandbox, so `-m "not sandbox"` leaves the tests that run without Node.js."""
    for item in items:
        if "sandbox" in getattr(item, "fixturenames", ()):
            item.add_marker("sandbox")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config) -> None:
    """Say after a failure how its order comes again, also where `-q` hides the header that says so."""
    if exitstatus:
        terminalreporter.write_line(f"the order was that of --randomly-seed={config.getoption('randomly_seed', None)}")
