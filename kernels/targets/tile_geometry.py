"""Which convolutions the tiles of `kernels.targets.window_code` can do, and in which way: geometry alone decides.

So an image's result is the same in a batch of any size; and it is known which code a row of a plan needs before any is
compiled. Compiled code has to decide some of it again: those functions are of whole numbers, and numba compiles them
as they stand.
"""

from __future__ import annotations

from collections.abc import Callable

import llvmlite.binding

from kernels import convolution_pooling, pooled_convolution
from kernels.plan import Row
from kernels.targets.vector_code import COLUMNS, HAS_AVX512, ITEM, LANES
from kernels.targets.window_code import AVAILABLE

BAND = 192 * 1024
"""Bytes of the padded band."""
PANEL = 160 * 1024
"""Bytes of weights that were turned round."""
PANEL_ROW = COLUMNS * ITEM
FEWEST_OUTPUTS = 4
"""Channels out of a group from which tiles are worth while: vectors would be nearly empty."""
FULL_VECTORS = HAS_AVX512 and llvmlite.binding.get_host_cpu_name() != "znver4"
"""Whether a whole vector costs less than two halves. A Zen 4 does two in the time of a whole one, so that nothing would
be gained by filling them."""
FEWEST_PIXELS = 64
"""Pixels of an image out for which it is worth while to write the weights anew."""
TILES, SCATTERED = "tiles", "scattered"


