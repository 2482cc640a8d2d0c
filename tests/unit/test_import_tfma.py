"""TFMA's EvalConfig becomes rules, from protobuf's text format and from JSON."""

from __future__ import annotations

from typing import Any

import pytest

from tests.importing import imported, metrics, refusal, warnings

KIND = "tfma"
TEXT = """
# The candidate is compared with the model that is blessed now.
model_specs { label_key: "tips" }
model_specs { name: 'baseline' is_baseline: true }
metrics_specs {
  metrics { class_name: "ExampleCount" }
  metrics {
    class_name: "AUC"
    threshold {
      value_threshold { lower_bound { value: 0.8 } upper_bound { value: 1 } }
      change_threshold { direction: HIGHER_IS_BETTER, absolute: { value: -1e-3 } }
    }
  }
}
"""
JSON = {
    "modelSpecs": [{"labelKey": "tips"}, {"name": "baseline", "isBaseline": True}],
    "metricsSpecs": [
        {
            "metrics": [
                {"className": "ExampleCount"},
                {
                    "className": "AUC",
                    "threshold": {
                        "valueThreshold": {"lowerBound": 0.8, "upperBound": 1},
                        "changeThreshold": {"direction": "HIGHER_IS_BETTER", "absolute": -0.001},
                    },
                },
            ]
        }
    ],
}


def change(direction: str, **bounds: float) -> dict[str, Any]:
    return {"change_threshold": {"direction": direction} | {name: {"value": value} for name, value in bounds.items()}}


def least(bound: float) -> dict[str, Any]:
    return {"value_threshold": {"lower_bound": {"value": bound}}}


def config(
    thresholds: dict[str, Any] | None = None, *, slicing: tuple[dict[str, Any], ...] = (), **spec: Any
) -> dict[str, Any]:
    return {"slicing_specs": list(slicing), "metrics_specs": [{"thresholds": thresholds or {}} | spec]}


