"""MLmodel and its environment files: code of the author's own is told, whatever the other files hold."""

from __future__ import annotations

import pytest

from registration.artifacts.limits import Limits
from registration.artifacts.scan import Verdict
from tests.archives import zipped
from tests.scanning import codes, report

HEAD = "artifact_path: model\nflavors:\n"
SIGNED = "signature:\n  inputs: '[]'\n"
SKLEARN = (
    "  python_function:\n    loader_module: mlflow.sklearn\n    model_path: model.pkl\n  sklearn:\n    code: null\n"
)


def test_a_library_s_own_flavor_is_safe() -> None:
    found = report((HEAD + SKLEARN + SIGNED).encode(), "MLmodel")

    assert (found.format, found.verdict, codes(found)) == ("mlmodel", Verdict.SAFE, [])


@pytest.mark.parametrize(
    ("flavor", "code"),
    [
        ("  python_function:\n    loader_module: mlflow.pyfunc.model\n", "mlmodel.pyfunc_code"),
        ("  python_function:\n    python_model: python_model.pkl\n", "mlmodel.pyfunc_code"),
        ("  python_function:\n    loader_module: acme.loader\n", "mlmodel.loader_module"),
        ("  sklearn:\n    code: src\n", "mlmodel.code_paths"),
        ("  sklearn:\n    loader_module: os\n", "mlmodel.loader_module"),
    ],
)
def test_code_of_the_author_s_own_is_never_safe(flavor: str, code: str) -> None:
    found = report((HEAD + flavor + SIGNED).encode(), "MLmodel")

    assert (found.verdict, codes(found)) == (Verdict.UNSCANNABLE, [code])


def test_a_model_without_a_signature_is_told() -> None:
    assert codes(report((HEAD + "  onnx:\n    data: model.onnx\n").encode(), "MLmodel")) == ["mlmodel.no_signature"]


@pytest.mark.parametrize(
    "text",
    [
        "flavors: &a [*a]\n",
        "flavors: [1, 2\n",
        "flavors: 3\n",
        "flavors:\n  a: &x [b]\n  c: *x\n",
        "flavors:" + "[" * 30_000,
    ],
)
def test_what_cannot_be_read_is_unscannable(text: str) -> None:
    found = report(text.encode(), "MLmodel")

    assert (found.verdict, codes(found)) == (Verdict.UNSCANNABLE, ["mlmodel.broken"])


@pytest.mark.parametrize(
    "line",
    [
        "git+https://example.org/x.git",
        "--extra-index-url https://example.org",
        "-e .",
        "https://example.org/x.whl",
        "x @ file:///tmp/x",
    ],
)
def test_packages_from_elsewhere_are_unlisted(line: str) -> None:
    found = report(f"numpy==2.5.0\n{line}\n".encode(), "requirements.txt")

    assert (found.verdict, codes(found)) == (Verdict.UNSCANNABLE, ["environment.foreign_source"])
    assert "line 2" in found.findings[0].message


def test_released_packages_are_safe() -> None:
    assert report(b"# from https://example.org\nnumpy==2.5.0\n", "requirements.txt").verdict is Verdict.SAFE


FOREIGN_FLAVORS = [
    b"{flavors: {python_function: {loader_module: evil}}}",
    b'"flavors": {python_function: {loader_module: evil}}',
    b"flavors : {python_function: {loader_module: evil}}",
    b'"fl\\x61vors": {python_function: {loader_module: evil}}',
    b'{"version": 1, "learner": 1, "flavors": {"python_function": {"loader_module": "evil"}}}',
    b'a: "' + b"A" * 70_000 + b'"\nflavors: {python_function: {loader_module: evil}}',
]


@pytest.mark.parametrize("text", FOREIGN_FLAVORS)
@pytest.mark.parametrize("path", ["MLmodel", "folder/MLmodel"])
def test_however_an_mlmodel_is_written_it_is_judged(text: bytes, path: str) -> None:
    assert "mlmodel.loader_module" in codes(report(text, path))


def test_an_mlmodel_in_an_archive_is_judged() -> None:
    assert "mlmodel.loader_module" in codes(report(zipped({"m/MLmodel": FOREIGN_FLAVORS[0]}), "m.zip"))


@pytest.mark.parametrize(
    "text", ["flavors: {python_function: {<<: {loader_module: evil}}}", "flavors: {a: {b: 1}}\nflavors: {c: {d: 1}}"]
)
def test_what_two_readers_of_yaml_see_in_two_ways_is_unscannable(text: str) -> None:
    assert codes(report(text.encode(), "MLmodel")) == ["mlmodel.broken"]


