"""in-toto statements: what was found out about the files, for a verifier that trusts whoever signs them.

They are not signed here: cosign, witness or a service of yours wraps them in an envelope. Two predicates:

    test-result    https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md, of every decision
    svr            https://github.com/in-toto/attestation/blob/main/spec/predicates/svr.md, of a version

The subjects are the files, by SHA-256, and all of them together by `dirHash`, which is how this app identifies them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from registration.errors import InputError
from registration.step import word

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from registration.portable.decided import Decided

STATEMENT: Final = "https://in-toto.io/Statement/v1"
TEST_RESULT: Final = "https://in-toto.io/attestation/test-result/v0.1"
SVR: Final = "https://in-toto.io/attestation/svr/v0.2"
PREFIX: Final = "REGISTRAR_"
_PASSED: Final = ("passed",)
_WARNED: Final = ("warned", "overridden")
_FAILED: Final = ("failed", "held", "error")


def test_result(decided: Decided) -> dict[str, Any]:
    """The rules as tests: which passed, which warned or were overridden by people, and which were not met."""
    passed, warned, failed = (_rules(decided, results) for results in (_PASSED, _WARNED, _FAILED))
    result = "FAILED" if failed or decided.step.outcome != "register" else "WARNED" if warned else "PASSED"
    predicate = {
        "result": result,
        "configuration": _policies(decided),
        "passedTests": passed,
        "warnedTests": warned,
        "failedTests": failed,
    }
    return _statement(decided, TEST_RESULT, predicate)


def svr(decided: Decided) -> dict[str, Any]:
    """What is known to be so of a registered version; raises `InputError` for what was not registered."""
    if decided.step.version is None:
        raise InputError(f"decision {decided.step.digest} registered no version, so nothing was verified of one")
    reached = ["REGISTERED", *(["PROMOTED"] if decided.step.promoted else [])]
    rules = [f"PASSED:{rule}" for rule in _rules(decided, _PASSED)]
    predicate = {
        "verifier": {"id": decided.producer, "policies": _policies(decided)},
        "timeCreated": decided.at,
        "properties": [f"{PREFIX}{each}" for each in (*reached, *rules)],
    }
    return _statement(decided, SVR, predicate)


def _statement(decided: Decided, kind: str, predicate: dict[str, Any]) -> dict[str, Any]:
    return {"_type": STATEMENT, "subject": _subjects(decided), "predicateType": kind, "predicate": predicate}


def _subjects(decided: Decided) -> list[dict[str, Any]]:
    files = [{"name": file.path, "digest": {"sha256": file.sha256}} for file in decided.files if file.sha256]
    return [{"name": decided.name, "digest": {"dirHash": decided.artifact_sha256}}, *files]


def _policies(decided: Decided) -> list[dict[str, Any]]:
    name, text = decided.step.policy.get("name"), word(decided.step.policy.get("text_sha256"))
    return [{"name": word(name), "digest": {"sha256": text}}] if text else []


def _rules(decided: Decided, results: Collection[str]) -> list[str]:
    """Names of rules, each once: a finding's code may have been met in several files."""
    return _once(word(said.get("rule")) for said in decided.step.verdicts if word(said.get("result")) in results)


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
