"""Convolutions with few channels out: several pixels of a row side by side in one vector.

Of a vector of 16 numbers, 6 channels would leave most empty. So m neighbouring pixels are taken as one with m times the
channels, whose window is (m - 1) strides wider; each of them has zeros for the columns that it does not see:

    y[i, m j + n, d] = Σ over p, r, c of x[.., m j stride + r, c] wide[p, r, c, n D + d]
    wide[p, r, c, n D + d] = weight[p, r - n stride, c, d] where there is such a column, else 0

Per pixel that is P (Q + (m - 1) stride) / m vectors instead of P Q: from one channel to 6 by 5×5, 15 instead of 25. The
sums are those of single pixels, to the bit, since only zeros are added; where a pixel is not finite, its neighbours'
results are not either, up to m - 1 further. The weights' gradient is found for `wide`, two pixels at a time, and then
added up.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kernels.targets import tile_geometry
from kernels.targets.linked import linked
from kernels.targets.vector_code import ITEM
from kernels.targets.views import numbers_at

pixels_together = linked(tile_geometry.pixels_together)


@linked
def widened(
    place: Any, begin: Any, weight: Any, bias: Any, m: Any, P: Any, Q: Any, C: Any, D: Any, stride: Any
) -> None:  # fmt: skip
    """Write the weights of m pixels side by side, and what their sums begin with."""
    across, outputs = Q + (m - 1) * stride, m * D
    wide = numbers_at(place, P * across * C * outputs)
    for k in range(P * across * C * outputs):
        wide[k] = np.float32(0)
    begins, biases = numbers_at(begin, outputs), numbers_at(bias, D)
    for n in range(m):
        for d in range(D):
            begins[n * D + d] = biases[d]
        for p in range(P):
            for k in range(Q * C):
                row = numbers_at(weight + (p * Q * C + k) * D * ITEM, D)
                first = ((p * across + n * stride) * C + k) * outputs + n * D
                for d in range(D):
                    wide[first + d] = row[d]


@linked
def narrowed(d_weight: Any, place: Any, m: Any, P: Any, Q: Any, C: Any, D: Any, stride: Any) -> None:
    """Write the weights' gradient from that of the weights of m pixels side by side."""
    across, outputs = Q + (m - 1) * stride, m * D
    wide = numbers_at(place, P * across * C * outputs)
    for p in range(P):
        for k in range(Q * C):
            row = numbers_at(d_weight + (p * Q * C + k) * D * ITEM, D)
            for d in range(D):
                row[d] = wide[(p * across * C + k) * outputs + d]
            for n in range(1, m):
                first = ((p * across + n * stride) * C + k) * outputs + n * D
                for d in range(D):
                    row[d] += wide[first + d]
