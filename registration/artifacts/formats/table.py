"""The table of formats, in the order in which detection asks them. A new format is one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registration.artifacts.formats import (
    boosters,
    compressed,
    configuration,
    environment,
    gguf,
    hdf5,
    keras_config,
    mlmodel,
    npy,
    onnx,
    pickle,
    plain,
    safetensors,
    savedmodel,
    skops,
    tar,
    torch_legacy,
    torchscript,
    triton,
)
from registration.artifacts.formats import zip as zip_

if TYPE_CHECKING:
    from registration.artifacts.formats.format import Format
    from registration.artifacts.formats.tree import TreeFormat

FORMATS: tuple[Format, ...] = (
    plain.EMPTY,
    plain.PROGRAM,
    *plain.PICTURES,
    *plain.TABLES,
    zip_.FORMAT,
    tar.FORMAT,
    *compressed.COMPRESSED,
    *compressed.SEALED,
    npy.FORMAT,
    safetensors.FORMAT,
    gguf.FORMAT,
    hdf5.FORMAT,
    *boosters.FORMATS,
    torch_legacy.FORMAT,
    pickle.PICKLE,
    pickle.HIDDEN,
    pickle.OLD_PICKLE,
    keras_config.FORMAT,
    configuration.FORMAT,
    skops.FORMAT,
    *mlmodel.FORMATS,
    environment.FORMAT,
    triton.FORMAT,
    *savedmodel.FORMATS,
    onnx.FORMAT,
    torchscript.FORMAT,
    plain.TEXT,
)

# Formats of several files together, in a folder or an archive.
TREES: tuple[TreeFormat, ...] = (mlmodel.TREE, savedmodel.TREE, triton.TREE)
NAMES = tuple(sorted({format_.name for format_ in FORMATS} | {tree.name for tree in TREES}))
# Formats that may lie beside any model: they hold no code, and no model.
FREE = frozenset(
    format_.name
    for format_ in (
        plain.EMPTY,
        *plain.PICTURES,
        *plain.TABLES,
        environment.FORMAT,
        configuration.FORMAT,
        mlmodel.MODULE,
        plain.TEXT,
    )
)
