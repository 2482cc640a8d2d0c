"""`registrar policy`: policies as code. What needs neither the ledger nor Azure is here."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registration import cli_policy_import, cli_policy_publish, cli_policy_replay
from registration.cli_options import Allow, Json
from registration.errors import InputError, PolicyError

if TYPE_CHECKING:
    from registration.policy.document import Policy

Paths = Annotated[
    list[Path], typer.Argument(metavar="PATH...", help="Files, or folders that hold them.", show_default=False)
]
Strict = Annotated[bool, typer.Option("--strict", help="Let warnings alone make the exit status 1.")]
Old = Annotated[Path, typer.Argument(metavar="A", help="The policy as it was.", show_default=False)]
New = Annotated[Path, typer.Argument(metavar="B", help="The policy as it is to be.", show_default=False)]


def add_to(app: typer.Typer) -> None:
    """Give `app` the group of commands."""
    app.add_typer(group(), name="policy")


def group() -> typer.Typer:
    """The group with all its commands."""
    made = typer.Typer(
        help="Policies as code: import, check, test, compare, try on the past, publish.", no_args_is_help=True
    )
    for name, command in (("check", check), ("test", run_cases), ("diff", diff), ("schema", schema)):
        made.command(name)(command)
    cli_policy_import.add_to(made)
    cli_policy_replay.add_to(made)
    cli_policy_publish.add_to(made)
    return made


def check(paths: Paths, *, strict: Strict = False, allow: Allow = None, json: Json = False) -> None:
    """Check policies without running them: can they be read, and do they mean what they say?

    An error is a policy that cannot be used, a rule that nothing can satisfy
    (accuracy of 1.5), or two policies about one model. A warning is a rule
    that asks nothing or is never reached, a metric without a rule, or a
    direction that is unusual for the metric. All policies given are checked
    together, as the app reads them together.

    Exit status 0 nothing to say, or warnings only; 1 an error, or with
    --strict a warning; 2 a path cannot be read.
    """
    from registration import pages, policy_pages  # noqa: PLC0415 - what they need is slow to load
    from registration.policy import lint  # noqa: PLC0415 - as above
    from registration.policy.folder import files_at  # noqa: PLC0415 - as above

    texts = {str(path): _text(path) for path in files_at(paths)}
    found = lint.check(texts).without(allow or ())
    if json:
        typer.echo(json_text.dumps({"files": list(texts), **found.to_dict()}))
    else:
        pages.show(policy_pages.checked(found, files=len(texts)))
    raise typer.Exit(1 if found.errors or (strict and found.warnings) else 0)


def run_cases(paths: Paths, *, json: Json = False) -> None:
    """Put made-up evidence to policies, and compare the answers with the expected ones.

    The cases of [bold]churn.yaml[/bold] lie beside it in [bold]churn.test.yaml[/bold]:

      policy: churn.yaml
      cases:
        - name: a tie is enough
          candidate: {metrics: {accuracy: 0.9}}
          champion: {metrics: {accuracy: 0.9}}
          expect: {outcome: register}

    Name the cases, the policy, or the folder of both. A case that fails shows
    each rule that answered otherwise, with its numbers and its reason.

    Exit status 0 every case passed; 1 one failed; 2 something cannot be read.
    """
    from registration import pages, policy_pages  # noqa: PLC0415 - as above
    from registration.policy import cases  # noqa: PLC0415 - as above
    from registration.policy.folder import beside, cases_at, files_at, is_policy  # noqa: PLC0415 - as above

    files = cases_at(paths)
    untested = [path for path in files_at(paths) if is_policy(path.name) and not beside(path)]
    if not files:
        raise InputError(f"no cases to test: {', '.join(map(str, paths))} has no .test.yaml")
    results = [result for path in files for result in cases.run(path, source=str(path))]
    if json:
        told = {"files": list(map(str, files)), "untested": list(map(str, untested))}
        typer.echo(json_text.dumps({**told, "cases": [result.to_dict() for result in results]}))
    else:
        for result in results:
            pages.show(policy_pages.case(result))
        pages.show(policy_pages.totals(results, files=len(files), untested=untested))
    raise typer.Exit(0 if all(result.passed for result in results) else 1)


def diff(old: Old, new: New, *, json: Json = False) -> None:
    """Say in words what changed from policy A to policy B.

    Layout, comments and defaults written out make no difference in meaning;
    then both have the same digest.

    Exit status 0 no difference in meaning; 1 there is one; 2 a policy cannot be
    used.
    """
    from registration import pages, policy_pages  # noqa: PLC0415 - as above
    from registration.policy import difference  # noqa: PLC0415 - as above

    before, after = _policy(old), _policy(new)
    found = difference.between(before, after)
    if json:
        told = {"same": not found, "old_digest": before.digest, "new_digest": after.digest}
        typer.echo(json_text.dumps({**told, "changes": [change.to_dict() for change in found]}))
    else:
        pages.show(policy_pages.changes(found))
    raise typer.Exit(1 if found else 0)


def schema() -> None:
    """Print the JSON Schema of a policy, for editors that complete and check YAML.

    A policy names it in its first line:
    [bold]# yaml-language-server: $schema=policy.schema.json[/bold]

    Exit status 0.
    """
    from registration.policy.schema import json_schema  # noqa: PLC0415 - as above

    typer.echo(json_text.dumps(json_schema(), indent=2))


def _text(path: Path) -> str | PolicyError:
    """The text of a file, or why it is none: others are checked all the same."""
    from registration.policy.folder import read_text  # noqa: PLC0415 - as above

    try:
        return read_text(path, name=str(path))
    except PolicyError as unreadable:
        return unreadable


def _policy(path: Path) -> Policy:
    from registration.policy import document  # noqa: PLC0415 - as above
    from registration.policy.folder import read_text  # noqa: PLC0415 - as above

    return document.parse(read_text(path, name=str(path)), source=str(path))