def pixels_together(I: int, J: int, D: int, Q: int, stride: int) -> int:  # noqa: E741
    """Choose how many pixels of a row of J are done side by side (`kernels.targets.side_by_side`): 1 if it would not
    save a quarter."""
    if not FULL_VECTORS or I * J < FEWEST_PIXELS:
        return 1
    for m in range(LANES // D, 1, -1):
        if J % m == 0 and 4 * (Q + (m - 1) * stride) <= 3 * m * Q:
            return m
    return 1


def with_room(m: int, P: int, Q: int, C: int, D: int, stride: int, dilation: int, groups: int) -> int:
    """Return m, the pixels that are to be done side by side, or 1 if there is no room for their weights."""
    size = P * (Q + (m - 1) * stride) * C * m * D * ITEM
    return m if groups == 1 and dilation == 1 and size <= PANEL else 1


def needs_no_band(
    pixel: int, size: int, top: int, left: int, high: int, stride: int, reach: int, height: int, span: int, width: int
) -> bool:  # fmt: skip
    """Tell whether windows are read from the image as it is: all its channels, and no border.

    pixel, size: bytes of an image's pixel, and of the channels taken of it;  high: rows of windows, `stride` apart
    reach, span: rows and columns that a window, and a row of windows, see of height × width
    """
    inside = top <= 0 and left <= 0
    return pixel == size and inside and (high - 1) * stride + reach - top <= height and span - left <= width


def rows_in_band(row: int, stride: int, reach: int) -> int:
    """How many rows of windows are done at once of a band whose rows have so many bytes; below 1 if it has no room."""
    return (BAND // row - reach) // stride + 1


def phase_of(first: int, extent: int, taps: int, stride: int, before: int, dilation: int) -> tuple[int, int, int, int]:
    """Of those pixels of an image's row, or column, that are a stride apart: the first tap that hands something back to
    them, how many taps do, how many pixels there are, and how far before the result's begin the first one's window
    lies.

    first: of those pixels;  extent: of the image;  before: its border
    """
    tap = (first + before) % stride
    count = (taps - tap + stride - 1) // stride
    pixels = (extent - first + stride - 1) // stride
    return tap, count, pixels, dilation * (count - 1) - (first + before - tap) // stride


def form_of(row: Row) -> str:
    """Return in which way a row is done in float32: in tiles, as products that are scattered, or, "", in neither."""
    decide = _DECISIONS.get(row.kernel.name)
    if decide is None:
        return ""
    return decide(**{name: int(size) for name, size in row.sizes.items()}, **_integers(row))


def _integers(row: Row) -> dict[str, int]:
    return dict(zip(row.kernel.integers, row.integers, strict=True))


def _slides(
    pixel: int, size: int, top: int, left: int, high: int, wide: int, stride_y: int, stride_x: int, dilation_y: int,
    dilation_x: int, down: int, across: int, height: int, width: int,
) -> bool:  # fmt: skip
    """Whether a kernel of down × across taps can slide over an image."""
    span = (wide - 1) * stride_x + dilation_x * (across - 1) + 1
    reach = dilation_y * (down - 1) + 1
    direct = needs_no_band(pixel, size, top, left, high, stride_y, reach, height, span, width)
    return direct or rows_in_band(span * size, stride_y, reach) >= 1


def _forwards(
    *, H: int, W: int, C: int, P: int, Q: int, G: int, D: int, I: int, J: int, stride_y: int, stride_x: int,  # noqa: E741
    top: int, left: int, dilation_y: int, dilation_x: int, groups: int, **others: int,
) -> str:  # fmt: skip
    if not AVAILABLE or (groups > 1 and D // groups < FEWEST_OUTPUTS):
        return ""
    m = with_room(pixels_together(I, J, D, Q, stride_x), P, Q, C, D, stride_x, dilation_x, groups)
    slides = _slides(
        C * ITEM, G * ITEM, top, left, I, J // m, stride_y, m * stride_x, dilation_y, dilation_x, P,
        Q + (m - 1) * stride_x, H, W,
    )  # fmt: skip
    return TILES if slides else ""


def _back(
    *, H: int, W: int, C: int, P: int, Q: int, G: int, D: int, I: int, J: int, stride_y: int, stride_x: int,  # noqa: E741
    top: int, left: int, dilation_y: int, dilation_x: int, groups: int, **others: int,
) -> str:  # fmt: skip
    scatters = stride_y > 1 or stride_x > 1 or C < LANES or (C < COLUMNS and 4 * H * W > 5 * I * J)
    one_way = dilation_y == 1 or stride_y == 1
    if FULL_VECTORS and groups == 1 and dilation_x == 1 and scatters and one_way:
        blocks = (Q * C + COLUMNS - 1) // COLUMNS
        if blocks * P * D * PANEL_ROW <= PANEL and J * blocks * PANEL_ROW <= BAND:
            return SCATTERED
    outputs = D // groups
    if not AVAILABLE or (groups > 1 and G < FEWEST_OUTPUTS) or P * Q * outputs * PANEL_ROW > PANEL:
        return ""
    if not one_way or (dilation_x != 1 and stride_x != 1):
        return ""
    for row in range(min(stride_y, H)):
        _, down, high, above = phase_of(row, H, P, stride_y, top, dilation_y)
        for column in range(min(stride_x, W)):
            _, across, wide, before = phase_of(column, W, Q, stride_x, left, dilation_x)
            if down > 0 and across > 0 and not _slides(
                D * ITEM, outputs * ITEM, above, before, high, wide, 1, 1, dilation_y, dilation_x, down, across, I, J
            ):  # fmt: skip
                return ""
    return TILES


def _to_weights(
    *, H: int, W: int, C: int, P: int, Q: int, G: int, D: int, I: int, J: int, stride_y: int, stride_x: int,  # noqa: E741
    top: int, left: int, dilation_y: int, dilation_x: int, groups: int, **others: int,
) -> str:  # fmt: skip
    if not AVAILABLE or (groups > 1 and D // groups < FEWEST_OUTPUTS):
        return ""
    slides = _slides(
        C * ITEM, G * ITEM, top, left, I, J, stride_y, stride_x, dilation_y, dilation_x, P, Q, H, W
    )  # fmt: skip
    return TILES if slides else ""


def _pooled(*, P: int, Q: int, G: int, D: int, J: int, **others: int) -> str:
    row = ((J + LANES - 1) // LANES * 2 * LANES + Q - 1) * G * ITEM
    some = convolution_pooling.FEWEST_OUTPUTS <= D <= convolution_pooling.MOST_OUTPUTS
    return TILES if AVAILABLE and some and (P + 1) * row <= BAND else ""


def _pooled_back(*, P: int, Q: int, J: int, **others: int) -> str:
    return TILES if HAS_AVX512 and (P, Q) in pooled_convolution.KERNELS and J <= GROUPS else ""


GROUPS = 256
"""Groups of pooled pixels that are prepared at once: two vectors of each stay in the nearest cache."""
_DECISIONS: dict[str, Callable[..., str]] = {
    "convolution": _forwards,
    "convolution_batch_norm": _forwards,
    "convolution_input_gradient": _back,
    "convolution_weight_gradient": _to_weights,
    "convolution_relu_max_pool": _pooled,
    "pooled_weight_gradient": _pooled_back,
}
