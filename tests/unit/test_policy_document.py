"""The policy document: what it accepts, what it refuses and where, whom it matches, and its digest."""

from __future__ import annotations

from decimal import Decimal

import pytest

from registration.errors import PolicyError
from registration.policy import Policy, document
from registration.policy.amounts import Amount, Direction

CHURN = """\
apiVersion: registrar/v1
kind: PromotionPolicy
name: churn
match:
  any:
    - job: {experiment: "churn-*", tags: {register: "true"}}
    - drop: {account: contosodrops, container: incoming, prefix: vendor-a/}
models:
  - name: churn-classifier
    from: {output: model, path: model.joblib}
    tags: {team: growth}
    metrics:
      accuracy: {direction: maximize, min: 0.80, vs_champion: {max_regression: 1%}}
      rmse: {max: 12.0}
"""
DROPS = CHURN.replace('    - job: {experiment: "churn-*", tags: {register: "true"}}\n', "")


def parse(text: str) -> Policy:
    return document.parse(text, source="churn.yaml")


def changed(old: str, new: str) -> str:
    assert old in CHURN
    return CHURN.replace(old, new, 1)


def refusal(old: str, new: str) -> str:
    with pytest.raises(PolicyError) as caught:
        parse(changed(old, new))
    return str(caught.value)


def matched(matcher: str) -> Policy:
    return parse(changed('- job: {experiment: "churn-*", tags: {register: "true"}}', f"- {matcher}"))


def test_a_policy_is_its_text_as_values() -> None:
    model = parse(CHURN).models[0]

    assert (model.name, model.type, model.tags) == ("churn-classifier", "custom_model", {"team": "growth"})
    assert model.source is not None
    assert (model.source.output, model.source.path) == ("model", "model.joblib")


def test_bounds_are_exact_and_percentages_stay_percentages() -> None:
    accuracy = parse(CHURN).models[0].metrics["accuracy"]

    assert accuracy.minimum == Decimal("0.8")
    assert accuracy.vs_champion is not None
    assert accuracy.vs_champion.max_regression == (Amount(Decimal(1), percent=True),)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("direction: maximize", Direction.MAXIMIZE),
        ("direction: higher_is_better", Direction.MAXIMIZE),
        ("direction: HIGHER_IS_BETTER", Direction.MAXIMIZE),
        ("direction: greater_is_better:true", Direction.MAXIMIZE),
        ("direction: metrics_max", Direction.MAXIMIZE),
        ("greater_is_better: true", Direction.MAXIMIZE),
        ("direction: minimize", Direction.MINIMIZE),
        ("direction: lower_is_better", Direction.MINIMIZE),
        ("direction: LOWER_IS_BETTER", Direction.MINIMIZE),
        ("direction: greater_is_better:false", Direction.MINIMIZE),
        ("direction: metrics_min", Direction.MINIMIZE),
        ("greater_is_better: false", Direction.MINIMIZE),
    ],
)
def test_synonyms_of_direction_are_normalised(written: str, meant: Direction) -> None:
    policy = parse(changed("direction: maximize", written))

    assert policy.models[0].metrics["accuracy"].direction is meant


def test_a_model_is_found_by_its_name() -> None:
    policy = parse(CHURN)

    assert policy.model("churn-classifier") is policy.models[0]
    assert policy.model("Churn-Classifier") is None


