"""The network diagram: each weight is where it belongs, its sign is its colour, its size its width."""

import numpy as np
import pytest

from lab.pictures import Network, picture_from_json, picture_to_json
from lab.store.pictures import decode, encode
from lab.terminal.pictures import render
from lab.terminal.pictures.network import reach
from lab.terminal.pictures.one_scale import on_one_scale
from lab.terminal.style import Style

WIDTH, HEIGHT = 60, 15
ORANGE, BLUE = "#f09632", "#5faaff"


def network(weights, **others):
    table = np.array(weights, np.float32)
    layers = {"input": table.shape[0], "dense1": table.shape[1]}
    return Network("Network", layers, {"dense1": table}, {"dense1": -table}, **others)


def cells(picture, style=None):
    """(row, column) to the colour of each cell that has dots, without title, names and legend."""
    lines = render(picture, WIDTH, HEIGHT, style or Style())
    found = {}
    for row, line in enumerate(lines[1:-2]):
        for column, sign in enumerate(line.plain):
            if "\u2800" < sign <= "\u28ff":
                styles = [each.style for each in line.spans if each.start <= column < each.end]
                found[row, column] = str(styles[-1].color.name)
    return found


def dots(picture):
    lines = render(picture, WIDTH, HEIGHT, Style())[1:-2]
    return sum(
        bin(ord(sign) - 0x2800).count("1") for line in lines for sign in line.plain if "\u2800" < sign <= "\u28ff"
    )


def test_a_positive_weight_is_orange_a_negative_blue_and_none_is_not_there():
    for row, column, value, colour in (
        (0, 0, 2.0, ORANGE),
        (0, 1, -2.0, BLUE),
        (1, 0, -2.0, BLUE),
        (1, 1, 2.0, ORANGE),
    ):
        weights = np.zeros((2, 2))
        weights[row, column] = value
        found = cells(network(weights))
        assert set(found.values()) == {colour}
        rows = [at for at, _ in found]
        first = min(found, key=lambda place: place[1])[0]
        last = max(found, key=lambda place: place[1])[0]
        assert (first < HEIGHT / 2 - 2) == (row == 0)
        assert (last < HEIGHT / 2 - 2) == (column == 0)
        if row == column:  # straight across: nothing on the other half
            assert max(rows) - min(rows) <= 1


def test_a_larger_weight_is_wider_and_the_smallest_are_left_out():
    thin, middle, wide = (
        dots(network([[5.0, 0.0], [0.0, each]])) - dots(network([[5.0, 0.0], [0.0, 0.0]])) for each in (0.5, 2.0, 4.0)
    )
    assert 0 < thin < middle < wide
    assert dots(network([[5.0, 0.1], [0.1, -0.1]])) == dots(network([[5.0, 0.0], [0.0, 0.0]]))


def test_the_gradients_are_drawn_in_its_place_when_they_are_asked_for():
    assert set(cells(network([[1.0]])).values()) == {ORANGE}
    assert set(cells(network([[1.0]], shows="gradients")).values()) == {BLUE}


@pytest.mark.parametrize(("largest", "scale"), [(0.9, 1), (1.0, 1), (1.1, 2), (3.0, 5), (0.0021, 0.005), (0.0, 0)])
def test_the_scale_is_a_round_number_that_does_not_follow_every_step(largest, scale):
    assert reach(network([[largest]])) == pytest.approx(scale)


def test_what_is_not_finite_is_no_line_and_no_fault():
    assert cells(network([[np.nan, np.inf]])) == {}
    assert "none is finite" in render(network([[np.nan]]), WIDTH, HEIGHT)[-1].plain


def test_without_colours_a_negative_weight_is_dashed_and_in_ascii_a_minus():
    both = [dots_of(Style(0, True), sign) for sign in (1.0, -1.0)]
    assert both[0] > both[1] > 0
    text = "".join(line.plain for line in render(network([[1.0, 0.0], [0.0, -1.0]]), WIDTH, HEIGHT, Style(0, False)))
    assert "+++" in text
    assert "---" in text


def dots_of(style, value):
    return len(
        [sign for line in render(network([[value]]), WIDTH, HEIGHT, style)[1:-2] for sign in line.plain if sign != " "]
    )


@pytest.mark.parametrize("size", [(1, 1), (10, 4), (30, 6), (200, 60)])
def test_it_fits_any_place_and_says_of_how_many_units_some_are_shown(size):
    picture = network(np.ones((16, 16)), whole={"dense1": 64})
    lines = render(picture, *size)
    assert len(lines) == size[1]
    assert all(line.cell_len == size[0] for line in lines)
    if size[0] >= 30:
        assert any("16 of 64" in line.plain or "16/64" in line.plain for line in lines)


def test_it_is_kept_and_sent_like_every_picture():
    picture = network([[1.0, -2.0]], whole={"dense1": 5})
    for back in (picture_from_json(picture_to_json(picture)), decode(encode(picture))):
        assert back.layers == picture.layers
        assert back.whole == picture.whole
        assert np.array_equal(back.weights["dense1"], picture.weights["dense1"])


def test_networks_beside_each_other_have_one_scale():
    one, other = on_one_scale([network([[1.0]]), network([[0.01]])])
    assert dots(one) > 0
    assert dots(other) == 0
    assert "widest: 1 " in render(other, WIDTH, HEIGHT)[-1].plain
