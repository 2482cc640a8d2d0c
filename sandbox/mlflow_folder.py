"""An MLflow model folder: a scikit-learn model with the files around it that MLflow's readers expect.

Written without MLflow, in the layout of https://mlflow.org/docs/latest/ml/model/: `MLmodel` names two flavors,
`python_function` and `sklearn`, which share `model.pkl`; the environment is given for conda, virtualenv and pip.
Not promised: the keys MLflow writes only for itself, and a run it could belong to.
"""
# ruff: noqa: PLC0415 - scikit-learn takes seconds to import and only `save` needs it

from __future__ import annotations

import json
import pickle
import platform
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from pathlib import Path

FORMAT_VERSION: Final = "3.17.2"  # of MLflow, whose readers are to understand the folder

_MODEL: Final = "model.pkl"
_CONDA: Final = "conda.yaml"
_VIRTUALENV: Final = "python_env.yaml"
_REQUIREMENTS: Final = "requirements.txt"
_EXAMPLE: Final = "input_example.json"
_SERVED_EXAMPLE: Final = "serving_input_example.json"


def save(model: Any, *, folder: Path, example: Any) -> None:
    """Write a fitted scikit-learn model into `folder`; `example` is an array of some rows that it takes."""
    with (folder / _MODEL).open("wb") as file:
        pickle.dump(model, file)
    _write_environment(folder)
    (folder / _EXAMPLE).write_text(json.dumps(example.tolist()))
    (folder / _SERVED_EXAMPLE).write_text(json.dumps({"inputs": example.tolist()}, indent=2))
    size = sum(path.stat().st_size for path in folder.iterdir())
    _write_yaml(folder / "MLmodel", _description(signature=_signature(model, example), size=size))


def _description(*, signature: dict[str, Any], size: int) -> dict[str, Any]:
    return {
        "flavors": {"python_function": _python_function(), "sklearn": _sklearn()},
        "mlflow_version": FORMAT_VERSION,
        "model_size_bytes": size,
        "model_uuid": uuid.uuid4().hex,
        "saved_input_example_info": {
            "artifact_path": _EXAMPLE,
            "serving_input_path": _SERVED_EXAMPLE,
            "type": "ndarray",
        },
        "signature": signature,
        "utc_time_created": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
    }


def _python_function() -> dict[str, Any]:
    return {
        "env": {"conda": _CONDA, "virtualenv": _VIRTUALENV},
        "loader_module": "mlflow.sklearn",
        "model_path": _MODEL,
        "predict_fn": "predict",
        "python_version": platform.python_version(),
    }


def _sklearn() -> dict[str, Any]:
    import sklearn

    return {
        "code": None,
        "pickled_model": _MODEL,
        "serialization_format": "pickle",
        "sklearn_version": sklearn.__version__,
    }


def _signature(model: Any, example: Any) -> dict[str, Any]:
    return {"inputs": _tensor(example), "outputs": _tensor(model.predict(example)), "params": None}


def _tensor(array: Any) -> str:
    """MLflow keeps each side of a signature as JSON text inside the YAML; -1 is any number of rows."""
    specification = {"dtype": str(array.dtype), "shape": [-1, *array.shape[1:]]}
    return json.dumps([{"type": "tensor", "tensor-spec": specification}])


def _write_environment(folder: Path) -> None:
    needed, python = _requirements(), platform.python_version()
    (folder / _REQUIREMENTS).write_text("".join(f"{line}\n" for line in needed))
    conda = {"channels": ["conda-forge"], "dependencies": [f"python={python}", "pip", {"pip": needed}]}
    _write_yaml(folder / _CONDA, {"name": "mlflow-env", **conda})
    virtualenv = {"build_dependencies": ["pip", "setuptools", "wheel"], "dependencies": [f"-r {_REQUIREMENTS}"]}
    _write_yaml(folder / _VIRTUALENV, {"python": python, **virtualenv})


def _requirements() -> list[str]:
    import numpy as np
    import sklearn

    return [f"mlflow=={FORMAT_VERSION}", f"numpy=={np.__version__}", f"scikit-learn=={sklearn.__version__}"]


def _write_yaml(path: Path, content: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False, width=120))