@pytest.mark.parametrize(
    ("flavor", "code"),
    [
        ("sklearn: {pickled_model: ../model.pkl}", "mlmodel.path_escapes"),
        ("python_function: {loader_module: mlflow.sklearn, data: /tmp/model.pkl}", "mlmodel.path_escapes"),
        ("keras: {data: https://example.org/model}", "mlmodel.path_escapes"),
        ("tensorflow: {saved_model_dir: ../other}", "mlmodel.path_escapes"),
        ("xgboost: {model_class: antigravity.fly}", "mlmodel.loader_module"),
        ("python_function: {loader_module: mlflow.sklearn, env: {conda: other.yaml}}", "environment.foreign_source"),
        ("python_function: {loader_module: mlflow.sklearn, env: ../conda.yaml}", "environment.foreign_source"),
    ],
)
def test_what_a_flavor_takes_from_elsewhere_is_found(flavor: str, code: str) -> None:
    found = report(f"flavors: {{{flavor}}}\nsignature: x\n".encode(), "MLmodel")

    assert (codes(found), found.verdict is Verdict.SAFE) == ([code], False)


def test_what_mlflow_itself_writes_is_safe() -> None:
    flavors = (
        b"flavors:\n  lightgbm: {data: m.lgb, model_class: lightgbm.sklearn.LGBMClassifier}\n  catboost: {model_class: "
        b"CatBoostClassifier}\n  python_function:\n    loader_module: mlflow.lightgbm\n    data: m.lgb\n    env:\n"
        b"      conda: conda.yaml\n      virtualenv: python_env.yaml\nsignature: x\n"
    )
    env = b"python: 3.10.1\nbuild_dependencies:\n- pip==23.1\n- wheel\ndependencies:\n- -r requirements.txt\n"
    conda = b"channels:\n- conda-forge\ndependencies:\n- python=3.10\n- pip<=23\n- pip:\n  - numpy==2.0\nname: env\n"
    requirements = b"-c constraints.txt\nmlflow==3.1\nnumpy>=1,~=1.2; python_version>'3'\nx[y]==1 --hash=sha256:ab\n\n"
    files = {"MLmodel": flavors, "python_env.yaml": env, "conda.yaml": conda, "requirements.txt": requirements}

    assert [codes(report(text, path)) for path, text in files.items()] == [[]] * 4


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("requirements.txt", "-r extra.txt"),
        ("requirements.txt", "-rextra.txt"),
        ("requirements.txt", "./x.whl"),
        ("requirements.txt", "x @ file:x"),
        ("requirements.txt", "htt\\\nps://example.org/x"),
        ("requirements.txt", "${ADDRESS}"),
        ("requirements.txt", "--find=wheels"),
        ("conda.yaml", 'dependencies: [pip: ["git\\x2bhttps:\\x2f/example.org"]]'),
        ("conda.yaml", "channels: [somebody]"),
        ("conda.yaml", "dependencies: ['somebody::numpy']"),
        ("conda.yaml", "flavors: {}\ndependencies: [pip: ['git+ssh://x']]"),
    ],
)
def test_each_way_to_install_from_elsewhere_is_found(path: str, text: str) -> None:
    assert codes(report(text.encode(), path)) == ["environment.foreign_source"]


def test_requirements_are_read_as_pip_decodes_them() -> None:
    address = "git+https://example.org/x\n"

    assert codes(report(address.encode("utf-16"), "requirements.txt")) == ["environment.foreign_source"]
    assert codes(report(b"# coding: utf-7\n" + address.encode("utf-7"), "requirements.txt")) == ["environment.broken"]


def test_an_empty_environment_is_empty() -> None:
    assert [report(b"", path).format for path in ("requirements.txt", "MLmodel")] == ["empty", "empty"]


@pytest.mark.parametrize(("module", "code"), [("evil", ["mlmodel.loader_module"]), ("tf_keras", [])])
@pytest.mark.parametrize("name", ["pickle_module_info.txt", "keras_module.txt"])
def test_a_module_that_mlflow_imports_by_a_text_is_judged(name: str, module: str, code: list[str]) -> None:
    assert codes(report(f"{module}\n".encode(), f"model/data/{name}")) == code


