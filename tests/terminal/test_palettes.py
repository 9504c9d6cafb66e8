"""Colours can be read: contrast as WCAG 2.1 defines it, over all palettes, families and themes."""

from __future__ import annotations

import itertools

import pytest
from rich.color import Color

from lab.terminal.palettes import PALETTES, PRINTED, bad, good, series_colour, sign
from lab.tui.themes import CYCLE, THEMES, palette_of

FAMILIES = ("variants", "layers", "series")
TEXT, LINES = 4.5, 3.0
DIM = 0.66  # how much of a colour Textual leaves where it is dim


def luminance(rgb):
    def linear(value):
        share = value / 255
        return share / 12.92 if share <= 0.03928 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(each) for each in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def rgb(text):
    return tuple(Color.parse(text).get_truecolor())


def surfaces(theme):
    return [rgb(each) for each in (theme.background, theme.surface, theme.panel)]


@pytest.mark.parametrize("name", CYCLE)
@pytest.mark.parametrize("family", FAMILIES)
def test_curves_and_their_letters_can_be_read_in_every_theme(name, family):
    for index, behind in itertools.product(range(10), surfaces(THEMES[name])):
        colour = series_colour(index, palette_of(name), family).rgb
        assert contrast(colour, behind) >= TEXT, (index, colour, behind)


@pytest.mark.parametrize("name", CYCLE)
def test_words_can_be_read_in_every_theme_bright_or_dim(name):
    theme = THEMES[name]
    for behind in surfaces(theme):
        for part in ("primary", "secondary", "accent", "warning", "error", "success", "foreground"):
            assert contrast(rgb(getattr(theme, part)), behind) >= TEXT, (part, behind)
        faint = [DIM * front + (1 - DIM) * back for front, back in zip(rgb(theme.foreground), behind, strict=True)]
        assert contrast(faint, behind) >= TEXT
        for meaning in (good, bad):
            assert contrast(meaning(palette_of(name)).rgb, behind) >= TEXT


@pytest.mark.parametrize("palette", PRINTED)
@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_printed_can_be_seen_on_black_and_on_white(palette, family):
    for index, behind in itertools.product(range(10), ((0, 0, 0), (255, 255, 255))):
        assert contrast(series_colour(index, palette, family).rgb, behind) >= LINES, index
        assert contrast(good(palette).rgb, behind) >= LINES
        assert contrast(bad(palette).rgb, behind) >= LINES


def test_nothing_else_has_a_colour_or_a_sign_of_a_variant():
    for palette in PALETTES:
        of = {family: {series_colour(index, palette, family) for index in range(10)} for family in FAMILIES}
        assert {family: len(each) for family, each in of.items()} == {"variants": 8, "layers": 10, "series": 10}
        assert not of["variants"] & (of["layers"] | of["series"])
        names = {family: {each.name for each in colours} for family, colours in of.items()}
        assert not names["variants"] & (names["layers"] | names["series"])
    for unicode in (True, False):
        assert len({sign(index, "series", unicode) for index in range(10)}) == 10  # as many as there are digits
        signs = [{sign(index, family, unicode) for index in range(26)} for family in FAMILIES]
        assert all(not one & other for one, other in itertools.combinations(signs, 2))
        assert unicode or all(each.isascii() for each in set.union(*signs))
