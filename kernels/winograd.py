"""Which convolutions are done by Winograd's minimal filtering, F(4×4, 3×3): on the CPU, in float32, with AVX-512.

Lavin and Gray, "Fast algorithms for convolutional neural networks", 2016. Of a 3×3 kernel g and the 6×6 pixels d that
4×4 outputs see,

    output = Aᵀ [Σ over channels in of (G g Gᵀ) ⊙ (Bᵀ d B)] A

where ⊙ multiplies the 36 positions with each other: 36 multiply-adds instead of 144 for each pair of channels. At each
position it is a product of matrices, tiles × channels in times channels in × channels out. The input's gradient is the
same with the weights turned round and transposed; the weights' is Gᵀ [Σ over tiles of (Bᵀ d B) ⊙ (A dy Aᵀ)] G.

What it costs beside the products, for each tile and 16 channels, on a Zen 4 at one fused multiply-add of a vector a
cycle: 160 cycles to transform what goes in, 100 for what comes out, 110 for its gradient; each is stored and loaded
once more, 36 numbers for 16 pixels, in the second-level cache. The products take 36 · C · D / 16 cycles, the direct
form 144 · C · D / 16 at its best. From 16 to 16 channels that is 840 against 2304, from 64 to 64 it is 10,300 against
36,900; measured, it was 2.2 and 3.5 times as fast as the direct form at its best. With 3 channels in, the vectors of
the transform would be nearly empty. Weights are transformed in each call, which costs as much as three tiles.

What is lost: a number is rounded about four times as much as in the direct form, since larger numbers cancel out. Of
random numbers, from 16 to 64 channels, the root of the mean square of the error is 1e-6 to 2e-6 of that of the result,
against 2e-7 to 5e-7; of the weights' gradient as much as before. Where all that an output sees is zero, its sum is so
exactly (`kernels.targets.winograd_zeros`), and so is a weight's gradient if what it saw and what came back were never
at one place (`kernels.targets.winograd_unseen`). Where a pixel is not finite, none of its tile is: what was infinite
may be NaN. From 1e36 on, numbers overflow that would have fitted.
"""

from __future__ import annotations

from kernels.plan import Row

CHANNELS = 16
"""Of which both numbers of channels are multiples: those of a vector."""
MOST_CHANNELS = 128
"""So that what a product needs stays in the second-level cache, and fits on the stack of any thread."""
MOST_WASTE = 2
"""Pixels of all tiles for each pixel of the image, at most: a tile may reach beyond it."""

PASSES = {
    "convolution": "forward",
    "convolution_batch_norm": "forward",
    "convolution_input_gradient": "the input's gradient",
    "convolution_weight_gradient": "the weights' gradient",
}
"""What kernels of this name do."""


def suits(
    P: int,
    Q: int,
    stride_y: int,
    stride_x: int,
    dilation_y: int,
    dilation_x: int,
    groups: int,
    inside: int,
    outside: int,
    high: int,
    wide: int,
) -> bool:
    """Decide by geometry alone, so that an image's result is the same in a batch of any size.

    P, Q: the kernel's extents;  inside, outside: channels;  high, wide: of what tiles cover, the result's or dy's
    """
    if P != 3 or Q != 3 or stride_y != 1 or stride_x != 1 or dilation_y != 1 or dilation_x != 1 or groups != 1:
        return False
    if inside % CHANNELS or outside % CHANNELS or inside > MOST_CHANNELS or outside > MOST_CHANNELS:
        return False
    return 16 * ((high + 3) // 4) * ((wide + 3) // 4) <= MOST_WASTE * high * wide


def done_by(row: Row) -> bool:
    """Whether a row of a plan is done so, where the processor has AVX-512 and numbers are float32."""
    if row.kernel.name not in PASSES:
        return False
    shapes = {operand.name: row.shape(place) for place, operand in enumerate(row.kernel.operands)}
    numbers = dict(zip(row.kernel.integers, row.integers, strict=True))
    taps, other = shapes.get("weight", shapes.get("d_weight", ())), shapes.get("y", shapes.get("dy", ()))
    inside, outside, covered = shapes.get("x", shapes.get("dx", ()))[3], other[3], other
    if "dx" in shapes:
        inside, outside, covered = outside, inside, shapes["dx"]
    return suits(
        taps[0], taps[1], numbers["stride_y"], numbers["stride_x"], numbers["dilation_y"], numbers["dilation_x"],
        numbers["groups"], inside, outside, covered[1], covered[2],
    )  # fmt: skip
