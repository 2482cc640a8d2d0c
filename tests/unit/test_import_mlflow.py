"""MLflow's MetricThresholds become rules."""

from __future__ import annotations

from typing import Any

import pytest

from tests.importing import imported, metrics, refusal, warnings

KIND = "mlflow"


def one(**asked: Any) -> dict[str, Any]:
    return {"m": {"greater_is_better": True} | asked}


@pytest.mark.parametrize(("greater", "rules"), [(True, {"min": 0.8}), (False, {"max": 0.8})])
def test_a_threshold_is_a_bound_on_the_side_where_the_metric_is_worse(greater: bool, rules: dict[str, float]) -> None:
    [found] = metrics(KIND, one(threshold=0.8, greater_is_better=greater)).values()

    assert found == {"direction": "maximize" if greater else "minimize"} | rules


def test_an_absolute_change_is_an_improvement() -> None:
    config = one(min_absolute_change=0.05)

    assert metrics(KIND, config)["m"]["vs_champion"] == {"min_improvement": 0.05}
    assert "0.95 does not pass as 0.05 above 0.90" in warnings(KIND, config)


@pytest.mark.parametrize(
    ("change", "rule"),
    [(0.05, {"min_improvement": "5%"}), (0.0, {"max_regression": 0}), (1, {"min_improvement": "100%"})],
)
def test_a_relative_change_is_a_share_of_the_champion(change: float, rule: dict[str, object]) -> None:
    config = one(min_relative_change=change)

    assert metrics(KIND, config)["m"]["vs_champion"] == rule
    assert "lets a NaN pass" in warnings(KIND, config)
    assert "with a baseline of 0" in warnings(KIND, config)


@pytest.mark.parametrize(("relative", "amount"), [(0.1, [0.05, "10%"]), (0, 0.05)])
def test_two_changes_of_one_metric_must_both_hold(relative: float, amount: object) -> None:
    config = one(min_absolute_change=0.05, min_relative_change=relative)

    assert metrics(KIND, config)["m"]["vs_champion"] == {"min_improvement": amount}


def test_a_change_that_looks_like_a_ratio_is_written_as_the_difference_that_it_is() -> None:
    found = metrics(KIND, one(min_absolute_change=1.05, min_relative_change=0.1))

    assert found["m"]["vs_champion"] == {"min_improvement": [{"absolute": 1.05}, "10%"]}


def test_yaml_and_json_say_the_same() -> None:
    yaml = "m:\n  threshold: 0.8  # enough\n  greater_is_better: true\n"

    assert imported(KIND, yaml).policy == imported(KIND, one(threshold=0.8)).policy


def test_null_is_a_default_written_out() -> None:
    assert metrics(KIND, one(threshold=0.8, min_absolute_change=None)) == metrics(KIND, one(threshold=0.8))


def test_an_argument_that_mlflow_does_not_have_is_left_out_aloud() -> None:
    assert "m.treshold: MetricThreshold has no such argument; left out; was threshold meant?" in warnings(
        KIND, one(threshold=0.8, treshold=0.9)
    )


def test_no_thresholds_are_a_policy_that_holds() -> None:
    assert "holds every candidate for a person" in warnings(KIND, {})


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"m": {"threshold": 1}}, "config: m.greater_is_better: is required"),
        ({"m": {"threshold": 1, "greater_is_better": "yes"}}, "config: m.greater_is_better: must be true or false"),
        ({"m": {"greater_is_better": True}}, "config: m: asks nothing"),
        (one(threshold="0.8"), "config: m.threshold: is text, not a number"),
        (one(threshold=True), "config: m.threshold: is a boolean"),
        (one(threshold=float("nan")), "config: m.threshold: is NaN"),
        (one(threshold=float("inf")), "config: m.threshold: is Infinity"),
        ('{"m": {"greater_is_better": true, "threshold": 1e999999999999999999999}}', "config: m.threshold: is NaN"),
        (one(min_absolute_change=0), "config: m.min_absolute_change: must be more than 0"),
        (one(min_relative_change=5), "config: m.min_relative_change: must be between 0 and 1"),
        (one(min_relative_change=-0.1), "config: m.min_relative_change: must be between 0 and 1"),
        ({"m": 0.8}, "config: m: must be a mapping"),
        ({" ": {}}, 'config: [" "]: a metric\'s name must not be empty'),
        ("m:\n  threshold: 1\n  threshold: 2\n", "config: m.threshold: appears twice, first on line 2"),
        ("m: &a {threshold: 1}\nn: *a\n", "config: n: is an alias"),
        ("m: [", "config: is not YAML"),
        ('{"m": {"threshold": 1, "threshold": 2}}', "config: m.threshold: appears twice"),
        ("[" * 1000, "config: is nested too deeply"),
        ('{"a":' * 5000, "config: is nested too deeply"),
        ("x" * 1_000_001, "config: has more than 1,000,000 bytes, and was not read"),
        ('{"\\ud800": 1}', "config: has half of a character"),
    ],
)
def test_what_cannot_be_used_names_the_place(config: object, said: str) -> None:
    assert said in refusal(KIND, config)
