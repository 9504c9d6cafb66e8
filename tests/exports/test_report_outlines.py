"""Boxes and lines on top of images in a report: where they stand, and that they differ in more than their colours."""

from __future__ import annotations

import numpy as np

from lab.exports.report.pictures import render
from lab.pictures import Images

SHOWN = Images(
    "Boxes",
    np.zeros((2, 28, 28), np.float32),
    outlines=("truth", "answer"),
    boxes=np.array([[0, 0, 2, 3, 10, 12], [1, 1, 0, 0, 28, 28]], np.float32),
    lines=np.array([[0, 1, 5, 5, 5, 5], [0, 1, 1, 2, 3, 4]], np.float32),
)


def test_they_stand_on_the_image_they_belong_to():
    first, second = render(SHOWN).split("</figure>")[:2]
    # An image of 28 pixels is drawn four times as large.
    assert '<rect x="8.0" y="12.0" width="32.0" height="36.0"' in first
    assert '<circle cx="20.0" cy="20.0"' in first
    assert '<line x1="4.0" y1="8.0" x2="12.0" y2="16.0"' in first
    assert first.count("<rect") == second.count("<rect") == 1
    assert '<rect x="0.0" y="0.0" width="112.0" height="112.0"' in second


def test_they_are_told_apart_without_colours():
    drawn = render(SHOWN)
    first, second = drawn.split("</figure>")[:2]
    assert 'stroke-dasharray=""' in first
    assert 'stroke-dasharray="4 2"' in second
    assert "truth white, answer yellow, dashed" in drawn


def test_images_without_them_stay_images():
    assert "<svg" not in render(Images("Plain", np.zeros((1, 8, 8), np.float32)))
