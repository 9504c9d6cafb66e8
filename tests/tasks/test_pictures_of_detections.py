"""What is shown of detections is so: the ranked list, the staircase, what became of objects, and suppression."""

from __future__ import annotations

import re

import numpy as np
import pytest

from lab.metrics.detection import Detections, Truths, average_precision, match, precision_and_recall
from lab.metrics.detection.fates import FATES, fates, loose
from lab.metrics.detection.said import Said, select
from lab.tasks.figures.ranked_detections import table
from tests.tasks.test_detect import SSD, answers, experiment

PICTURES = ["lost_objects", "precision_recall", "ranked_detections", "suppressed_boxes"]


@pytest.fixture(scope="module")
def net():
    made = experiment(SSD, pictures=PICTURES, score_threshold=0.02)
    made.advance(150)
    return made


@pytest.fixture(scope="module")
def shown(net):
    return {(each.name, each.kind): each for each in net.pictures()}


def of_held_back(net, most=None):
    held = net.split.validation
    part = held if most is None else held.rows(np.arange(most))
    judged = net.inspection.detection.judged(part)
    outputs = answers(net, held)[: part.count]
    return part, judged, judged.read(outputs), judged.select(outputs)


def test_each_object_has_the_fate_that_comes_first():
    boxes = np.array(
        [
            [[0, 0, 10, 10], [0, 1, 10, 11], [40, 40, 50, 50], [60, 60, 70, 70], [80, 84, 90, 94], [20, 20, 30, 30]],
        ],
        np.float64,
    )[:, :, None]  # fmt: skip
    scores = np.array([[[0.9, 0.0], [0.8, 0.0], [0.0, 0.7], [0.01, 0.0], [0.6, 0.0], [0.5, 0.0]]])
    truths = Truths.of(
        [
            (0, 0, [0, 0, 10, 10]),  # found by the first box
            (0, 0, [0, 3, 10, 13]),  # the second box fits, but gave way to the first
            (0, 0, [41, 41, 51, 51]),  # a box of class 1 lies on it
            (0, 0, [60, 60, 70, 70]),  # its box has too low a score
            (0, 0, [80, 80, 90, 90]),  # its box is 4 pixels too low: IoU 6/14
            (0, 1, [20, 20, 30, 30]),  # a box of class 0 lies on it
            (0, 0, [100, 100, 110, 110]),  # nothing is there
        ]
    )
    said = Said(boxes, scores)
    found = fates(said, select(said.candidates(0.05), 0.5), truths)
    assert [FATES[each] for each in found] == [
        "found", "suppressed", "other class", "low score", "loose box", "other class", "no box near",
    ]  # fmt: skip


def test_loose_boxes_are_those_that_lie_on_an_object_that_nothing_finds():
    truths = Truths.of([(0, 0, [0, 0, 10, 10]), (0, 0, [20, 0, 30, 10]), (1, 0, [0, 0, 10, 10]), (1, 1, [0, 0, 9, 9])])
    detections = Detections.of(
        [
            (0, 0, 0.9, [0, 0, 10, 10]),  # finds the first
            (0, 0, 0.8, [0, 6, 10, 16]),  # loose on the first, which is found
            (0, 0, 0.7, [20, 6, 30, 16]),  # loose on the second
            (1, 0, 0.6, [0, 9, 10, 19]),  # IoU 1/19: not on it
            (1, 0, 0.5, [50, 0, 60, 10]),
        ]
    )
    assert loose(detections, truths).tolist() == [False, True, False, False]


def test_shares_of_fates_are_of_all_objects(net, shown):
    bars = shown["lost_objects", "bars"]
    part, judged, said, selection = of_held_back(net)
    found = fates(said, selection, judged.truths)
    assert list(bars.values) == list(FATES)
    assert sum(bars.values.values()) == pytest.approx(100)
    for place, name in enumerate(FATES):
        assert bars.values[name] == pytest.approx(100 * (found == place).mean())
    assert bars.title == f"What became of the {judged.truths.count} objects in {part.count} images"
    assert bars.values["found"] == pytest.approx(100 * net.measure()["val_objects_found"], abs=1e-3)