def by_slice(*entries: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    return {"m": {"thresholds": [{"slicing_specs": [where], "threshold": asked} for where, asked in entries]}}


DE = {"feature_values": {"country": "DE"}}


def test_text_format_and_json_say_the_same() -> None:
    text, json = imported(KIND, TEXT), imported(KIND, JSON)

    assert text.policy == json.policy
    assert metrics(KIND, TEXT) == {
        "auc": {"direction": "maximize", "min": 0.8, "max": 1, "vs_champion": {"max_regression": 0.001}}
    }


@pytest.mark.parametrize(
    ("direction", "bound", "way", "rule"),
    [
        ("HIGHER_IS_BETTER", 0.01, "maximize", {"min_improvement": 0.01}),
        ("HIGHER_IS_BETTER", 0, "maximize", {"max_regression": 0}),
        ("HIGHER_IS_BETTER", -0.01, "maximize", {"max_regression": 0.01}),
        ("LOWER_IS_BETTER", 0.01, "minimize", {"max_regression": 0.01}),
        ("LOWER_IS_BETTER", 0, "minimize", {"max_regression": 0}),
        ("LOWER_IS_BETTER", -0.01, "minimize", {"min_improvement": 0.01}),
    ],
)
def test_an_absolute_change_keeps_its_sign(direction: str, bound: float, way: str, rule: dict[str, float]) -> None:
    found = metrics(KIND, config({"score": change(direction, absolute=bound)}))

    assert found == {"score": {"direction": way, "vs_champion": rule}}


@pytest.mark.parametrize(
    ("direction", "bound", "rule"),
    [
        ("HIGHER_IS_BETTER", 0.05, {"min_improvement": "5%"}),
        ("HIGHER_IS_BETTER", -0.015, {"max_regression": "1.5%"}),
        ("LOWER_IS_BETTER", 0.05, {"max_regression": "5%"}),
        ("LOWER_IS_BETTER", -1e-5, {"min_improvement": "0.001%"}),
    ],
)
def test_a_relative_change_is_a_percentage(direction: str, bound: float, rule: dict[str, str]) -> None:
    asked = config({"score": change(direction, relative=bound)})

    assert metrics(KIND, asked)["score"]["vs_champion"] == rule
    assert "below 0 it lets a worse model pass" in warnings(KIND, asked)


def test_a_ratio_as_the_documentation_means_it_is_warned_about() -> None:
    asked = config({"score": change("HIGHER_IS_BETTER", relative=1.01)})

    assert metrics(KIND, asked)["score"]["vs_champion"] == {"min_improvement": "101%"}
    assert "its code (new - old) / old; the code counts, so this is 101%" in warnings(KIND, asked)


def test_a_limit_on_improvement_is_one_here_too() -> None:
    asked = config({"auc": change("LOWER_IS_BETTER", absolute=0.1)})

    assert metrics(KIND, asked)["auc"] == {"direction": "maximize", "vs_champion": {"max_improvement": 0.1}}
    assert "usually better higher" in warnings(KIND, asked)


def test_an_odd_direction_is_kept_where_the_usual_one_cannot_say_it() -> None:
    asked = config({"auc": change("LOWER_IS_BETTER", absolute=-0.1)})

    assert metrics(KIND, asked)["auc"] == {"direction": "minimize", "vs_champion": {"min_improvement": 0.1}}


def test_absolute_and_relative_of_one_metric_must_both_hold() -> None:
    asked = config({"score": change("HIGHER_IS_BETTER", absolute=0.01, relative=0.05)})

    assert metrics(KIND, asked)["score"]["vs_champion"] == {"min_improvement": [0.01, "5%"]}


@pytest.mark.parametrize(("absolute", "relative", "stays"), [(0.01, -0.05, 0.01), (-0.01, 0.05, "5%")])
def test_an_improvement_leaves_no_room_for_a_regression(absolute: float, relative: float, stays: object) -> None:
    asked = config({"score": change("HIGHER_IS_BETTER", absolute=absolute, relative=relative)})

    assert metrics(KIND, asked)["score"]["vs_champion"] == {"min_improvement": stays}
    assert "asks for more than the max_regression that stood beside it, which is left out" in warnings(KIND, asked)


def test_the_stricter_of_two_thresholds_stays() -> None:
    twice = [{"thresholds": {"m": least(0.7)}}, {"thresholds": {"m": least(0.9)}}]

    assert metrics(KIND, {"metrics_specs": twice}) == {"m": {"min": 0.9}}


def test_a_threshold_without_slices_holds_in_every_slice() -> None:
    asked = config({"m": least(0.8)}, slicing=({}, {"feature_keys": ["country"]}))

    assert metrics(KIND, asked) == {"m": {"min": 0.8, "slices": {"*": {"min": 0.8}}}}


def test_a_slice_with_its_own_threshold_obeys_both() -> None:
    own = by_slice((DE, least(0.7) | change("HIGHER_IS_BETTER", absolute=0)))
    asked = config({"m": least(0.8)}, slicing=(DE,), per_slice_thresholds=own)

    inside = metrics(KIND, asked)["m"]["slices"]

    assert inside == {"*": {"min": 0.8}, "country=DE": {"min": 0.8, "vs_champion": {"max_regression": 0}}}


def test_a_threshold_for_all_data_alone_leaves_slices_in_peace() -> None:
    asked = config(slicing=({}, DE), per_slice_thresholds=by_slice(({}, least(0.8))))

    assert metrics(KIND, asked) == {"m": {"min": 0.8}}


def test_every_value_of_a_feature_is_a_pattern() -> None:
    country = {"feature_keys": ["country"]}
    asked = config(slicing=(country,), per_slice_thresholds=by_slice((country, least(0.7)), (DE, least(0.6))))

    assert metrics(KIND, asked)["m"]["slices"] == {"country=*": {"min": 0.7}, "country=DE": {"min": 0.7}}
    assert "also takes" not in warnings(KIND, asked)


@pytest.mark.parametrize(
    ("other", "warned"), [(["age"], False), (["age", "country"], False), (["country", "zip"], True)]
)
def test_a_pattern_that_takes_more_than_before_is_warned_about(other: list[str], warned: bool) -> None:
    country, crossed = {"feature_keys": ["country"]}, {"feature_keys": other}
    asked = config(slicing=(country, crossed), per_slice_thresholds=by_slice((country, least(0.7))))

    said = "here 'country=*' also takes slices of more features, such as country=*,zip=*"
    assert (said in warnings(KIND, asked)) is warned


def test_the_pattern_that_gives_more_values_comes_first_and_obeys_both() -> None:
    wide, narrow = {"feature_keys": ["age", "country"]}, {"feature_keys": ["age"], "feature_values": {"country": "DE"}}
    asked = config(per_slice_thresholds=by_slice((wide, least(0.7)), (narrow, least(0.6))))

    inside = metrics(KIND, asked)["m"]["slices"]

    assert list(inside.items()) == [("age=*,country=DE", {"min": 0.7}), ("age=*,country=*", {"min": 0.7})]


def test_patterns_that_share_slices_are_warned_about() -> None:
    one = {"feature_keys": ["age"], "feature_values": {"country": "DE"}}
    other = {"feature_keys": ["country"], "feature_values": {"age": "20"}}
    asked = config(per_slice_thresholds=by_slice((one, least(0.7)), (other, least(0.6))))

    assert "'age=*,country=DE' and 'age=20,country=*' share slices; here the first alone holds" in warnings(KIND, asked)


def test_a_crossed_slice_has_its_features_in_order() -> None:
    crossed = {"feature_values": {"country": "DE", "age": "20"}}

    assert set(metrics(KIND, config(per_slice_thresholds=by_slice((crossed, least(0.7)))))["m"]["slices"]) == {
        "age=20,country=DE"
    }


@pytest.mark.parametrize(
    "where",
    [{"feature_values": {"country": "*"}}, {"slice_keys_sql": "SELECT STRUCT(gender)"}],
)
def test_slices_without_a_name_are_left_out_aloud(where: dict[str, Any]) -> None:
    asked = config(per_slice_thresholds=by_slice((where, least(0.7))))

    assert metrics(KIND, asked) == {}
    assert "slices that a policy has no name for; the threshold is left out" in warnings(KIND, asked)


def test_maps_of_the_text_format_are_read() -> None:
    text = """
    slicing_specs { feature_values: [{key: "country", value: "DE"}] }
    metrics_specs {
      thresholds { key: "a b" value { value_threshold { upper_bound { value: .5f } } } }
      per_slice_thresholds: {
        key: "m"
        value: { thresholds: [{
          slicing_specs < feature_values { key: 'country' value: "D" "E" } >;
          threshold { value_threshold { lower_bound { value: 7e-1 } } }
        }] }
      }
    }"""

    assert metrics(KIND, text) == {
        "a b": {"max": 0.5, "slices": {"*": {"max": 0.5}}},
        "m": {"slices": {"country=DE": {"min": 0.7}}},
    }


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ("", "mean_absolute_error"),
        ('"name": "mae"', "mae"),
        ('{"name": "mae", "thresholds": [0.5]}', "mae"),
    ],
)
def test_a_metric_is_called_as_tfma_calls_it(settings: str, name: str) -> None:
    asked = config(metrics=[{"class_name": "MeanAbsoluteError", "config": settings, "threshold": least(0.8)}])

    assert list(metrics(KIND, asked)) == [name]
    assert f"the job has to log this metric as {name!r}" in warnings(KIND, asked)


