"""Prints the operators of the torch that is installed where this runs, allowed and refused ones.

    python tools/torchscript_ops.py > registration/artifacts/formats/torchscript.txt

A line is an operator, without `aten::`. One that may not be used begins with `-`: what reads or writes files, looks
at memory without checking, or is no part of what users write. A person reviews the difference before it is committed.
"""

from __future__ import annotations

import re

import torch

# Files; memory that is looked at as something else, or made larger; what is for one back end; other threads and
# processes; the state of torch.
REFUSED = re.compile(
    r"from_file|save|set_|set_data|as_strided\w*|resize\w*|sparse_resize\w*|record_stream|wait|Delete"
    r"|(?:cudnn|miopen|mkldnn|fbgemm)_\w+|owner\w*|confirmed_by_owner|local_value|to_here|is_owner|slice_inverse"
    r"|manual_seed|seed|initial_seed|set_grad_enabled|backward|copy_sparse_to_sparse\w*|unsafe_\w+|\w+_backward\w*"
)
# What torch.jit writes although its name is a private one.
WRITTEN = frozenset({
    "__and__", "__contains__", "__derive_index", "__getitem__", "__interpolate", "__is__", "__isnot__",
    "__lshift__", "__not__", "__or__", "__range_length", "__rshift__", "__upsample", "__upsample_bilinear",
    "__upsample_nearest", "__xor__", "_convolution", "_get_tracing_state", "_infer_size", "_list_to_tensor",
    "_native_multi_head_attention", "_nested_tensor_from_mask", "_nested_tensor_from_mask_left_aligned",
    "_pack_padded_sequence", "_pad_packed_sequence", "_set_item", "_shape_as_tensor", "_tensor_to_list",
    "_transformer_encoder_layer_fwd", "_unwrap_optional", "_upsample_bicubic2d_aa", "_upsample_bilinear2d_aa",
    "_upsample_lanczos2d_aa", "_upsample_nearest_exact1d", "_upsample_nearest_exact2d", "_upsample_nearest_exact3d",
    "_weight_norm",
})  # fmt: skip
# Of the operators that belong to the language itself.
PRIM = frozenset({
    "EnumName", "EnumValue", "NumToTensor", "RaiseException", "TupleIndex", "abs", "data", "device", "dtype",
    "grad", "index", "is_cpu", "is_cuda", "is_meta", "is_nested", "is_mkldnn", "is_quantized", "is_sparse", "itemsize",
    "layout", "max",
    "min", "name", "nbytes", "rangelist", "requires_grad", "tolist", "type", "unchecked_unwrap_optional",
})  # fmt: skip


def main() -> None:
    """Print allowed and refused ones, sorted."""
    schemas = torch._C._jit_get_all_schemas()  # noqa: SLF001 - there is no public way
    known = {schema.name.removeprefix("aten::") for schema in schemas if schema.name.startswith("aten::")}
    allowed = {name for name in known if name in WRITTEN or not (name.startswith("_") or REFUSED.fullmatch(name))}
    print(f"# The operators of torch {torch.__version__.partition('+')[0]}; made by tools/torchscript_ops.py.")
    print(
        *sorted({*allowed, *(f"prim.{name}" for name in PRIM)}),
        *(f"-{name}" for name in sorted(known - allowed)),
        sep="\n",
    )


if __name__ == "__main__":
    main()
