"""What people get wrong in a policy, and what its author is told."""

from __future__ import annotations

import pytest

from registration.errors import PolicyError
from registration.policy import document
from registration.policy.document import LONGEST_TEXT, Policy

TEXT = """\
apiVersion: registrar/v1
kind: PromotionPolicy
name: churn
match: {any: [{job: {experiment: churn}}]}
models:
  - name: churn
    from: {output: model}
    metrics:
      accuracy: {direction: maximize, min: 0.8}
"""


def refusal(*lines: str, metric: str = "") -> str:
    with pytest.raises(PolicyError) as caught:
        parsed(*lines, metric=metric)
    return str(caught.value)


def parsed(*lines: str, metric: str = "") -> Policy:
    text = TEXT.replace("min: 0.8", f"min: 0.8, {metric}" if metric else "min: 0.8")
    return document.parse(text + "".join(f"    {line}\n" for line in lines), source="churn.yaml")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("compare_to: chamption", 'models[0].compare_to: must be champion, best, none, "pinned:VERSION" or {registry'),
        ("compare_to: pinned:0", 'must be champion, best, none, "pinned:VERSION" or {registry: REGISTRY}'),
        ("compare_to: {pinned: 3}", "models[0].compare_to: pinned: unknown key; "),
        ("compare_to: {registry: r}", "models[0].compare_to: a registry's name starts with a letter or digit"),
        ("compare_to: [best]", "models[0].compare_to: must be champion, best, none"),
        ("group: a b", "models[0].group: must start with a letter or digit"),
        ("require: {tags: {owner: presnt}}", "require.tags.owner: must be present, {one_of: [...]}, {equals: TEXT}"),
        ("require: {tags: {owner: {one_of: []}}}", "require.tags.owner: must be present, {one_of: [...]}"),
        ("require: {tags: {owner: {equals: 1}}}", "require.tags.owner: equals: must be text, not empty"),
        ("require: {lineage: [git_comit]}", "must be one of job, job_output_uri, experiment"),
        ("require: {lineage: [git_comit]}", "did you mean 'git_commit'?"),
        ("require: {completeness: 0}", "require.completeness: must be a number above 0 and at most 1, the share"),
        ("require: {completeness: 1.01}", "require.completeness: must be a number above 0 and at most 1, the share"),
        ("require: {completeness: 80%}", "require.completeness: must be a number above 0 and at most 1, the share"),
        ("require: {taggs: {}}", "models[0].require.taggs: unknown key; did you mean 'tags'?"),
        (
            "defaults: {on_missing: rejct}",
            "defaults.on_missing: must be reject, hold, skip or {value: NUMBER}; did you",
        ),
        ("defaults: {on_missing: {value: high}}", "defaults.on_missing: is text, not a number"),
        ("defaults: {on_nonfinite: skip}", "defaults.on_nonfinite: must be 'reject' or 'hold'"),
        ("defaults: {no_champion: absolut_only}", "defaults.no_champion: must be 'absolute_only', 'hold', 'reject' or"),
        ("defaults: {value: {step: 1.5}}", "defaults.value: must be last, best, min, max or {step: WHOLE NUMBER}"),
        ("defaults: {severity: blok}", "defaults.severity: must be 'block', 'hold' or 'warn'; did you mean 'block'?"),
        (
            "then: {pass: register}",
            "models[0].then.pass: must be promote, register_only, or a list such as [promote, share: REGISTRY]; did",
        ),
        ("then: {pass: [share: contoso]}", "models[0].then.pass: a list must name promote once, and no other word"),
        ("then: {pass: [register_only, share: contoso]}", "then.pass: a list must name promote once"),
        ("then: {pass: [promote, 3]}", "models[0].then.pass: [1]: must be promote or share: REGISTRY"),
        ("then: {pass: [promote, share: c]}", "then.pass: [1].share: a registry's name starts with a letter"),
        ("then: {pass: [promote, share: {name: x}]}", "then.pass: [1].share: a registry's name starts with"),
        (
            "then: {pass: [promote, share: {registri: contoso}]}",
            "models[0].then.pass: [1].share: registri: unknown key; did you mean 'registry'?",
        ),
        ("then: {pass: [promote, share: {registry: contoso, name: 3}]}", "then.pass: [1].share: must start with"),
        (
            "then: {pass: [promote, share: contoso, share: {registry: Contoso, name: churn}]}",
            "models[0].then.pass: shares to the registry contoso as churn more than once",
        ),
        ("then: {hold: wait}", "models[0].then.hold: must be 'request_approval'"),
        ("approval: {people: 3}", "models[0].approval.people: must be 1 or 2"),
        ("retention: {keep: -1}", "models[0].retention.keep: must be a whole number from 0 to 10000"),
        ("approval: {people: true}", "models[0].approval.people: must be 1 or 2"),
        ("approval: {expires: 2 weeks}", "models[0].approval.expires: must be a number of days or hours, such as 14d"),
        ("budget: {cumulative_regression: {}}", "models[0].budget.cumulative_regression: must"),
        ("budget: {cumulative_regression: {acuracy: 3%}}", "needs an entry in metrics; did you mean 'accuracy'?"),
        ("budget: {cumulative_regression: {accuracy: 3%, since: then}}", "since: must be best"),
    ],
)
def test_a_wrong_part_of_a_model_is_refused_with_its_place(line: str, told: str) -> None:
    assert told in refusal(line)


