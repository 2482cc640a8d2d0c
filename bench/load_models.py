"""The five models of the load, their policies, and the tiny artifacts that are offered for them.

Three are fed by jobs and two by drops. Their rules differ so that some take nearly every candidate and others few:
many promotions of one model in little time are what a ledger has to stand.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox import names

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from random import Random

OUTPUT = "model"
MINIMUM = 0.8  # of the accuracy that every policy asks for
_WEIGHTS = 256  # four bytes each


@dataclass(frozen=True)
class Model:
    """One model. `place` is the experiment, or the folder of the drop container, that feeds it."""

    name: str
    place: str
    is_drop: bool
    versus: Mapping[str, Any] | None
    kind: str = "custom_model"

    def policy(self) -> dict[str, Any]:
        """The policy document that is in force for it."""
        drop = {"account": names.DROP_ACCOUNT, "container": names.DROP_CONTAINER, "prefix": f"{self.place}/"}
        source = {} if self.is_drop else {"from": {"output": OUTPUT}}
        versus = {"vs_champion": dict(self.versus)} if self.versus else {}
        accuracy = {"direction": "maximize", "min": MINIMUM, **versus}
        return {
            "apiVersion": "registrar/v1",
            "kind": "PromotionPolicy",
            "name": self.name,
            "match": {"any": [{"drop": drop} if self.is_drop else {"job": {"experiment": self.place}}]},
            "models": [{"name": self.name, "type": self.kind, **source, "metrics": {"accuracy": accuracy}}],
        }

    def files(self, dice: Random) -> dict[str, bytes]:
        """An artifact of a few KB for it; never the same twice."""
        weights = _safetensors(dice.randbytes(4 * _WEIGHTS))
        if self.kind == "mlflow_model":
            return {"MLmodel": _MLMODEL, "requirements.txt": b"numpy\n", "data/model.safetensors": weights}
        return {"config.json": json.dumps({"weights": _WEIGHTS}).encode(), "model.safetensors": weights}


MODELS = (
    Model("load-any", "load-any-nightly", is_drop=False, versus=None),
    Model("load-mlflow", "load-mlflow-nightly", is_drop=False, versus={"max_regression": "5%"}, kind="mlflow_model"),
    Model("load-better", "load-better-nightly", is_drop=False, versus={"strict": True}),
    Model("load-vendor-north", "north", is_drop=True, versus={"max_regression": "1%"}),
    Model("load-vendor-south", "south", is_drop=True, versus={"min_improvement": 0.001}),
)


def write_policies(folder: Path) -> None:
    """Put the policies of all models into `folder`."""
    for model in MODELS:
        (folder / f"{model.name}.yaml").write_text(json.dumps(model.policy(), indent=2), encoding="utf-8")


_MLMODEL = b"""\
flavors:
  python_function:
    data: data
    loader_module: mlflow.pytorch
    python_version: 3.13.0
mlflow_version: 3.0.0
model_uuid: 00000000000000000000000000000000
"""


def _safetensors(weights: bytes) -> bytes:
    """One tensor in the layout of https://huggingface.co/docs/safetensors."""
    header = json.dumps({"w": {"dtype": "F32", "shape": [_WEIGHTS], "data_offsets": [0, len(weights)]}}).encode()
    return struct.pack("<Q", len(header)) + header + weights
