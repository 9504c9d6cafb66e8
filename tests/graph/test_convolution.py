"""Convolution and pooling of images: random geometries against SciPy, gradients, and what is refused."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import correlate

from lab.graph import evaluate
from lab.graph import functions as f
from lab.graph.functions.convolution import Borders
from lab.graph.functions.pooling import max_pool_and_places
from lab.graph.shapes import ShapeError
from lab.graph.tensor import constant

from .checking import check

RANDOM = np.random.default_rng(0)
CHECKED = {
    "average_pool", "bed_of_nails", "convolution", "fractional_max_pool", "global_average_pool", "global_max_pool",
    "group_norm", "local_response_norm", "max_pool", "max_unpool", "pad", "patches", "resize", "transposed_convolution",
}  # fmt: skip
"""The operations that are checked here."""


def by_scipy(x: np.ndarray, weight: np.ndarray, stride: Any, borders: Any, dilation: Any, groups: int) -> np.ndarray:
    """The convolution, from SciPy's correlation of single channels with kernels that were filled up with zeros."""
    top, left, bottom, right = borders
    x = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    height, width, inside, out = weight.shape
    full = np.zeros((dilation[0] * (height - 1) + 1, dilation[1] * (width - 1) + 1, inside, out))
    full[:: dilation[0], :: dilation[1]] = weight
    images = []
    for image, d in product(x, range(out)):
        first = d // (out // groups) * inside
        seen = image[:, :, first : first + inside]
        images.append(correlate(seen, full[..., d], "valid")[:: stride[0], :: stride[1], 0])
    return np.stack(images).reshape(len(x), out, *images[0].shape).transpose(0, 2, 3, 1)


pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def geometries(draw: st.DrawFn) -> dict[str, Any]:
    kernel, stride, dilation = draw(pairs), draw(pairs), draw(pairs)
    groups = draw(st.integers(1, 3))
    channels, out = groups * draw(st.integers(1, 6)), groups * draw(st.sampled_from([1, 3, 16, 21]))
    borders = draw(st.tuples(*[st.integers(0, 3)] * 4))
    extents = [
        max(1, dilation[axis] * (kernel[axis] - 1) + 1 - borders[axis] - borders[axis + 2]) + draw(st.integers(0, 15))
        for axis in (0, 1)
    ]
    return {
        "x": (draw(st.integers(1, 2)), *extents, channels),
        "weight": (*kernel, channels // groups, out),
        "options": {"stride": stride, "borders": Borders(*borders), "dilation": dilation, "groups": groups},
    }


@given(geometries())
@settings(max_examples=15, deadline=None)
def test_a_convolution_is_scipys_whatever_its_geometry(drawn: dict[str, Any]) -> None:
    check_geometry(drawn)


@pytest.mark.parametrize("kernel", [(3, 3, 1), (3, 3, 3), (5, 5, 1)], ids=str)
@pytest.mark.parametrize(
    ("out", "stride", "dilation"), [(6, (1, 1), (1, 1)), (16, (2, 1), (2, 1)), (20, (1, 2), (1, 2))]
)
def test_first_layers_have_tiles_of_their_own(kernel: Any, out: int, stride: Any, dilation: Any) -> None:
    options = {"stride": stride, "borders": Borders(2, 2, 2, 1), "dilation": dilation, "groups": 1}
    check_geometry({"x": (3, 9, 20, kernel[2]), "weight": (*kernel, out), "options": options})


@pytest.mark.parametrize(
    ("kernel", "out", "stride", "width"),
    [
        ((5, 5, 1), 6, (1, 1), 28),  # as LeNet-5 begins: two pixels
        ((3, 3, 1), 8, (2, 1), 14),
        ((3, 3, 2), 5, (1, 1), 9),  # three
        ((3, 3, 4), 1, (1, 1), 14),  # fourteen
        ((3, 5, 1), 3, (1, 2), 27),  # rows of 14: two, since five do not divide them
    ],
)
def test_few_channels_are_done_for_several_pixels_at_once(kernel: Any, out: int, stride: Any, width: int) -> None:
    """With the bits of one pixel alone, as it is done where more channels come out; images of 64 pixels or more."""
    borders = Borders(kernel[0] // 2, kernel[1] // 2, kernel[0] // 2, kernel[1] // 2)
    options: dict[str, Any] = {"stride": stride, "borders": borders, "dilation": (1, 1), "groups": 1}
    check_geometry({"x": (2, 21, width, kernel[2]), "weight": (*kernel, out), "options": options})
    x, weight = RANDOM.standard_normal((2, 21, width, kernel[2])), RANDOM.standard_normal((*kernel, 20))
    bias = RANDOM.standard_normal(20)
    many = evaluate(lambda *tensors: f.convolution(*tensors, **options), x, weight, bias, dtype="float32")
    few = evaluate(
        lambda *tensors: f.convolution(*tensors, **options), x, weight[..., :out], bias[:out], dtype="float32"
    )
    np.testing.assert_array_equal(few, many[..., :out])


@pytest.mark.parametrize("channels", [7, 8, 16, 19])
@pytest.mark.parametrize("kernel", [3, 4], ids=["as large", "larger"])
def test_gradients_of_narrow_images(channels: int, kernel: int) -> None:
    """Where what goes in is as large as what comes out, and where it is larger, there are two ways back."""
    borders = Borders(1, 1, 1, 1) if kernel == 3 else Borders(0, 0, 0, 0)
    options = {"stride": (1, 1), "borders": borders, "dilation": (1, 1), "groups": 1}
    check_geometry({"x": (2, 6, 7, channels), "weight": (kernel, kernel, channels, 5), "options": options})


def check_geometry(drawn: dict[str, Any], tolerance: float = 2e-5) -> None:
    """In both precisions; and its gradients are those of plain Python, whose arithmetic is not vectorised.

    tolerance: of float32, relative to the largest number
    """
    x, weight = RANDOM.standard_normal(drawn["x"]), RANDOM.standard_normal(drawn["weight"])
    bias, options = RANDOM.standard_normal(weight.shape[3]), drawn["options"]
    expected = by_scipy(x, weight, **options) + bias
    d_expected = RANDOM.standard_normal(expected.shape)
    gradients = {}
    for dtype, allowed in (("float64", 1e-11), ("float32", tolerance)):
        y, gradients[dtype] = evaluate(
            lambda *tensors: f.convolution(*tensors, **options), x, weight, bias, gradients=d_expected, dtype=dtype
        )
        scale = np.abs(expected).max()
        np.testing.assert_allclose(y, expected, rtol=allowed, atol=allowed * scale)
    for rough, exact in zip(gradients["float32"], gradients["float64"], strict=True):
        np.testing.assert_allclose(rough, exact, rtol=tolerance, atol=tolerance * np.abs(exact).max())
    # A convolution is linear in each of its operands, so the gradient is right if its product with the operand is.
    for gradient, value in zip(gradients["float64"][:2], (x, weight), strict=True):
        np.testing.assert_allclose((gradient * value).sum(), (d_expected * (expected - bias)).sum(), atol=1e-8)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("left", [0, 1])
@pytest.mark.parametrize(
    ("width", "taps", "channels"), [(14, 5, 6), (13, 5, 6), (9, 4, 8), (11, 3, 1), (7, 2, 16), (9, 3, 12)]
)
def test_what_windows_that_overlap_hand_back_is_added_up(
    width: int, taps: int, channels: int, left: int, stride: int
) -> None:
    """Of few channels in, whether all windows lie in the image or not; LeNet-5's second convolution is the first."""
    options = {"stride": (1, stride), "borders": Borders(0, left, 0, left), "dilation": (1, 1), "groups": 1}
    check_geometry({"x": (2, 8, width, channels), "weight": (3, taps, channels, 16), "options": options})


def test_gradients_of_a_convolution_are_finite_differences() -> None:
    x, weight = RANDOM.standard_normal((2, 4, 3, 4)), RANDOM.standard_normal((2, 2, 2, 6))
    options: dict[str, Any] = {"stride": (2, 1), "borders": Borders(1, 0, 0, 2), "dilation": (1, 2), "groups": 2}
    bias = RANDOM.standard_normal(6)
    expected = by_scipy(x, weight, **options) + bias
    check(f.convolution, x, weight, bias, equals=expected, **options)


def test_a_transposed_convolution_is_the_transpose_of_a_convolution() -> None:
    """<convolution(u), v> = <u, transposed_convolution(v)>, whatever u and v."""
    weight = RANDOM.standard_normal((3, 2, 2, 3))
    v = RANDOM.standard_normal((2, 3, 4, 3))
    options: dict[str, Any] = {"stride": (2, 1), "dilation": (1, 2)}
    found = evaluate(
        lambda x, w: f.transposed_convolution(x, w, padding=(1, 0), output_padding=(1, 0), **options),
        v, weight, dtype="float64",
    )  # fmt: skip
    assert found.shape == (2, 6, 6, 2)
    u = RANDOM.standard_normal(found.shape)
    forwards = by_scipy(u, weight, (2, 1), (1, 0, 1, 0), (1, 2), 1)
    np.testing.assert_allclose((forwards * v).sum(), (u * found).sum(), atol=1e-10)
    x, w = v[:1, :1, :2, :2], weight[:2, :, :1, :2]
    expected = np.zeros((1, 2, 4, 1))
    for j, q in product(range(2), range(2)):
        expected[0, :, j + 2 * q, 0] += w[:, q, 0] @ x[0, 0, j]
    check(f.transposed_convolution, x, w, equals=expected, **options)


def test_output_padding_of_a_transposed_convolution_may_be_as_large_as_stride_or_dilation_allow() -> None:
    x, weight = RANDOM.standard_normal((1, 3, 2, 2)), RANDOM.standard_normal((2, 2, 1, 2))
    options: dict[str, Any] = {"stride": (1, 3), "dilation": (3, 1), "padding": (1, 0), "output_padding": (2, 2)}
    whole = np.zeros((1, 3 + 3 + 2, 1 + 3 + 1 + 2, 1))
    for i, j, p, q in product(range(3), range(2), range(2), range(2)):
        whole[:, i + 3 * p, 3 * j + q] += x[:, i, j] @ weight[p, q].T
    check(f.transposed_convolution, x, weight, equals=whole[:, 1:-1], **options)
    with pytest.raises(ShapeError, match=r"output_padding 3 of the height .* it may be at most 2\."):
        evaluate(
            lambda x, w: f.transposed_convolution(x, w, **{**options, "output_padding": (3, 0)}),
            x, weight, dtype="float64",
        )  # fmt: skip


def pooled(x: np.ndarray, size: Any, stride: Any, padding: Any, how: Any, outside: float) -> np.ndarray:
    padded = np.pad(x, ((0, 0), *((each, each) for each in padding), (0, 0)), constant_values=outside)
    windows = np.lib.stride_tricks.sliding_window_view(padded, size, (1, 2))[:, :: stride[0], :: stride[1]]
    return how(windows, (-2, -1))


@pytest.mark.parametrize(
    ("function", "how", "outside"), [(f.max_pool, np.max, -np.inf), (f.average_pool, np.mean, 0.0)]
)
def test_pooling(function: Any, how: Any, outside: float) -> None:
    x = RANDOM.standard_normal((2, 5, 4, 3))
    for size, stride, padding in (((2, 2), (2, 2), (0, 0)), ((3, 2), (2, 1), (1, 0))):
        expected = pooled(x, size, stride, padding, how, outside)
        check(function, x, equals=expected, size=size, stride=stride, padding=padding)


@pytest.mark.parametrize("function", [f.max_pool, f.average_pool])
@pytest.mark.parametrize("channels", [1, 6, 16, 21])
@pytest.mark.parametrize(("size", "stride"), [((2, 2), (2, 2)), ((3, 3), (3, 3)), ((2, 3), (2, 1)), ((7, 5), (7, 5))])
def test_pooling_in_vectors(function: Any, channels: int, size: Any, stride: Any) -> None:
    """Windows that lie side by side, with pixels left over, or over one another: float32 as float64, whose loops are
    plain."""
    x = RANDOM.standard_normal((2, 7, 5, channels))
    rough, (d_rough,) = evaluate(function, x, gradients=True, dtype="float32", size=size, stride=stride)
    exact, (d_exact,) = evaluate(function, x, gradients=True, dtype="float64", size=size, stride=stride)
    np.testing.assert_allclose(rough, exact, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(d_rough, d_exact, rtol=1e-5, atol=1e-6)


def test_global_pooling_leaves_a_number_per_channel() -> None:
    x = RANDOM.standard_normal((2, 3, 2, 3))
    check(f.global_average_pool, x, equals=x.mean((1, 2)))
    check(f.global_max_pool, x, equals=x.max((1, 2)))


def test_what_does_not_fit_is_refused_with_what_would() -> None:
    x, weight = np.zeros((1, 4, 5, 6)), np.zeros((5, 3, 6, 8))
    with pytest.raises(ShapeError, match=r"height 5 does not fit into images of height 4.*at most 4"):
        evaluate(f.convolution, x, weight)
    with pytest.raises(ShapeError, match=r"7 pixels with dilation 3.*width 5.*at most 2"):
        evaluate(f.convolution, x, np.zeros((1, 3, 6, 8)), dilation=(1, 3))
    with pytest.raises(ShapeError, match=r"6 channels in cannot be divided into 4 groups; groups may be 1, 2, 3, 6"):
        evaluate(f.convolution, x, np.zeros((1, 1, 1, 8)), groups=4)
    with pytest.raises(ShapeError, match=r"6 channels in cannot be divided into 4 groups; groups may be 1, 2, 3, 6"):
        evaluate(f.transposed_convolution, x, np.zeros((1, 1, 2, 6)), groups=4)
    with pytest.raises(ShapeError, match=r"window of width 6 .* width 5.*at most 5"):
        evaluate(f.max_pool, x, size=(2, 6))
    with pytest.raises(ShapeError, match="more than half of a window"):
        evaluate(f.average_pool, x, size=(2, 2), padding=(2, 2))


def test_images_get_borders_and_other_sizes() -> None:
    x = RANDOM.standard_normal((2, 2, 3, 2))
    borders = Borders(1, 0, 2, 1)
    check(f.pad, x, equals=np.pad(x, ((0, 0), (1, 2), (0, 1), (0, 0))), borders=borders)
    doubled = x.repeat(2, axis=1).repeat(2, axis=2)
    check(f.resize, x, equals=doubled, height=4, width=6)
    # The centres of the new pixels lie a quarter of an old one beside the old ones' centres.
    quarters = np.array([[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]])
    check(f.resize, x, equals=np.einsum("ih,bhwc->biwc", quarters, x), height=4, width=3, mode="bilinear")


def test_groups_of_channels_are_normalised_and_neighbours_damp_each_other() -> None:
    x, gamma, beta = RANDOM.standard_normal((2, 2, 3, 4)), RANDOM.standard_normal(4), RANDOM.standard_normal(4)
    grouped = x.reshape(2, 6, 2, 2)
    normal = (grouped - grouped.mean((1, 3), keepdims=True)) / np.sqrt(grouped.var((1, 3), keepdims=True) + 0.1)
    check(
        lambda x, gamma, beta: f.group_norm(x, gamma, beta, constant(0.1), 2),
        x, gamma, beta, equals=gamma * normal.reshape(x.shape) + beta,
    )  # fmt: skip
    squares = np.pad(x**2, ((0, 0), (0, 0), (0, 0), (1, 1)))
    sums = squares[..., :-2] + squares[..., 1:-1] + squares[..., 2:]
    for beta in (0.6, 0.75):  # the latter, as published, has a way of its own
        expected = x / (2 + 0.5 * sums / 3) ** beta
        check(f.local_response_norm, x, equals=expected, size=3, alpha=0.5, beta=beta, k=2.0)


@pytest.mark.parametrize("order", ["random", "pseudorandom", "even"])
@pytest.mark.parametrize("overlapping", [False, True])
def test_fractional_windows_cover_the_image(order: Any, overlapping: bool) -> None:
    """Where every number is its own place, what comes out says how far each window reaches."""
    numbers = np.arange(10.0)
    x = np.broadcast_to(numbers[:, None, None], (1, 10, 3, 1))
    y, (gradient,) = evaluate(f.fractional_max_pool, x, gradients=True, factor=1.4, order=order, stream=1,
                              overlapping=overlapping)  # fmt: skip
    ends = y[0, :, 0, 0]
    assert y.shape == (1, 7, 2, 1)
    assert ends[-1] == 9
    lengths = np.diff(np.append(-1, ends))
    assert set(lengths[1:-1]) == {1, 2}, "windows have two sizes"
    assert lengths[0] in ((2, 3) if overlapping else (1, 2)), "and one number of the next one, if they overlap"
    assert gradient.sum() == y.size, "each output comes from one number"


@pytest.mark.parametrize("order", ["random", "pseudorandom"])
def test_even_windows_are_where_random_ones_are_in_the_mean(order: Any) -> None:
    """Evaluated with windows half a pixel to one side of those it was trained with, a network would be worse."""
    x = np.broadcast_to(np.arange(25.0)[:, None, None], (1, 25, 25, 1))

    def ends(kind: Any, stream: int) -> np.ndarray:
        return evaluate(f.fractional_max_pool, x, factor=1.4, order=kind, stream=stream, overlapping=False)[0, :, 0, 0]

    drawn = np.mean([ends(order, stream) for stream in range(200)], axis=0)
    assert abs((ends("even", 0) - drawn).mean()) < 0.1


# Unpooling


@pytest.mark.parametrize(("size", "shape"), [((2, 2), (2, 4, 6, 3)), ((3, 2), (1, 8, 5, 1)), ((2, 2), (1, 3, 3, 2))])
def test_max_unpooling_puts_numbers_where_the_largest_stood(size: tuple[int, int], shape: tuple[int, ...]) -> None:
    x = RANDOM.standard_normal(shape)

    def there_and_back(x: Any) -> Any:
        pooled, places = max_pool_and_places(x, size)
        return f.max_unpool(pooled * constant(3.0), places)

    expected = np.zeros(shape)
    for b, i, j, c in product(range(shape[0]), range(shape[1] // size[0]), range(shape[2] // size[1]), range(shape[3])):
        window = x[b, i * size[0] : (i + 1) * size[0], j * size[1] : (j + 1) * size[1], c]
        h, w = np.unravel_index(window.argmax(), window.shape)
        expected[b, i * size[0] + h, j * size[1] + w, c] = 3 * window.max()
    check(there_and_back, x, equals=expected)


def test_max_unpooling_refuses_what_is_not_shaped_like_the_pooled() -> None:
    def narrower(x: Any) -> Any:
        _, places = max_pool_and_places(x, (2, 2))
        return f.max_unpool(x[:, :2, :2, :1], places)

    with pytest.raises(ShapeError, match=r"is undone gave 2×2×3, but what comes in is 2×2×1: .* must be the same"):
        evaluate(narrower, np.zeros((1, 4, 4, 3)))


def test_a_bed_of_nails_has_the_numbers_at_the_upper_left_of_their_windows() -> None:
    x = RANDOM.standard_normal((2, 3, 2, 4))
    expected = np.zeros((2, 6, 6, 4))
    expected[:, ::2, ::3] = x
    check(f.bed_of_nails, x, equals=expected, size=(2, 3))


@pytest.mark.parametrize("size", [(3, 3), (2, 4), (5, 1)])
def test_patches_are_the_neighbourhoods_of_all_pixels(size: tuple[int, int]) -> None:
    x = RANDOM.standard_normal((2, 4, 3, 2))
    above, before = (size[0] - 1) // 2, (size[1] - 1) // 2
    padded = np.pad(x, ((0, 0), (above, size[0] - 1 - above), (before, size[1] - 1 - before), (0, 0)))
    expected = [padded[b, h : h + size[0], w : w + size[1]] for b in range(2) for h in range(4) for w in range(3)]
    check(f.patches, x, equals=np.array(expected), size=size)