@pytest.mark.parametrize(
    ("metric", "told"),
    [
        ("tolerance: -0.1", "accuracy.tolerance: must not be negative"),
        ("floor: 0", "accuracy.floor: must be more than 0"),
        ("coerce: maybe", "accuracy.coerce: must be a valid boolean"),
        ("slices: {}", "accuracy.slices: must"),
        ("slices: {'': {min: 0}}", "must not be empty"),
        ("slices: {x: {mim: 0}}", "accuracy.slices.x.mim: unknown key; did you mean 'min'?"),
        ("slices: {x: {direction: maximize}}", "accuracy.slices.x.direction: unknown key"),
        ("slices: {x: {min: 1, max: 0}}", "accuracy.slices.x: min is above max; nothing could ever pass"),
        ("vs_champion: {max_improvement: 0}", "max_improvement: must be more than 0"),
        ("vs_champion: {max_improvement: 1.01}", "1.01 looks like a ratio"),
        (
            "vs_champion: {min_improvement: 2%, max_improvement: 1%}",
            "min_improvement is above max_improvement; nothing could ever pass",
        ),
        (
            "vs_champion: {max_regression: 1%}, zero_champion: use_absolute",
            "metrics.accuracy: zero_champion: use_absolute needs floor",
        ),
        (
            "slices: {x: {vs_champion: {max_regression: 1%}}}, zero_champion: use_absolute",
            "metrics.accuracy.slices.x: zero_champion: use_absolute needs floor",
        ),
    ],
)
def test_a_wrong_part_of_a_metric_is_refused_with_its_place(metric: str, told: str) -> None:
    assert told in refusal(metric=metric)


def test_a_slice_s_rule_against_the_champion_needs_the_metric_s_direction() -> None:
    text = TEXT.replace("direction: maximize, min: 0.8", "slices: {x: {vs_champion: {strict: true}}}")

    with pytest.raises(PolicyError, match="vs_champion needs direction"):
        document.parse(text, source="churn.yaml")


@pytest.mark.parametrize("asked", ["value: best", "budget"])
def test_what_is_best_needs_a_direction(asked: str) -> None:
    text = TEXT.replace("direction: maximize, ", "")
    more = "    defaults: {value: best}\n" if asked == "value: best" else ""
    more = more or "    budget: {cumulative_regression: {accuracy: 3%}}\n"

    with pytest.raises(PolicyError, match="direction"):
        document.parse(text + more, source="churn.yaml")


def test_a_text_above_one_mebibyte_is_not_read() -> None:
    with pytest.raises(PolicyError, match=r"^huge\.yaml: is longer than 1048576 bytes, and was not read$"):
        document.parse("é" * (LONGEST_TEXT // 2 + 1), source="huge.yaml")


def test_an_alias_bomb_is_refused_at_its_first_alias() -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n"

    with pytest.raises(PolicyError, match="is an alias of another place"):
        document.parse(bomb, source="bomb.yaml")


def test_a_mode_is_enforce_or_shadow() -> None:
    assert document.parse(TEXT.replace("name: churn\nm", "name: churn\nmode: shadow\nm"), source="x").mode == "shadow"
    with pytest.raises(PolicyError, match="mode: must be 'enforce' or 'shadow'"):
        document.parse(TEXT.replace("name: churn\nm", "name: churn\nmode: silent\nm"), source="x")


@pytest.mark.parametrize(
    ("lines", "metric"),
    [
        (["compare_to: champion", "defaults: {}", "then: {pass: promote}", "require: {}"], ""),
        (["defaults: {on_missing: reject, value: last}"], "severity: block, tolerance: 0, on_missing: reject"),
        (["approval: {people: 1, expires: 336h}"], "value: last, coerce: false"),
    ],
)
def test_a_default_written_out_keeps_the_digest(lines: list[str], metric: str) -> None:
    assert parsed(*lines, metric=metric).digest == parsed().digest


def test_a_metric_s_own_word_changes_the_digest_where_the_default_says_otherwise() -> None:
    defaults = "defaults: {severity: hold}"

    assert parsed(defaults, metric="severity: block").digest != parsed(defaults).digest
    assert parsed(defaults, metric="severity: hold").digest == parsed(defaults).digest


def test_a_slice_that_repeats_its_metric_keeps_the_digest() -> None:
    one = parsed(metric="tolerance: 0.1, slices: {x: {min: 0}}")
    other = parsed(metric="tolerance: 0.1, slices: {x: {min: 0, tolerance: 0.10}}")

    assert one.digest == other.digest
