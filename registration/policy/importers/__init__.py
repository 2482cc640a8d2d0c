"""Importers: the gate that another tool's config describes, as a promotion policy of ours.

One module a tool, all with one function `read`. What a policy cannot say, or says differently, is a warning that names
the place in the foreign config; nothing is left out in silence. A config is foreign text: it is read as data, within
limits, and an error names the place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from registration.policy.importers import mlflow, registermodel, sagemaker, tfma

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.policy.importers.draft import Imported

__all__ = ["KINDS", "Read"]


class Read(Protocol):
    """What every importer can do."""

    def __call__(self, text: str, *, source: str, name: str | None = None, experiment: str | None = None) -> Imported:
        """The policy that `text` asks for, of a model called `name`, fed by the jobs of `experiment`.

        Raises `ForeignConfigError`, naming `source` and the place, when `text` cannot be used.
        """
        ...


KINDS: Mapping[str, Read] = {
    "registermodel": registermodel.read,
    "mlflow": mlflow.read,
    "tfma": tfma.read,
    "sagemaker": sagemaker.read,
}
