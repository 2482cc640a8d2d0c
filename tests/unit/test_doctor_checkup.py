"""A checkup comes to its end whatever Azure answers, or what answers in its place."""

from __future__ import annotations

import base64
import itertools
import json
import threading
from typing import TYPE_CHECKING, Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from registration.doctor.checkup import Checkup
from registration.doctor.policies import Place
from registration.doctor.wire import Answer
from registration.policy.folder import FolderPolicies
from registration.settings import Settings
from tests.infra.project import ROOT

if TYPE_CHECKING:
    from registration.doctor.wire import Ask, Audience

GROUP = "/subscriptions/s/resourceGroups/g/providers"
SETTINGS = Settings.model_validate(
    {
        "REGISTRAR_WORKSPACE": f"{GROUP}/Microsoft.MachineLearningServices/workspaces/ws",
        "REGISTRAR_STORAGE__blobServiceUri": "https://acc.blob.core.windows.net",
        "REGISTRAR_STORAGE__queueServiceUri": "https://acc.queue.core.windows.net",
        "REGISTRAR_DROP_ACCOUNTS": f"{GROUP}/Microsoft.Storage/storageAccounts/drops",
    }
)
APP = f"{GROUP}/Microsoft.Web/sites/func"
POLICIES = Place("policies", FolderPolicies(ROOT / "policies"))
PARTS = ("ledger.registrar-state", "queue.registrar-work", "workspace.", "drops", "events.ws", "events.drops", "app.")
TOPIC = {"id": f"{GROUP}/topics/t", "name": "t", "properties": {"source": SETTINGS.workspace}}

words = st.sampled_from(
    ["value", "properties", "name", "id", "api", "discoveryUrl", "destination", "filter", "identity"]
)
shapes = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
statuses = st.sampled_from([200, 200, 200, 401, 403, 404, 429, 500, None])
answers = st.builds(lambda status, document: Answer(status, said="so", document=document), statuses, shapes)


class Odd:
    """Answers every request with the next of some answers, over and over."""

    def __init__(self, answered: list[Answer]) -> None:
        self._next, self._lock = itertools.cycle(answered), threading.Lock()

    def ask(self, ask: Ask) -> Answer:  # noqa: ARG002 - what is asked does not matter
        with self._lock:
            return next(self._next)

    def token(self, audience: Audience) -> str:  # noqa: ARG002 - as above
        claims = base64.urlsafe_b64encode(json.dumps({"oid": "o", "tid": "t", "appid": "a"}).encode()).decode()
        return f"head.{claims.rstrip('=')}.signature"


def page(*found: Any) -> Answer:
    return Answer(200, document={"value": [*found]})


@settings(max_examples=8, deadline=None)
@given(st.lists(answers, min_size=1, max_size=5))
@example([Answer(200, document=None)])
@example([page(TOPIC), page({"name": "s", "properties": {"destination": "x"}})])
def test_every_part_is_looked_at_whatever_comes_back(answered: list[Answer]) -> None:
    report = Checkup(lambda: SETTINGS, lambda _settings: POLICIES, Odd(answered), APP).run()

    found = [check.name for check in report.checks]
    assert all(any(name.startswith(part) for name in found) for part in PARTS)
    assert json.dumps(report.to_dict())


def test_what_answers_in_the_place_of_azure_is_told() -> None:
    report = Checkup(lambda: SETTINGS, lambda _settings: POLICIES, Odd([Answer(200)]), APP).run()

    odd = {check.name: check for check in report.checks}["workspace.unreadable"]
    assert odd.seen.startswith("an answer is not of the shape that the service has")
    assert "such as a proxy" in odd.next
