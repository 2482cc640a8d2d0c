"""Configurations: what names Python objects or files outside is found, and plain settings are text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registration.artifacts.limits import Limits
from registration.artifacts.scan import Verdict
from tests.archives import tarred
from tests.scanning import codes, report

NAMES, ESCAPES = "configuration.names_code", "configuration.path_escapes"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("model:\n  _target_: os.system\n  command: x\n", Verdict.UNSAFE),
        ("model: {_target_: nets.Encoder}\n", Verdict.UNSCANNABLE),
        ('"\\x5ftarget_": nets.Encoder\n', Verdict.UNSCANNABLE),
        ("? !!str _target_\n: nets.Encoder\n", Verdict.UNSCANNABLE),
        ("a: !!python/object/apply:os.system [x]\n", Verdict.UNSAFE),
        ("a: !<tag:yaml.org,2002:%70ython/object/new:os.x> [x]\n", Verdict.UNSAFE),
        ("%TAG !a! tag:yaml.org,2002:py\n---\na: !a!thon/module:os x\n", Verdict.UNSAFE),
        ("a: !!python/object:argparse.Namespace {}\n", Verdict.UNSCANNABLE),
    ],
)
def test_yaml_that_names_code_is_never_safe(text: str, verdict: Verdict) -> None:
    for data in (text.encode(), text.encode("utf-16")):
        found = report(data, "model_config.yaml")

        assert (codes(found), found.verdict) == ([NAMES], verdict)


def test_a_configuration_in_an_archive_of_nemo_is_judged() -> None:
    archive = tarred({"./model_config.yaml": b"_target_: os.system\n", "./notes.txt": b"text"})

    assert codes(report(archive, "model.nemo")) == [NAMES]


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb: Hello!\nc: 100%\n",
        "a: !!python/tuple [1, 2]\n",
        "base: &base {a: 1}\nmore: {<<: *base}\nnote: !\n",
        "- what is: this!\n - no yaml\n",
        "a: 'a text of _target_ and more'\n",
    ],
)
def test_plain_yaml_is_safe(text: str) -> None:
    found = report(text.encode(), "config.yaml")

    assert (codes(found), found.verdict) == ([], Verdict.SAFE)


def test_yaml_that_names_code_and_cannot_be_followed_is_unscannable() -> None:
    found = report(b"_target_: [os.system\n", "config.yaml")

    assert (codes(found), found.verdict) == (["configuration.broken"], Verdict.UNSCANNABLE)


@pytest.mark.parametrize(
    ("name", "said", "code"),
    [
        ("config.json", {"a": [{"_target_": "os.system"}]}, [NAMES]),
        ("config.json", {"auto_map": {"AutoModel": "acme/nets--modeling.Net"}}, [NAMES]),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["acme/nets--tok.Tok", None]}}, [NAMES]),
        ("config.json", {"auto_map": {"AutoModel": "modeling.Net"}}, []),
        ("model.safetensors.index.json", {"weight_map": {"a": "m-1.safetensors", "b": "m-2.safetensors"}}, []),
        ("pytorch_model.bin.index.json", {"weight_map": {"a": "../../other/m.bin", "b": "m.bin"}}, [ESCAPES]),
        ("model.weights.json", {"weight_map": {"/a/vars": ["/etc/m.h5"]}}, [ESCAPES]),
        ("modules.json", [{"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"}], []),
        ("modules.json", [{"idx": 0, "path": "../x", "type": "os.system"}], [NAMES, ESCAPES]),
        ("config.json", {"architectures": ["BertModel"], "hidden_size": 8}, []),
    ],
)
def test_json_is_judged_by_what_it_names(name: str, said: Any, code: list[str]) -> None:
    assert codes(report(json.dumps(said).encode(), name)) == code


def test_a_class_of_keras_beside_it_hides_nothing() -> None:
    said = [{"type": "os.system"}, {"class_name": "Dense", "config": {}}]

    assert NAMES in codes(report(json.dumps(said).encode(), "modules.json"))


@pytest.mark.parametrize("sign", [b"[", b"{a: ", b"- "])
def test_yaml_that_is_nested_for_ever_takes_no_time(sign: bytes) -> None:
    found = report((b"_target_: x\nb:\n " + sign * 100_000)[:500_000], "config.yaml")

    assert codes(found) == [NAMES, "configuration.broken"]


def test_many_configurations_cost_no_more_than_a_scan_may() -> None:
    files = {f"{number}.yaml": b"a: !\n" * 200 for number in range(20)}

    assert "scan.too_large" in codes(report(tarred(files), "model.tar", limits=Limits(steps=100_000)))
