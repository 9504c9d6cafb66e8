"""ReLU with max pooling behind it as one kernel, and their way back as another.

They stand for the two where nobody else looks at what is between (`lab.graph.fusion`): a map that is larger than what
goes in or out of both. The numbers are those of the single kernels, bit by bit: what ReLU lets through at a window's
place is what the window gave, so its sign says whether ReLU was active there.
"""

from __future__ import annotations

from kernels.language import FAST_WITH_NANS, kernel
from kernels.pooling import INDICES, TYPICAL, WINDOWS, back_to_places, largest_of_windows


@kernel(f"x[B,H,W,C] {WINDOWS} -> y[B,I,J,C] place[B,I,J,C]", fastmath=FAST_WITH_NANS, typical=TYPICAL, indices=INDICES)
def relu_max_pool(x, row_begin, row_end, column_begin, column_end, y, place, thread, threads):
    """y = the largest number of each window of max(x, 0); place = where it stood (the first one if several are)."""
    largest_of_windows(x, row_begin, row_end, column_begin, column_end, y, place, True, thread, threads)


@kernel(
    f"place[B,I,J,C] dy[B,I,J,C] y[B,I,J,C] {WINDOWS} -> dx[B,H,W,C]",
    typical=TYPICAL,
    indices={**INDICES, "place": "H*W"},
)
def relu_max_pool_gradient(place, dy, y, row_begin, row_end, column_begin, column_end, dx, thread, threads):
    """dx = dy where the largest number of a window stood and was above 0, else 0; y: what the pooling gave."""
    back_to_places(place, dy, y, row_begin, row_end, column_begin, column_end, dx, True, thread, threads)
