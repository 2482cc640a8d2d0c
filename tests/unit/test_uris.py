"""URIs of files: they come back letter for letter, or are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration.errors import InputError
from registration.uris import DatastoreUri, JobOutputUri, job_of_blob, parse_uri

GUID = "3d1f6a52-0c4b-4e7a-9b8d-5e2f7c6a1b90"
PROVIDER = "providers/Microsoft.MachineLearningServices"
NAME = st.text(st.characters(exclude_characters="/", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12).filter(
    lambda name: name not in {".", ".."}
)
PATH = st.lists(NAME, min_size=1, max_size=5).map("/".join)

KNOWN = [
    "azureml://jobs/J/outputs/model",
    "azureml://jobs/J/outputs/artifacts/paths/model",
    "azureml://jobs/J/outputs/model/paths/a b/%20/ü+#?.onnx",
    "azureml://jobs/J/outputs/model/paths/folder/",
    "azureml://datastores/workspaceblobstore/paths/azureml/J/model/",
    "azureml://datastores/workspaceblobstore/paths/",
    f"azureml://subscriptions/{GUID}/resourcegroups/rg/workspaces/ws/datastores/d/paths/azureml/J/model",
    f"azureml://subscriptions/{GUID}/resourceGroups/rg/workspaces/ws/datastores/d/paths/azureml/J/model",
    f"azureml://subscriptions/{GUID}/resourceGroups/rg/{PROVIDER}/workspaces/ws/datastores/d/paths/azureml/J/model",
    f"azureml://subscriptions/{GUID}/resourcegroups/rg/{PROVIDER}/workspaces/ws/datastores/d/paths/azureml/J/model",
    "azureml://datastores/workspaceartifactstore/ExperimentRun/dcid.J",
    "azureml://datastores/workspaceartifactstore/paths/ExperimentRun/dcid.J",
    "runs:/J/model",
    "runs:/J/model/data/a b.onnx",
]


@pytest.mark.parametrize("text", KNOWN)
def test_a_uri_comes_back_letter_for_letter(text: str) -> None:
    assert str(parse_uri(text)) == text


@given(job=NAME, output=NAME, path=st.just("") | PATH)
def test_a_job_output_uri_round_trips(job: str, output: str, path: str) -> None:
    uri = JobOutputUri(job, output, path)

    assert parse_uri(str(uri)) == uri


@given(datastore=NAME, path=st.just("") | PATH, workspace=st.none() | st.tuples(NAME, NAME, NAME))
def test_a_datastore_uri_round_trips(datastore: str, path: str, workspace: tuple[str, str, str] | None) -> None:
    uri = DatastoreUri(datastore, path, *(workspace or ()))

    assert parse_uri(str(uri)) == uri


FORMS = ["{}", "azureml://jobs/{}", "azureml://datastores/{}", "runs:/{}", "azureml://subscriptions/{}"]


@given(form=st.sampled_from(FORMS), text=st.text() | PATH)
def test_any_text_either_comes_back_or_is_refused(form: str, text: str) -> None:
    text = form.format(text)
    try:
        uri = parse_uri(text)
    except InputError:
        return

    assert str(uri) == text


def test_a_job_output_uri_is_taken_apart() -> None:
    assert parse_uri("azureml://jobs/J/outputs/model/paths/a/b") == JobOutputUri("J", "model", "a/b")


def test_a_datastore_uri_with_a_provider_names_the_same_place() -> None:
    short = f"azureml://subscriptions/{GUID}/resourcegroups/rg/workspaces/ws/datastores/d/paths/p"

    assert parse_uri(short.replace("/workspaces", f"/{PROVIDER}/workspaces")) == parse_uri(short)


def test_a_runs_uri_is_the_artifacts_output_of_its_job() -> None:
    assert parse_uri("runs:/J/model") == parse_uri("azureml://jobs/J/outputs/artifacts/paths/model")


@pytest.mark.parametrize(("output", "path"), [("model", "p"), ("artifacts", "")])
def test_only_a_path_in_the_artifacts_is_spelt_as_a_run(output: str, path: str) -> None:
    with pytest.raises(InputError, match="runs:/JOB/PATH"):
        JobOutputUri("J", output, path, "runs")


def test_percent_signs_in_a_path_stand_for_themselves() -> None:
    assert parse_uri("azureml://jobs/J/outputs/o/paths/a%2Fb") == JobOutputUri("J", "o", "a%2Fb")


def test_how_a_place_was_spelt_does_not_make_it_another_place() -> None:
    bare = parse_uri("azureml://datastores/workspaceartifactstore/ExperimentRun/dcid.J")
    usual = parse_uri("azureml://datastores/workspaceartifactstore/paths/ExperimentRun/dcid.J")

    assert bare == usual


@pytest.mark.parametrize(("reported", "in_uri"), [("default", "artifacts"), ("model", "model")])
def test_the_default_output_is_called_artifacts_in_a_uri(reported: str, in_uri: str) -> None:
    uri = JobOutputUri.of_reported("J", reported, path="p")

    assert (uri.output, uri.reported_output) == (in_uri, reported)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "azureml://jobs/J",
        "azureml://jobs/J/outputs/",
        "azureml://jobs/J/outputs/o/",
        "azureml://jobs/J/outputs/o/paths/",
        "azureml://jobs//outputs/o",
        "azureml://datastores/d",
        "azureml://datastores/d/other/p",
        "azureml://datastores/d/ExperimentRun/",
        "azureml://subscriptions/s/RESOURCEGROUPS/r/workspaces/w/datastores/d/paths/p",
        "AZUREML://jobs/J/outputs/o",
        " azureml://jobs/J/outputs/o",
        "azureml:churn:3",
        "runs:/J",
        "runs://J/model",
        "https://example.com/model",
    ],
)
def test_an_unknown_form_is_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(InputError, match="known forms: azureml://jobs/"):
        parse_uri(text)


@pytest.mark.parametrize("path", ["..", "a/../b", "a/.", "a\nb", "a\x00"])
def test_a_path_that_could_leave_its_folder_is_refused(path: str) -> None:
    with pytest.raises(InputError, match="cannot be the path"):
        parse_uri(f"azureml://jobs/J/outputs/o/paths/{path}")


@pytest.mark.parametrize(
    ("job", "output"), [("", "o"), ("J", ""), ("a/b", "o"), ("J", "a/b"), ("..", "o"), ("J", "a\n")]
)
def test_a_uri_that_could_not_be_read_back_is_not_built(job: str, output: str) -> None:
    with pytest.raises(InputError, match="must be one path segment"):
        JobOutputUri(job, output)


def test_a_datastore_of_half_a_workspace_is_refused() -> None:
    with pytest.raises(InputError, match="or none of them"):
        DatastoreUri("d", "p", subscription="s")


def test_a_workspace_that_is_no_path_segment_is_refused() -> None:
    with pytest.raises(InputError, match="resource group of a URI"):
        DatastoreUri("d", "p", subscription="s", resource_group="a/b", workspace="w")


def test_only_the_artifact_store_is_spelt_without_paths() -> None:
    with pytest.raises(InputError, match="without /paths/"):
        DatastoreUri("d", "folder/file", spelling="bare")


@pytest.mark.parametrize(
    ("container", "path", "output"),
    [
        (f"azureml-blobstore-{GUID}", "azureml/J/model/MLmodel", JobOutputUri("J", "model", "MLmodel")),
        (f"azureml-blobstore-{GUID}", "azureml/J/model/data/m.onnx", JobOutputUri("J", "model", "data/m.onnx")),
        ("azureml", "ExperimentRun/dcid.J/model/MLmodel", JobOutputUri("J", "artifacts", "model/MLmodel")),
        ("azureml", "ExperimentRun/dcid.a.b_5/x", JobOutputUri("a.b_5", "artifacts", "x")),
    ],
)
def test_a_blob_of_a_job_is_traced_to_its_output(container: str, path: str, output: JobOutputUri) -> None:
    assert job_of_blob(container, path) == output


@pytest.mark.parametrize(
    ("container", "path"),
    [
        (f"azureml-blobstore-{GUID}", "LocalUpload/1234/model.pkl"),
        (f"azureml-blobstore-{GUID}", "azureml/J/model"),
        (f"azureml-blobstore-{GUID}", "azureml/J/model/../x"),
        (f"azureml-blobstore-{GUID}x", "azureml/J/model/MLmodel"),
        ("azureml-blobstore-", "azureml/J/model/MLmodel"),
        ("azureml", "ExperimentRun/J/model"),
        ("azureml", "ExperimentRun/dcid.J"),
        ("incoming", "azureml/J/model/MLmodel"),
    ],
)
def test_any_other_blob_is_no_jobs(container: str, path: str) -> None:
    assert job_of_blob(container, path) is None
