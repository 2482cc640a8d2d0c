"""Drop matches: what a policy may say of drops, and which file completes one there."""

from __future__ import annotations

import pytest

from registration.errors import PolicyError
from registration.policy import document, lint
from registration.policy.difference import between

PLACE = "account: contosodrops, container: incoming, prefix: vendor-a/"


def policy(*drops: str) -> document.Policy:
    return document.parse(text(*drops), source="p")


def text(*drops: str) -> str:
    entries = "".join(f"    - drop: {{{PLACE}, {said}}}\n" for said in drops)
    return (
        "apiVersion: registrar/v1\nkind: PromotionPolicy\nname: p\nmatch:\n  any:\n"
        f"{entries}models: [{{name: m, metrics: {{accuracy: {{direction: maximize, min: 0.5}}}}}}]\n"
    )


def completed(found: document.Policy, path: str) -> bool:
    where = {"account": "contosodrops", "container": "incoming"}
    return found.drop_completed_by(path=f"vendor-a/{path}", **where) is not None


@pytest.mark.parametrize(
    ("said", "yes", "no"),
    [
        ("completeness: manifest", "1/model.manifest.json", "1/_SUCCESS"),
        ("completeness: marker", "1/_SUCCESS", "1/model.manifest.json"),
        ("completeness: marker, marker: DONE", "1/DONE", "1/_SUCCESS"),
        ('completeness: single_file, files: "*.onnx"', "a/b.onnx", "a/b.ONNX"),
        ('completeness: single_file, files: "best/*"', "best/b.onnx", "last/b.onnx"),
        ('completeness: single_file, files: "*"', "anything", "model.manifest.json"),
        ('completeness: single_file, files: "*"', "anything", "anything.receipt.json"),
    ],
)
def test_a_drop_is_completed_by_what_the_policy_says(said: str, yes: str, no: str) -> None:
    found = policy(said)

    assert completed(found, yes)
    assert not completed(found, no)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("completeness: single_file", "files, the pattern of single files"),
        ('files: "*.onnx"', "files, the pattern of single files"),
        ("marker: DONE", "marker goes with completeness: marker"),
        ("completeness: marker, marker: a/b", "must be the name of a file"),
        ("completeness: marker, marker: model.manifest.json", "has another meaning in a drop"),
        ("completeness: marker, marker: x.sig", "has another meaning in a drop"),
        ("completeness: marker, extra: reject", "extra: reject needs a manifest"),
        ("limits: {files: 0}", "must be a whole number from 1 to 1000"),
        ("limits: {files: 1001}", "must be a whole number from 1 to 1000"),
        ("limits: {files: 1.5}", "must be a whole number from 1 to 1000"),
        ("limits: {bytes: 20 GB}", "must be a number of bytes"),
        ("limits: {bytes: true}", "must be a number of bytes"),
        ("limits: {bytes: -1}", "must be a number of bytes"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(said: str, problem: str) -> None:
    with pytest.raises(PolicyError, match=problem) as refused:
        policy(said)

    assert "match.any[0].drop" in str(refused.value)


@pytest.mark.parametrize(("written", "size"), [("1", 1), ("20 GiB", 20 * 2**30), ("5MiB", 5 * 2**20)])
def test_a_size_is_written_in_bytes_or_larger_units(written: str, size: int) -> None:
    (drop,) = policy(f"limits: {{bytes: {written}}}").match.drops

    assert (drop.limits.bytes, drop.limits.files) == (size, 1000)


def test_the_nearest_entry_counts_and_of_two_alike_the_stricter_in_any_order() -> None:
    wide, near = "limits: {files: 3}", "limits: {files: 9}, prefix: vendor-a/near/"
    alike = "limits: {files: 9}, extra: reject"

    for drops in ((wide, near, alike), (alike, near, wide)):
        found = document.parse(text(*drops).replace(f"{PLACE}, {near}", near_place(near)), source="p")
        of = {
            path: found.drop_completed_by(account="contosodrops", container="incoming", path=path)
            for path in ("vendor-a/near/1/model.manifest.json", "vendor-a/1/model.manifest.json")
        }
        near_one, other = of.values()
        assert near_one is not None
        assert other is not None
        assert (near_one.limits.files, other.extra) == (9, "reject")


def near_place(near: str) -> str:
    return f"account: contosodrops, container: incoming, {near}"


def test_a_default_written_out_changes_no_digest() -> None:
    written = "completeness: manifest, extra: ignore, limits: {files: 1000, bytes: 100 GiB}"

    assert policy(written).digest == policy("completeness: manifest").digest
    assert between(policy(written), policy("completeness: manifest")) == ()


def test_a_difference_says_how_drops_are_taken() -> None:
    old, new = policy("completeness: manifest"), policy("completeness: marker, limits: {files: 5}")

    said = [str(change) for change in between(old, new)]

    more = "completeness marker, limits {files: 5, bytes: 107374182400}"
    assert said == [
        "no longer takes drops in contosodrops/incoming/vendor-a/",
        f"now takes drops in contosodrops/incoming/vendor-a/ with {more}",
    ]


def test_an_entry_is_covered_only_by_one_that_completes_drops_alike() -> None:
    inner = "prefix: vendor-a/team/"
    same = text("completeness: marker").replace(
        "models:", f"    - drop: {{{deep(inner)}, completeness: marker}}\nmodels:"
    )
    other = text("completeness: marker").replace("models:", f"    - drop: {{{deep(inner)}}}\nmodels:")

    assert [remark.code for remark in lint.check({"p": same}).remarks] == ["unreachable"]
    assert lint.check({"p": other}).remarks == ()


def deep(prefix: str) -> str:
    return f"account: contosodrops, container: incoming, {prefix}"
