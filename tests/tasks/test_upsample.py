"""Transposed convolution put down window by window: against SciPy and NumPy's Fourier transform, and its pictures."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import convolve2d, correlate2d

from lab.errors import InvalidValue
from lab.graph.running import prepare
from lab.scenario.model import Scenario
from lab.tasks import task_of
from lab.tasks.upsampling.checkerboard import checkerboard, spectrum

WATCH = ["checkerboard", "fewest_windows", "most_windows", "transpose_error"]


def experiment(seed=3, steps=80, **options):
    scenario = Scenario.model_validate(
        {"title": "x", "task": "upsample", "options": options, "train": {"steps": steps}, "watch": WATCH}
    )
    made = task_of(scenario).build(scenario, seed, None)
    prepare(made.kernels())
    made.prepare()
    return made


def pictures(made):
    return {each.name: each for each in made.pictures()}


def by_scipy(image, kernel, stride):
    """The transposed convolution as a full convolution of the image with zeros between its pixels."""
    spread = np.zeros([stride * (extent - 1) + 1 for extent in image.shape])
    spread[::stride, ::stride] = image
    return convolve2d(spread, kernel, "full")


@pytest.mark.parametrize(("side", "stride"), [(2, 2), (3, 2), (4, 2), (5, 3), (2, 3)])
@pytest.mark.parametrize("image", ["flat", "ramp", "spot"])
def test_every_pixel_puts_down_its_window_and_overlaps_are_summed(side, stride, image):
    made = experiment(kernel_size=side, stride=stride, weights="random", image=image, maps=3)
    whole = {"flat": np.ones((8, 8)), "ramp": np.tile(np.linspace(0, 1, 8), (8, 1)), "spot": np.zeros((8, 8))}[image]
    whole[4, 4] = 1 if image == "spot" else whole[4, 4]
    for taken in (0, 13, 64):
        made.step = taken
        seen = np.where(np.arange(64).reshape(8, 8) < taken, whole, 0)
        shown = pictures(made)
        np.testing.assert_allclose(
            shown["larger_map"].values, by_scipy(seen, made.kernel[:, :, 0, 0], stride), atol=1e-5
        )
        met = by_scipy((np.arange(64).reshape(8, 8) < taken) * 1.0, np.ones((side, side)), stride)
        np.testing.assert_array_equal(shown["windows_met"].values, np.rint(met))
    assert made.measure()["transpose_error"] < 1e-6


def test_resizing_repeats_pixels_and_convolves():
    made = experiment(method="resize_conv", kernel_size=3, weights="random", image="ramp", maps=2)
    made.advance(64)
    repeated = np.tile(np.linspace(0, 1, 8), (8, 1)).repeat(2, 0).repeat(2, 1)
    expected = correlate2d(repeated, made.kernel[:, :, 0, 0], "same")
    np.testing.assert_allclose(pictures(made)["larger_map"].values, expected, atol=1e-5)
    assert "transpose_error" not in made.measure()


@pytest.mark.parametrize(
    ("options", "fewest", "most", "share"),
    [
        ({"kernel_size": 2}, 1, 1, 0),
        ({"kernel_size": 4}, 4, 4, 0),
        # 4, 2, 2 and 1 windows meet: of 25 / 4, the mean square, 81 / 16 is that of the mean.
        ({"kernel_size": 3}, 1, 4, 1 - 81 / 100),
        ({"kernel_size": 3, "weights": "bilinear"}, 1, 4, 0),
        ({"kernel_size": 4, "weights": "bilinear"}, 4, 4, 0),
        ({"kernel_size": 3, "stride": 3}, 1, 1, 0),
        ({"kernel_size": 1}, 0, 1, 0.75),
    ],
)
def test_overlaps_and_checkerboards_by_hand(options, fewest, most, share):
    made = experiment(**options)
    assert np.isnan(made.measure()["checkerboard"])
    made.advance(64)
    values = made.measure()
    assert values["fewest_windows"] == fewest
    assert values["most_windows"] == most
    assert values["checkerboard"] == pytest.approx(share, abs=1e-12)


@pytest.mark.parametrize("side", [2, 3, 4])
def test_random_weights_leave_a_checkerboard_whatever_their_number(side):
    """Of the four sums of weights that meet, which are independent, three differences from their mean are left: three
    quarters of the energy if all have as many weights."""
    made = experiment(kernel_size=side, weights="random", maps=64)
    made.advance(64)
    share = made.measure()["checkerboard"]
    assert 0.6 < share < 0.85
    larger, _ = made._look(64)
    sums = np.stack([made.kernel[i::2, j::2, :, 0].sum(axis=(0, 1)) for i in (0, 1) for j in (0, 1)])
    expected = (sums.var(axis=0) / (sums**2).mean(axis=0)).mean()
    assert share == pytest.approx(expected, rel=1e-4)
    assert len(larger) == 64


@pytest.mark.parametrize("stride", [2, 3])
def test_the_share_is_that_of_the_fourier_transform(stride):
    images = np.random.default_rng(1).standard_normal((5, 4 * stride, 6 * stride)) + 0.5
    power = np.abs(np.fft.fft2(images)) ** 2
    at = power[:, ::4, ::6]
    expected = (at.sum(axis=(1, 2)) - at[:, 0, 0]) / power.sum(axis=(1, 2))
    assert checkerboard(images, stride) == pytest.approx(expected.mean(), rel=1e-10)


@pytest.mark.parametrize("width", [6, 7])
def test_the_spectrum_of_waves(width):
    rows = np.arange(width)
    for period in range(1, width // 2 + 1):
        image = np.tile(np.cos(2 * np.pi * period * rows / width), (1, 3, 1))
        found = spectrum(image)
        assert list(found) == [each / width for each in range(width // 2 + 1)]
        assert found[period / width] == pytest.approx(1)
    assert sum(spectrum(np.random.default_rng(0).standard_normal((4, 5, width))).values()) == pytest.approx(1)
    assert set(spectrum(np.zeros((2, 3, width))).values()) == {0.0}


def test_bars_are_the_spectrum_of_the_middle():
    made = experiment(kernel_size=3)
    made.advance(64)
    bars = pictures(made)["spectrum"].values
    # Rows of 2, 1, 2, 1 and of 4, 2, 4, 2: the means have 9 / 10 of the energy.
    assert bars["mean"] == pytest.approx(90, abs=1e-3)
    assert bars["2"] == pytest.approx(10, abs=1e-3)
    assert list(bars)[:2] == ["mean", "2"]


def test_maps_are_shown_each_on_its_own_scale():
    made = experiment(kernel_size=3, weights="random", maps=8)
    made.advance(64)
    larger, _ = made._look(64)
    shown = pictures(made)["larger_maps"].images
    assert shown.shape == (6, 17, 17)
    for image, values in zip(shown, larger, strict=False):
        np.testing.assert_allclose(image, 0.5 + 0.5 * values / np.abs(values).max(), atol=1e-6)


def test_an_image_without_a_middle_is_refused():
    with pytest.raises(InvalidValue, match="4 is too small for windows of 8: there is no middle"):
        experiment(size=4, kernel_size=8)
