"""Objects of scipy that models hold: sparse matrices, curves, trees and rotations.

Distributions of scipy.stats are not here on purpose: setting the state of one runs text in that state as Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import interpolate, sparse, spatial
from scipy.spatial.transform import Rotation

if TYPE_CHECKING:
    from collections.abc import Iterator


def samples() -> Iterator[object]:
    """One of each."""
    matrix = np.eye(3)
    x, y = np.arange(8.0), np.arange(8.0) ** 2
    for form in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil"):
        yield getattr(sparse, f"{form}_matrix")(matrix)
        yield getattr(sparse, f"{form}_array")(matrix)
    yield from (interpolate.interp1d(x, y), interpolate.CubicSpline(x, y), interpolate.PchipInterpolator(x, y))
    yield from (
        interpolate.Akima1DInterpolator(x, y),
        interpolate.make_interp_spline(x, y),
        interpolate.UnivariateSpline(x, y),
    )
    yield from (spatial.cKDTree(matrix), spatial.KDTree(matrix), Rotation.identity())
