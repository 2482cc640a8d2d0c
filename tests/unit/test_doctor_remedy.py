"""The commands that give roles: those of the template, typed as a shell reads them."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from registration.access import GRANTS, Who
from registration.doctor import remedy
from registration.doctor.identity import Identity
from registration.doctor.patient import grant
from registration.doctor.remedy import Need

ROOT = Path(__file__).resolve().parents[2]
APP = Identity("object-1", "tenant-1", "client-1", is_person=False)
SCOPES = [
    remedy.resource("/subscriptions/s/resourceGroups/g/providers/Some.Thing/things/t"),
    remedy.container("acc", "$web"),
    remedy.container("acc", "$web", within="/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/x/acc"),
    remedy.queue("acc", "work"),
    remedy.topic("https://t.westeurope-1.eventgrid.azure.net/api/events"),
    remedy.topic("https://t/`reboot`$(reboot)"),
]
AZ = 'az() { if [ "$1" = role ] && [ "$2" = assignment ]; then printf "%s\\n" "$@"; else echo FOUND; fi; }\n'


def typed(command: str) -> list[str]:
    """The words that a shell gives to `az role assignment create`, where every look-up finds FOUND."""
    done = subprocess.run(["bash", "-c", AZ + command], capture_output=True, text=True, check=True)
    assert not done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: scope.called)
@pytest.mark.parametrize("name", [one.name for one in GRANTS if one.who is Who.APP])
def test_a_shell_reads_every_command_as_it_is_meant(name: str, scope: remedy.Scope) -> None:
    wanted = grant(name)

    words = typed(remedy.grant(Need(wanted, scope), APP))

    given = dict(zip(words[3::2], words[4::2], strict=True))
    assert words[:3] == ["role", "assignment", "create"]
    assert given["--role"] == (wanted.role.name if wanted.role.id else "FOUND")
    assert given["--scope"].startswith(("/subscriptions/", "FOUND"))
    assert ("--condition" in given) == (wanted.only is not None)


def test_a_container_with_a_dollar_in_its_name_stays_one() -> None:
    words = typed(remedy.grant(Need(grant("dropReads"), remedy.container("acc", "$web")), APP))

    assert words[-1] == "FOUND/blobServices/default/containers/$web"


@pytest.mark.parametrize("variable", ["receiptsOnly", "copiesOnly"])
def test_the_condition_is_the_one_of_the_template(variable: str) -> None:
    text = (ROOT / "infra" / "modules" / "roles.bicep").read_text(encoding="utf-8")
    written = dict(re.findall(r"^var (writing|path|receiptsOnly|copiesOnly) = '(.*)'$", text, re.MULTILINE))
    whole = written[variable].replace("${writing}", written["writing"]).replace("${path}", written["path"])
    paths = {one.only for one in GRANTS if one.only}

    assert whole.replace("\\'", "'") in {remedy.condition(path) for path in paths}


def test_a_role_of_the_template_is_looked_for_where_it_is_given() -> None:
    asked = 'az() { printf "%s\\n" "$*" >&2; echo FOUND; }\n'
    command = remedy.grant(Need(grant("receipts"), remedy.container("acc", "box")), APP)

    done = subprocess.run(["bash", "-c", asked + command], capture_output=True, text=True, check=True)

    look = next(line for line in done.stderr.splitlines() if line.startswith("role definition list"))
    assert "--scope FOUND/blobServices/default/containers/box --query" in look


def test_a_condition_is_one_word() -> None:
    command = remedy.grant(Need(grant("receipts"), SCOPES[0]), APP)

    assert shlex.split(command)[-4:-2] == ["--condition", remedy.condition("*.receipt.json")]
