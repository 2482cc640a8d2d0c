"""MLmodel and its environment files: code of the author's own is told, whatever the other files hold."""

from __future__ import annotations

import pytest

from registration.artifacts.scan import Verdict
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
