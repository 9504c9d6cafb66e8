"""Pooling and unpooling of grids: the numbers by hand, the picture, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import InvalidValue
from lab.graph.running import prepare
from lab.scenario.model import Scenario
from lab.tasks import task_of

WATCH = ["same_number", "same_place", "foreign_pixels", "displacement"]


def experiment(method="max_unpool", steps=40, seed=3, **options):
    scenario = Scenario.model_validate(
        {
            "title": "Grids",
            "task": "unpool",
            "options": {"method": method, **options},
            "train": {"steps": steps},
            "watch": WATCH,
        }
    )
    made = task_of(scenario).build(scenario, seed, None)
    prepare(made.kernels())
    made.prepare()
    return made


def windows(image, side):
    """Each window with its row and column, in the order in which they are shown."""
    across = len(image) // side
    for i in range(across):
        for j in range(across):
            yield i, j, image[i * side : (i + 1) * side, j * side : (j + 1) * side]


def by_hand(image, method, side):
    """What comes back of a grid, written out window by window."""
    back = np.zeros(image.shape)
    for i, j, window in windows(image, side):
        there = back[i * side : (i + 1) * side, j * side : (j + 1) * side]
        if method == "nearest":
            there[...] = window.max()
        elif method == "bed_of_nails":
            there[0, 0] = window.max()
        else:
            there[np.unravel_index(window.argmax(), window.shape)] = window.max()
    return back


@pytest.mark.parametrize("method", ["nearest", "bed_of_nails", "max_unpool"])
@pytest.mark.parametrize("side", [2, 3])
def test_what_comes_back_and_what_is_measured_of_it(method, side):
    made = experiment(method, kernel_size=side, size=2 * side, steps=10)
    assert all(np.isnan(value) for value in made.measure().values())
    assert len(made.images) == 3
    places, foreign, apart = [], [], []
    for number, image in enumerate(made.images[..., 0]):
        assert all(len(np.unique(window)) == side * side for _, _, window in windows(image, side))
        back = by_hand(image, method, side)
        np.testing.assert_array_equal(made.found["back"][number, :, :, 0], back)
        for (_, _, window), (_, _, after) in zip(windows(image, side), windows(back, side), strict=True):
            place = np.array(np.unravel_index(window.argmax(), window.shape))
            places.append(after.argmax() == window.argmax())
            foreign.append(np.mean((after != 0) & (after != window)))
            apart.append(np.linalg.norm(np.argwhere(after != 0).mean(axis=0) - place))
    made.advance(7)
    values = made.measure()
    assert values["same_number"] == 1
    assert values["same_place"] == pytest.approx(np.mean(places[:7]))
    assert values["foreign_pixels"] == pytest.approx(np.mean(foreign[:7]))
    assert values["displacement"] == pytest.approx(np.mean(apart[:7]))
    if method == "max_unpool":
        assert values["same_place"] == 1
        assert values["displacement"] == values["foreign_pixels"] == 0


def test_the_picture_shows_the_windows_so_far():
    made = experiment("max_unpool")
    made.advance(6)  # the second window of the second grid
    (cells,) = made.pictures()
    image = made.images[1, :, :, 0]
    assert cells.note == "grid 2"
    np.testing.assert_array_equal(cells.values[:, :4], image)
    np.testing.assert_array_equal(cells.values[1:3, 5:7], [[image[:2, :2].max(), image[:2, 2:].max()], [np.nan] * 2])
    back = by_hand(image, "max_unpool", 2)
    back[2:] = np.nan
    np.testing.assert_array_equal(cells.values[:, 8:], back)
    points = np.array(cells.marks)[:, :4] == "•"
    assert points.sum() == 2
    assert all(points[:2, j : j + 2].ravel()[image[:2, j : j + 2].argmax()] for j in (0, 2))
    assert np.isnan(cells.values[:, [4, 7]]).all()


def test_it_goes_on_from_a_state_as_if_it_had_not_stopped():
    made, other = experiment("bed_of_nails"), experiment("bed_of_nails")
    made.advance(9)
    other.restore(made.state())
    for each in (made, other):
        each.advance(5)
    assert made.measure() == other.measure()
    with pytest.raises(ValueError, match="another experiment"):
        other.restore({"arena": np.zeros(3)})


def test_other_seeds_have_other_grids():
    one, other = experiment(seed=1), experiment(seed=2)
    assert not np.array_equal(one.images, other.images)


def test_windows_that_do_not_divide_a_grid_are_refused():
    with pytest.raises(InvalidValue, match=r"5 is no multiple of kernel_size 2: there is no whole window"):
        experiment(size=5)


def test_a_network_is_refused():
    scenario = Scenario.model_validate(
        {"title": "x", "task": "unpool", "options": {"method": "nearest"}, "model": ["relu"], "watch": WATCH}
    )
    with pytest.raises(InvalidValue, match="is not used by this task"):
        task_of(scenario).build(scenario, 0, None)