def test_from_is_required_only_when_a_job_can_match() -> None:
    without = DROPS.replace("    from: {output: model, path: model.joblib}\n", "")

    assert parse(without).models[0].source is None


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("registrar/v1", "registrar/v2", "apiVersion: must be 'registrar/v1'"),
        ("kind: PromotionPolicy\n", "", "kind: is required"),
        ("apiVersion", "api_version", "api_version: unknown key; did you mean 'apiVersion'?"),
        ("name: churn\n", "name: -churn\n", "name: must start with a letter or digit"),
        ("name: churn-classifier", "name: " + "c" * 256, "models[0].name: must start with a letter or digit"),
        ("from:", "source:", "models[0].source: unknown key; known keys: adopt, approval, artifact, "),
        ("tags: {team", "tgas: {team", "models[0].tgas: unknown key; did you mean 'tags'?"),
        ("min: 0.80", "mim: 0.80", "models[0].metrics.accuracy.mim: unknown key; did you mean 'min'?"),
        ("max_regression", "max_regresion", "vs_champion.max_regresion: unknown key; did you mean 'max_regression'?"),
        ("team: growth", "team: 1.50", 'models[0].tags.team: must be text; put it in quotes: "1.50"'),
        ('"true"', "true", 'match.any[0].job.tags.register: must be text; put it in quotes: "true"'),
        ("team: growth", "registrar.work: x", 'models[0].tags["registrar.work"]: must not be empty nor start with'),
        ("tags: {team: growth}", "type: mlflow", "models[0].type: must be 'custom_model', 'mlflow_model' or"),
        ("output: model,", "output: model/x,", "models[0].from.output: must be the name of an output"),
        ("    from: {output: model, path: model.joblib}\n", "", "models[0].from: is required, because match has a job"),
        ("    metrics:", "  - name: churn-classifier\n    metrics:", "models[1].name: churn-classifier is already"),
        ("team: growth", "team: growth, team: x", "models[0].tags.team: appears twice, first on line 11 (line 11, co"),
    ],
)
def test_a_wrong_key_or_value_is_refused_with_its_place(old: str, new: str, told: str) -> None:
    assert f"churn.yaml: {told}" in refusal(old, new).replace("models[0].metrics.accuracy.vs_ch", "vs_ch")


@pytest.mark.parametrize("path", ["../model", "/model", "a/../b", "a//b", "./a", "a/", "C:/m", "a\\b"])
def test_a_path_that_leaves_the_output_is_refused(path: str) -> None:
    assert "models[0].from.path: must " in refusal("path: model.joblib", f"path: '{path}'")


@pytest.mark.parametrize(
    ("bound", "told"),
    [
        ("min: '0.8'", "min: is text, not a number; write a number such as 0.9, without quotes"),
        ("min: true", "min: is a boolean, not a number"),
        ("min: .nan", "min: is NaN"),
        ("min: 1.7976931348623157e308", "min: is Infinity"),
        ("min: 80%", "min: must be a number in the metric's own unit"),
        ("min: 0.9, max: 0.8", "accuracy: min is above max; nothing could ever pass"),
    ],
)
def test_a_bound_is_a_finite_number(bound: str, told: str) -> None:
    assert told in refusal("min: 0.80", bound)


def test_equal_bounds_are_allowed() -> None:
    assert parse(changed("min: 0.80", "min: 0.8, max: 0.80")).models[0].metrics["accuracy"].maximum == Decimal("0.8")


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("max_regression: -0.1", "must not be negative; direction already says which way is better"),
        ("max_regression: -1%", "must not be negative"),
        ("min_improvement: 0", "must be more than 0"),
        ("min_improvement: 0%", "must be more than 0"),
        ("max_regression: 1.01", "1.01 looks like a ratio, but a bare number is an absolute difference; write 1%"),
        (
            "min_improvement: 1.05",
            "write 5% for a share of the champion's value, or {absolute: 1.05} if the difference",
        ),
        ("min_improvement: {absolute: 0}", "must be more than 0"),
        ("max_regression: {absolute: -1}", "must not be negative"),
        ("max_regression: {absolute: 1%}", "is text, not a number"),
        ("max_regression: {absolute: 1, floor: 2}", "absolute stands alone; it knows no floor"),
        ("max_regression: [0.1, 0.2]", "a list holds one absolute amount and one percentage, such as [0.05, 5%]"),
        ("max_regression: [1%]", "a list holds one absolute amount and one percentage"),
        ("max_regression: []", "a list holds one absolute amount and one percentage"),
        ("min_improvement: [0.1, 0%]", "must be more than 0"),
        ("min_improvement: [0.1, 7%], max_improvement: 5%", "min_improvement is above max_improvement"),
        ("max_regression: '0.1'", "is text, not a number"),
        ("max_regression: 1.01x", "is text, not a number"),
        ("strict: false", "must be true; use max_regression: 0 where a tie may pass"),
        ("strict: true, max_regression: 0", "needs exactly one of max_regression, min_improvement and strict"),
    ],
)
def test_a_rule_against_the_champion_is_one_sensible_amount(rule: str, told: str) -> None:
    assert told in refusal("max_regression: 1%", rule)


