"""docs/infrastructure.md says what the templates and the code say."""

from __future__ import annotations

import re

import pytest

from registration.access import CALLS, GRANTS, SHARED_CALLS, Call, Grant, Who
from tests.infra.project import ROOT, Project

PAGE = (ROOT / "docs" / "infrastructure.md").read_text(encoding="utf-8")
PROJECT = Project(ROOT)
WHO = {Who.APP: "the app", Who.TOPICS: "each system topic", Who.DEPLOYERS: "deployers", Who.OPERATORS: "operators"}


def table(heading: str) -> list[str]:
    """The rows of the first table below a line that begins so."""
    below = PAGE.partition(f"\n{heading}")[2].partition("\n|---")[2]
    return below.partition("\n\n")[0].splitlines()[1:]


def of_grant(grant: Grant) -> str:
    place = f"{grant.where}, only `{grant.only}`" if grant.only else str(grant.where)
    why = f"{grant.why}; if wanted" if grant.optional else grant.why
    return f"| `{grant.name}` | {WHO[grant.who]} | {grant.role.name} | {place} | {why} |"


def of_call(call: Call) -> str:
    return f"| {call.service} | {call.method} | `{call.path or '/'}` | `{call.action}` |"


def of_parameter(name: str) -> str:
    one = PROJECT.templates["main.bicep"].all("parameter")[name]
    said = str(PROJECT.parameters["main.bicepparam"].all("variable")[name].body)
    variable, default = re.findall(r"readEnvironmentVariable\('(\w+)'(?:, '?(.*?)'?)?\)", said)[0]
    value = default.replace("${environmentName}", "<environment>")
    shown = f"`{value}`" if value else "none" if "," in said else "required"
    return f"| `{name}` | `{variable}` | {shown} | {one.decorators['description'][0]} |"


def test_every_grant_is_documented_and_no_other() -> None:
    assert table("## Who may do what") == [of_grant(grant) for grant in GRANTS]


def test_every_call_and_its_action_is_documented_and_no_other() -> None:
    assert table("nothing and deletes nothing.") == [of_call(call) for call in (*CALLS, *SHARED_CALLS)]


def test_every_parameter_is_documented_and_no_other() -> None:
    names = PROJECT.templates["main.bicep"].all("parameter")

    assert table("## Parameters") == [of_parameter(name) for name in names]


def test_every_alert_is_documented() -> None:
    watched = PROJECT.templates["modules/alerts.bicep"].all("variable")["watched"].body

    assert table("## Alerts")[: len(watched)] == [f"| `registrar-{one['name']}-…` | {one['text']} |" for one in watched]


@pytest.mark.parametrize("name", sorted(PROJECT.templates))
def test_every_template_says_what_it_is(name: str) -> None:
    assert PROJECT.templates[name].text.startswith("// ")


def test_the_picture_names_every_container_and_queue() -> None:
    picture = PAGE.partition("```mermaid")[2].partition("```")[0]

    for name in ("registrar-work", "registrar-work-poison", "registrar-policies", "registrar-dead-letters"):
        assert name in picture
    for shelf in ("-state", "-decisions", "-quarantine"):
        assert shelf in picture