@pytest.mark.parametrize(
    ("name", "class_"),
    [
        ("spark", "pyspark.ml.pipeline.PipelineModel"),
        ("xgboost", "xgboost.sklearn.XGBClassifier"),
        ("lightgbm", "lightgbm.sklearn.LGBMClassifier"),
    ],
)
def test_the_class_that_a_flavor_of_mlflow_states_is_its_library_s_own(name: str, class_: str) -> None:
    flavor = f"  {name}:\n    code: null\n    model_class: {class_}\n"

    assert codes(report((HEAD + flavor + SIGNED).encode(), "MLmodel")) == []


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("requirements.txt", b"# a comment goes on nowhere \\\n-r extra.txt\n"),
        ("requirements.txt", b"# a page ends here \x0c-r extra.txt\n"),
        ("requirements.txt", "# a line ends here \u2028-r extra.txt\n".encode()),
        ("requirements.txt", b"\xef\xbb\xbf-r extra.txt\n"),
        ("requirements.txt", b'-"r" extra.txt\n'),
        ("requirements.txt", b"--trusted-host evil\n"),
        ("requirements.txt", b"--tru evil\n"),
        ("requirements.txt", b"numpy --global-option=build_ext\n"),
        ("requirements.txt", b"."),
        ("requirements.txt", b"package/of/mine\n"),
        ("requirements.txt", b"file:package\n"),
        ("requirements.txt", b"package.tar.xz\n"),
        ("conda.yaml", b"dependencies: [pip: [package/of/mine]]\n"),
        ("conda.yaml", b"dependencies: [pip: {package.whl: }]\n"),
        ("conda.yaml", b"dependencies: {package.whl: }\n"),
        ("conda.yaml", b"channels: {evil: }\n"),
        ("conda.yaml", b"dependencies: ['numpy[channel=evil]']\n"),
        ("conda.yaml", b'dependencies: [pip: ["numpy\\n."]]\n'),
        ("conda.yaml", b"dependencies: [pip: ['-\\', r extra.txt]]\n"),
    ],
)
def test_no_way_to_write_it_hides_what_is_installed_from_elsewhere(path: str, data: bytes) -> None:
    assert codes(report(data, path)) == ["environment.foreign_source"]


def test_an_encoding_is_looked_for_where_pip_does() -> None:
    data = b"numpy # coding: utf-8\n# coding: utf-7\n" + "-r extra.txt".encode("utf-7")

    assert codes(report(data, "requirements.txt")) == ["environment.broken"]


@pytest.mark.parametrize("path", ["requirements.txt", "conda.yaml"])
def test_an_environment_is_read_though_it_begins_like_a_picture(path: str) -> None:
    found = report(b"GIF89a # \0\n-r extra.txt\n", path)

    assert "environment.broken" in codes(found)


def test_a_variable_of_conda_is_unlisted() -> None:
    found = report(b"dependencies: [numpy]\nvariables:\n  PYTHONPATH: code\n", "conda.yaml")

    assert (codes(found), found.verdict) == (["environment.variable"], Verdict.UNSCANNABLE)
    assert "PYTHONPATH" in found.findings[0].message


def test_options_that_leave_the_index_alone_are_safe() -> None:
    data = b"--pre\n--require-hashes\n--only-binary :all:\n--prefer-binary\nnumpy --hash=sha256:ab\n"

    assert codes(report(data, "requirements.txt")) == []


def test_a_comment_behind_a_requirement_installs_nothing() -> None:
    data = b"numpy==2.5.0  # via -r requirements.in, https://example.org\nx==1 \\\n    --hash=sha256:ab \\\n"

    assert codes(report(data + b"    --hash=sha256:cd\n    # via\n    #   -r in.txt\n", "requirements.txt")) == []


@pytest.mark.parametrize("line", [b" " * 500_000, b"#" * 500_000, b"[" * 500_000, b"-" * 500_000, b"@ " * 250_000])
def test_a_line_that_is_long_is_looked_at_once(line: bytes) -> None:
    assert report(b"numpy" + line, "requirements.txt").verdict is Verdict.SAFE


@pytest.mark.parametrize("name", ["conda.yaml", "MLmodel", "python_env.yaml"])
def test_many_files_of_yaml_cost_no_more_than_a_scan_may(name: str) -> None:
    text = (HEAD + SKLEARN + SIGNED).encode() if name == "MLmodel" else b"dependencies: [pip]\n"
    archive = zipped({f"{number}/{name}": text for number in range(9)})

    found = report(archive, "a.zip", limits=Limits(steps=32 * 5 * len(text)))

    assert codes(found) == ["scan.too_large"]
