"""Names that a Keras configuration may look up: which of them are operations and nothing else.

Source: `keras.src.saving.serialization_lib` of Keras 3.15, and `keras.src.layers.core.tf_op_layer` of tf-keras 2.
"""

from __future__ import annotations

import re
from typing import Any

_PACKAGES = ("keras.src.", "keras.", "tf_keras.src.", "tf_keras.")
_PARTS = {
    "",
    "activations",
    "constraints",
    "dtype_policies",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "quantizers",
    "random",
    "regularizers",
}
# Parts of which only modules that hold operations and nothing else count.
_OPERATIONS = {f"ops.{part}" for part in ("core", "einops", "image", "linalg", "math", "nn", "numpy")}
# Models that tf-keras and Keras 2 name by where they are written.
_MODELS = {("engine.functional", "Functional"), ("engine.sequential", "Sequential"), ("engine.training", "Model")}
_OF_BACKEND = re.compile(r"backend\.(?:jax|tensorflow|torch)\.optimizers?(?:\.\w+)?")
# Functions that Keras finds by their name alone, in its own parts.
_FUNCTIONS = frozenset({
    "binary_accuracy", "binary_crossentropy", "binary_focal_crossentropy", "categorical_accuracy",
    "categorical_crossentropy", "categorical_focal_crossentropy", "categorical_generalized_cross_entropy",
    "categorical_hinge", "celu", "circle", "concordance_correlation", "cosine_similarity", "ctc", "dice", "elu",
    "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "hinge",
    "huber", "kl_divergence", "leaky_relu", "linear", "log_cosh", "log_sigmoid", "log_softmax", "mean_absolute_error",
    "mean_absolute_percentage_error", "mean_squared_error", "mean_squared_logarithmic_error", "mish",
    "pearson_correlation", "poisson", "relu", "relu6", "selu", "sigmoid", "silu", "soft_shrink", "softmax", "softplus",
    "softsign", "sparse_categorical_accuracy", "sparse_categorical_crossentropy", "sparse_plus", "sparse_sigmoid",
    "sparse_top_k_categorical_accuracy", "sparsemax", "squared_hinge", "squareplus", "swish", "tanh", "tanh_shrink",
    "threshold", "top_k_categorical_accuracy", "tversky",
})  # fmt: skip
# Symbols of TensorFlow that a TFOpLambda may call: parts that hold operations only, and some operations of the top.
_TENSORFLOW = re.compile(
    r"(?:compat\.v1\.)?(?:(?:__operators__|bitwise|dtypes|image|linalg|math|nn|ragged|random|signal|sparse|strings)\."
    r"\w+|abs|add|argmax|argmin|argsort|boolean_mask|broadcast_to|cast|clip_by_norm|clip_by_value|concat|"
    r"convert_to_tensor|cos|cumsum|divide|einsum|equal|exp|expand_dims|eye|fill|floor|gather|gather_nd|greater|"
    r"greater_equal|identity|less|less_equal|logical_and|logical_not|logical_or|matmul|maximum|meshgrid|minimum|"
    r"multiply|negative|norm|not_equal|one_hot|ones|ones_like|pad|pow|range|rank|realdiv|reduce_\w+|repeat|reshape|"
    r"reverse|roll|round|searchsorted|sequence_mask|shape|sigmoid|sign|sin|size|slice|sort|split|sqrt|square|squeeze|"
    r"stack|stop_gradient|strided_slice|subtract|tan|tanh|tensordot|tile|transpose|unstack|where|zeros|zeros_like)"
)


def is_plain(module: Any, name: Any) -> bool:
    """Whether it is a class of Keras in a part of Keras that holds no more than that."""
    if not isinstance(module, str) or not isinstance(name, str) or not name[:1].isupper():
        return False
    package = next((package for package in _PACKAGES if f"{module}.".startswith(package)), None)
    if package is None:
        return False
    part = f"{module}.".removeprefix(package).rstrip(".")
    if (part, name) in _MODELS:
        return True
    return part in _OPERATIONS or part.partition(".")[0] in _PARTS or _OF_BACKEND.fullmatch(part) is not None


def is_function(name: Any) -> bool:
    """Whether it is a loss, a metric or an activation of Keras' own."""
    return isinstance(name, str) and name in _FUNCTIONS


def is_operation(name: Any) -> bool:
    """Whether it is a symbol of TensorFlow that computes and reaches nothing."""
    return isinstance(name, str) and _TENSORFLOW.fullmatch(name) is not None