def test_an_empty_vs_champion_is_refused() -> None:
    assert "vs_champion: needs exactly one of" in refusal("{max_regression: 1%}", "{}")


@pytest.mark.parametrize("amount", ["0", "0%", "1", "1.1", "2.5", "150%", "0.05 %"])
def test_bare_numbers_and_percentages_are_amounts(amount: str) -> None:
    assert parse(changed("max_regression: 1%", f"max_regression: {amount}"))


def test_vs_champion_needs_a_direction() -> None:
    assert "accuracy: vs_champion needs direction: maximize or minimize" in refusal("direction: maximize, ", "")


def test_an_unknown_direction_is_refused() -> None:
    assert "accuracy.direction: must be maximize or minimize" in refusal("direction: maximize", "direction: up")


def test_two_directions_are_refused() -> None:
    assert "not both" in refusal("direction: maximize", "direction: minimize, greater_is_better: true")


@pytest.mark.parametrize("root", ["", "[]", "churn", "- name: churn"])
def test_a_root_that_is_no_mapping_is_refused(root: str) -> None:
    with pytest.raises(PolicyError, match=r"^churn\.yaml: must be a mapping of keys to values$"):
        parse(root)


@pytest.mark.parametrize(
    ("matcher", "told"),
    [
        ("{}", "match.any[0]: needs exactly one of job, drop and shared"),
        ("job: {}", "match.any[0].job: needs experiment, tags or both"),
        ("job: {tags: {}}", "match.any[0].job: needs experiment, tags or both"),
        ("job: {experiment: ''}", "match.any[0].job.experiment: must not be empty"),
        ("drop: {container: incoming}", "match.any[0].drop.account: is required"),
        ("drop: {account: Contoso, container: incoming}", "match.any[0].drop.account: must be a storage account's"),
        ("drop: {account: abc, container: inc*}", "match.any[0].drop.container: must be a container's name"),
        ("drop: {account: abc, container: incoming, prefix: a}", "prefix: must end with '/', or it would also match"),
        ("drop: {account: abc, container: incoming, prefix: /}", "prefix: must not have an empty"),
        ("drop: {account: abc, container: incoming, prefix: a/../b/}", "prefix: must not have an empty"),
    ],
)
def test_a_match_that_says_nothing_or_nonsense_is_refused(matcher: str, told: str) -> None:
    with pytest.raises(PolicyError) as caught:
        matched(matcher)

    assert told in str(caught.value)


def test_an_empty_list_of_matches_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"match\.any: must not be empty"):
        parse("apiVersion: registrar/v1\nkind: PromotionPolicy\nname: x\nmatch: {any: []}\nmodels: [{name: m}]\n")


@pytest.mark.parametrize(
    ("experiment", "tags", "wanted"),
    [
        ("churn-eu", {"register": "true", "other": "x"}, True),
        ("churn-", {"register": "true"}, True),
        ("Churn-eu", {"register": "true"}, False),
        ("my-churn-eu", {"register": "true"}, False),
        ("churn-eu", {"register": "True"}, False),
        ("churn-eu", {}, False),
        (None, {"register": "true"}, False),
    ],
)
def test_a_job_matches_when_experiment_and_tags_both_do(
    experiment: str | None, tags: dict[str, str], wanted: bool
) -> None:
    assert parse(CHURN).wants_job(experiment=experiment, tags=tags) is wanted


def test_tags_alone_match_whatever_the_experiment() -> None:
    policy = matched("job: {tags: {stage: 'pre*'}}")

    assert policy.wants_job(experiment=None, tags={"stage": "preprod"})


@pytest.mark.parametrize(
    ("account", "container", "path", "wanted"),
    [
        ("contosodrops", "incoming", "vendor-a/m", True),
        ("contosodrops", "incoming", "vendor-a/m/", False),
        ("contosodrops", "incoming", "vendor-ab/m", False),
        ("contosodrops", "incoming", "Vendor-A/m", False),
        ("contosodrops", "incoming", "vendor-a/../vendor-b/m", False),
        ("contosodrops", "incoming", "/vendor-a/m", False),
        ("contosodrops", "other", "vendor-a/m", False),
        ("other", "incoming", "vendor-a/m", False),
    ],
)
def test_a_drop_matches_by_its_exact_place(account: str, container: str, path: str, wanted: bool) -> None:
    found = parse(CHURN).drop_completed_by(account=account, container=container, path=f"{path}/model.manifest.json")

    assert (found is not None) is wanted