def test_a_saved_eval_config_is_found_inside_its_run() -> None:
    run = {"evalConfig": JSON, "version": "0.46", "dataLocation": "/data"}

    assert metrics(KIND, run) == metrics(KIND, JSON)
    assert "dataLocation: says how a model is evaluated" in warnings(KIND, run)


@pytest.mark.parametrize(
    ("member", "said"),
    [
        ({"cross_slice_thresholds": {"m": {}}}, "metrics_specs[0].cross_slice_thresholds: has no equal"),
        ({"binarize": {"class_ids": {"values": [1]}}}, "metrics_specs[0].binarize: has no equal"),
        ({"output_names": ["a"]}, "metrics_specs[0].output_names: has no equal"),
        ({"metrics": [{"class_name": "ExampleCount"}]}, "metrics_specs[0].metrics: example_count: no threshold"),
        ({"treshholds": {}}, "metrics_specs[0].treshholds: has no equal in a policy; left out; was thresholds meant?"),
    ],
)
def test_what_has_no_equal_is_left_out_aloud(member: dict[str, Any], said: str) -> None:
    assert said in warnings(KIND, config(**member))


def test_how_models_are_evaluated_is_left_out_aloud() -> None:
    said = warnings(KIND, {**JSON, "options": {"minSliceSize": 100}})

    assert "modelSpecs: says how a model is evaluated" in said
    assert "options: says how a model is evaluated" in said


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (config({"m": change("UP", absolute=1)}), "change_threshold.direction: must be HIGHER_IS_BETTER or"),
        (
            {"metrics_specs": [{"thresholds": {"m": {"change_threshold": {"absolute": 1}}}}]},
            "direction: must be HIGHER",
        ),
        (config({"m": least(float("nan"))}), "lower_bound.value: is NaN"),
        (config({"m": {"value_threshold": {"lower_bound": "0.5"}}}), "value_threshold.lower_bound: is text"),
        (config({"m": 7}), "metrics_specs[0].thresholds.m: must be a mapping"),
        (config(metrics=[{"config": "{}"}]), "metrics_specs[0].metrics[0].class_name: is required"),
        (config(metrics=[{"class_name": "AUC", "config": "{"}]), "metrics_specs[0].metrics[0].config: is not JSON"),
        (config({"m": {"value_threshold": {"lower_bound": 2, "upper_bound": 1}}}), "thresholds.m: min is above max"),
        ({"accuracy": {"threshold": 1}}, "is not an EvalConfig of TensorFlow Model Analysis"),
        ("metrics_specs { thresholds { key: 7 value {} } }", "metrics_specs[0].thresholds[0].key: must be text"),
    ],
)
def test_what_cannot_be_used_names_the_place(asked: object, said: str) -> None:
    assert said in refusal(KIND, asked)