def test_the_ranked_list_of_a_case_done_by_hand():
    truths = Truths.of([(0, 0, [0, 0, 10, 10]), (1, 0, [0, 0, 10, 10])])
    detections = Detections.of(
        [
            (0, 0, 0.9, [0, 0, 10, 10]),
            (0, 0, 0.8, [0, 1, 10, 11]),
            (1, 0, 0.7, [0, 6, 10, 16]),
            (1, 0, 0.6, [0, 2, 10, 12]),
            (1, 0, 0.5, [30, 30, 40, 40]),
        ]
    )
    made = table("circle", detections, truths)
    assert made.columns == ("rank", "score", "image", "verdict", "object", "IoU", "precision", "recall")
    assert made.rows == (
        ("1", "0.90", "1", "found", "1", "1.00", "1.00", "0.50"),
        ("2", "0.80", "1", "duplicate", "1", "0.82", "0.50", "0.50"),
        ("3", "0.70", "2", "loose", "2", "0.25", "0.33", "0.50"),
        ("4", "0.60", "2", "found", "2", "0.67", "0.50", "1.00"),
        ("5", "0.50", "2", "nothing there", "", "", "0.40", "1.00"),
    )
    # The area: precision 1 up to recall 0.5, then 0.5. 11 points: six of 1, five of 0.5; 101: 51 of 1, 50 of 0.5.
    assert made.title == "circle, 2 there: AP 0.75 (11 points 0.77, 101 points 0.75)"


def test_the_ranked_list_is_that_of_the_images_shown(net, shown):
    made = shown["ranked_detections", "table"]
    part, judged, _, selection = of_held_back(net, 6)
    number = int(np.bincount(judged.truths.classes).argmax())
    detections = selection.detections.of_class(number)
    assert made.title.startswith(f"{part.classes[number]}, {judged.truths.of_class(number).count} there: AP ")
    assert len(made.rows) == min(24, detections.count)
    scores = sorted(detections.scores, reverse=True)[: len(made.rows)]
    assert [row[1] for row in made.rows] == [f"{each:.2f}" for each in scores]


def test_the_staircase_is_the_best_precision_from_a_recall_on(net, shown):
    curves = shown["precision_recall", "curves"]
    part, judged, _, selection = of_held_back(net)
    for number, name in enumerate(part.classes):
        own = judged.truths.of_class(number)
        matches = match(selection.detections.of_class(number), own, 0.5)
        precision, recall = precision_and_recall(matches.correct, own.count)
        area = average_precision(precision, recall, "area")
        line = curves.lines[f"{name}, AP {area:.2f}"]
        for x, y in zip(curves.x, line, strict=True):
            # x is rounded to float32.
            assert y == pytest.approx(max(precision[recall >= x - 1e-6], default=0.0), abs=1e-6)
    values = dict(re.findall(r"(mAP|11 points|101 points) ([\d.]+)", curves.title))
    assert float(values["mAP"]) == pytest.approx(net.measure()["val_mean_average_precision"], abs=6e-4)
    assert len(values) == 3


def test_suppression_is_shown_box_by_box(net, shown):
    images, made = shown["suppressed_boxes", "images"], shown["suppressed_boxes", "table"]
    _, _, _, selection = of_held_back(net, 1)
    candidates = selection.candidates
    assert images.captions == (f"{candidates.count} boxes", f"{len(selection.kept)} kept")
    before, after = (images.boxes[images.boxes[:, 0] == image] for image in (0, 1))
    assert len(before) == candidates.count
    assert set(after[:, 1]) == {0}
    np.testing.assert_allclose(
        np.sort(after[:, 2:], axis=0), np.sort(selection.detections.boxes, axis=0), rtol=1e-5, atol=1e-4
    )
    kept = set(selection.kept.tolist())
    order = candidates.ranked().tolist()
    for rank, (row, number) in enumerate(zip(made.rows, order, strict=False)):
        assert row[0] == f"{rank + 1}"
        assert (row[3] == "kept") == (number in kept)
        if number not in kept:
            by = int(row[3].removeprefix("gives way to ")) - 1
            assert by < rank
            assert order[by] == selection.by[number]
            assert candidates.classes[order[by]] == candidates.classes[number]
            assert float(row[4]) >= 0.45
    assert any(row[3] != "kept" for row in made.rows)


def test_pictures_of_the_images_that_are_trained_on():
    made = experiment(SSD, pictures=["detected_objects"], shown="trained_on")
    (picture,) = made.pictures()
    assert picture.title == "Images trained on: truth and detections"
    truths = made.inspection.detection.judged(made.split.train.rows(np.arange(6))).truths
    np.testing.assert_allclose(picture.boxes[picture.boxes[:, 1] == 0, 2:], truths.boxes)