def test_a_drop_without_a_prefix_means_the_whole_container() -> None:
    policy = parse(CHURN.replace(", prefix: vendor-a/", ""))

    assert policy.drop_completed_by(
        account="contosodrops", container="incoming", path="anything/at/all/model.manifest.json"
    )


def test_a_policy_without_drops_wants_none() -> None:
    policy = parse(CHURN.replace("    - drop: {account: contosodrops, container: incoming, prefix: vendor-a/}\n", ""))

    assert not policy.drop_completed_by(
        account="contosodrops", container="incoming", path="vendor-a/m/model.manifest.json"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: churn\n", "name: churn   # a comment\n\n"),
        ("tags: {team: growth}", "type: custom_model\n    tags:\n      'team': \"growth\""),
        ("min: 0.80", "min: 8e-1"),
        ("max_regression: 1%", "max_regression: 1.0 %"),
        ("direction: maximize, min: 0.80", "min: 0.80, direction: HIGHER_IS_BETTER"),
        ("rmse: {max: 12.0}", "rmse: {max: 12}"),
    ],
)
def test_the_digest_does_not_change_with_the_writing(old: str, new: str) -> None:
    assert parse(changed(old, new)).digest == parse(CHURN).digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("min: 0.80", "min: 0.81"),
        ("max_regression: 1%", "max_regression: 0.01"),
        ("growth", "grown"),
        ("vendor-a/", "vendor-b/"),
        ("direction: maximize", "direction: minimize"),
        ("team: growth}", "team: growth}\n    type: triton_model"),
    ],
)
def test_the_digest_changes_with_the_meaning(old: str, new: str) -> None:
    assert parse(changed(old, new)).digest != parse(CHURN).digest


def test_the_digest_of_a_known_policy_stays_the_same_in_later_versions() -> None:
    assert parse(CHURN).digest == "ba0608e16ca2bbd8eb81cb2bc746162dcd1b7fb2d3df654e19e8018fb285ebb0"


def test_a_policy_cannot_be_changed() -> None:
    policy = parse(CHURN)

    with pytest.raises(ValueError, match="frozen"):
        policy.name = "other"

    assert policy.name == "churn"


@pytest.mark.parametrize("path", ["model.v1", "model.v1/MLmodel"])
def test_an_mlflow_folder_with_a_dot_in_its_name_is_refused(path: str) -> None:
    said = refusal(
        "from: {output: model, path: model.joblib}", f"type: mlflow_model\n    from: {{output: model, path: {path}}}"
    )

    assert "models[0]: from.path: azure-ai-ml cannot register an mlflow_model folder with a dot, 'model.v1'" in said


@pytest.mark.parametrize(
    "written",
    ["{absolute: 0.05}", "0.050", "[5%, 0.05]", "[{absolute: 0.05}, 5.0%]"],
    ids=["one", "two", "three", "four"],
)
def test_an_amount_has_one_digest_however_it_is_written(written: str) -> None:
    plain = "[0.05, 5%]" if "%" in written else "0.05"

    digests = {parse(changed("max_regression: 1%", f"max_regression: {said}")).digest for said in (written, plain)}

    assert len(digests) == 1


def test_a_difference_that_looks_like_a_ratio_can_be_written() -> None:
    policy = parse(changed("max_regression: 1%", "max_regression: {absolute: 1.05}"))

    rule = policy.models[0].metrics["accuracy"].vs_champion
    assert rule
    assert rule.max_regression == (Amount(Decimal("1.05")),)


@pytest.mark.parametrize("bounds", ["above: 0.8, below: 0.8", "min: 0.8, below: 0.8", "above: 0.8, max: 0.8"])
def test_bounds_that_leave_no_value_between_them_are_refused(bounds: str) -> None:
    assert "above and below leave their own value out" in refusal("min: 0.80", bounds)


def test_the_order_of_slice_patterns_is_part_of_what_a_policy_says() -> None:
    one, other = ('slices: {"a*": {min: 1}, "*b": {min: 2}}', 'slices: {"*b": {min: 2}, "a*": {min: 1}}')

    digests = {parse(changed("min: 0.80", said)).digest for said in (one, other)}

    assert len(digests) == 2
