"""What a GPU's one kernel for products of matrices is told: its arguments, and what is to be done beside multiplying.

    out[r, c] = the sum over k of a[r a_row + k a_column] b[k b_row + c b_column]

for r < rows, c < columns and k < depth. `shift`: two to the power of it is the number of tiles of four columns, rounded
up; `options` is the sum of those that follow.
"""

ARGUMENTS = (
    "a", "b", "bias", "mask", "out", "sums",
    "rows", "columns", "depth", "a_row", "a_column", "b_row", "b_column", "shift", "options",
)  # fmt: skip

BIAS = 1
"""Add bias[c]."""
RELU = 2
"""Then take the larger of the result and 0; NaN stays."""
MASK = 4
"""Take 0 where mask[r, c] is not above 0."""
SUMS = 8
"""sums[c] = the sum of b[k, c] over k."""

A_ALONG_DEPTH, A_ALONG_ROWS, B_ALONG_COLUMNS, B_ALONG_DEPTH, OUT_ALONG_COLUMNS = 16, 32, 64, 128, 256
"""Four neighbours in this direction can be read, or written, at once."""
