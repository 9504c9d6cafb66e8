"""Matching and average precision: published examples, definitions written out, and COCO's own tools."""

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.metrics.detection import (
    CONVENTIONS,
    Detections,
    Truths,
    average_precision,
    intersection_over_union,
    match,
    mean_average_precision,
    precision_and_recall,
)


def of(correct, objects, convention):
    return average_precision(*precision_and_recall(correct, objects), convention)


def test_published_example():
    """The 24 detections of 15 objects in the README of rafaelpadilla/Object-Detection-Metrics: 26.84 %, and 24.56 %,
    of summands that were cut off behind the fourth decimal."""
    right = [0, 2, 9, 11, 12, 13, 22]
    correct = np.isin(np.arange(24), right)
    assert of(correct, 15, "voc11") == pytest.approx(0.2684, abs=5e-5)
    assert of(correct, 15, "area") == pytest.approx((1 + 2 / 3 + 4 * 3 / 7 + 7 / 23) / 15)


def test_by_hand():
    """Found, wrong, found, of four objects: the staircase is 1 up to 1/4, then 2/3 up to 1/2, then 0."""
    assert of([True, False, True], 4, "area") == pytest.approx(1 / 4 + 2 / 3 / 4)
    assert of([True, False, True], 4, "voc11") == pytest.approx((3 + 3 * 2 / 3) / 11)  # 0, .1, .2; .3, .4, .5
    assert of([True, False, True], 4, "coco101") == pytest.approx((26 + 25 * 2 / 3) / 101)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_ends_of_the_scale(convention):
    assert of([True] * 5, 5, convention) == 1
    assert of([False] * 5, 5, convention) == 0
    assert of([], 5, convention) == 0
    assert np.isnan(of([False], 0, convention))


def test_there_is_no_other_convention():
    with pytest.raises(ValueError, match="voc11, area, coco101"):
        average_precision([1.0], [1.0], "voc2012")


@given(st.lists(st.booleans(), max_size=30), st.integers(0, 10))
def test_conventions_are_their_definitions(correct, missed):
    objects = sum(correct) + missed
    if not objects:
        return
    precision, recall = precision_and_recall(correct, objects)
    for rank in range(len(correct)):
        assert precision[rank] == sum(correct[: rank + 1]) / (rank + 1)
        assert recall[rank] == sum(correct[: rank + 1]) / objects

    def best_from(point):
        return max((p for p, r in zip(precision, recall, strict=True) if r >= point), default=0.0)

    for convention, points in (("voc11", np.arange(0, 1.1, 0.1)), ("coco101", np.linspace(0, 1, 101))):
        assert of(correct, objects, convention) == pytest.approx(np.mean([best_from(point) for point in points]))
    steps = [k / objects for k in range(1, sum(correct) + 1)]
    assert of(correct, objects, "area") == pytest.approx(sum(best_from(step) for step in steps) / objects)


BOX = [10, 10, 20, 20]


def test_a_second_detection_of_an_object_is_a_duplicate():
    detections = Detections.of([(0, 0, 0.8, [10, 10, 20, 19]), (0, 0, 0.9, [11, 10, 20, 20])])
    found = match(detections, Truths.of([(0, 0, BOX)]), 0.5, "voc")
    assert found.order.tolist() == [1, 0]
    assert found.taken.tolist() == [0, -1]
    assert found.verdicts() == ["found", "duplicate"]
    np.testing.assert_allclose(found.overlap, [0.9, 0.9])


def test_voc_looks_at_the_best_object_only_coco_at_the_next_free_one():
    """Two objects lie on each other, and the second detection is a little nearer to the one that is taken."""
    truths = Truths.of([(0, 0, [0, 0, 10, 10]), (0, 0, [2, 0, 12, 10])])
    detections = Detections.of([(0, 0, 0.9, [0, 0, 10, 10]), (0, 0, 0.8, [0.5, 0, 10.5, 10])])
    assert match(detections, truths, 0.5, "voc").taken.tolist() == [0, -1]
    assert match(detections, truths, 0.5, "voc").verdicts() == ["found", "duplicate"]
    assert match(detections, truths, 0.5, "coco").taken.tolist() == [0, 1]


def test_verdicts():
    truths = Truths.of([(0, 0, BOX), (0, 1, [40, 40, 50, 50])])
    told = [
        (0, 0, 0.9, [15, 10, 25, 20]),  # IoU 1/3
        (0, 0, 0.8, [60, 60, 70, 70]),
        (1, 0, 0.7, BOX),  # in another image
        (0, 1, 0.6, BOX),  # of another class
        (0, 0, 0.5, [10, 10, 20, 15]),  # IoU 1/2, which is enough
    ]
    found = match(Detections.of(told), truths, 0.5)
    assert found.verdicts() == ["loose", "nothing there", "nothing there", "nothing there", "found"]
    assert found.nearest.tolist() == [0, 0, -1, 1, 0]


def test_equal_scores_leave_average_precision_open():
    truths = Truths.of([(0, 0, BOX)])
    right, wrong = (0, 0, 0.5, BOX), (0, 0, 0.5, [50, 50, 60, 60])
    assert mean_average_precision(Detections.of([right, wrong]), truths) == 1
    assert mean_average_precision(Detections.of([wrong, right]), truths) == 0.5


def test_mean_is_over_the_classes_that_have_objects():
    truths = Truths.of([(0, 0, BOX), (0, 1, BOX)])
    detections = Detections.of([(0, 0, 0.9, BOX), (0, 7, 0.9, BOX)])
    assert mean_average_precision(detections, truths) == 0.5
    assert np.isnan(mean_average_precision(detections, Truths.of([])))
    loose = Detections.of([(0, 0, 0.9, [10, 10, 20, 17]), (0, 1, 0.9, BOX)])  # IoU 0.7
    assert mean_average_precision(loose, truths, thresholds=(0.5, 0.6, 0.7, 0.8)) == 7 / 8


def test_there_is_no_other_rule():
    with pytest.raises(ValueError, match="voc or coco"):
        match(Detections.of([]), Truths.of([]), 0.5, "kitti")


@st.composite
def scenes(draw):
    """Objects and detections in two images, of two classes, on a coarse grid, with scores that are often the same."""

    def box():
        x, y = draw(st.integers(0, 4)), draw(st.integers(0, 4))
        return [x, y, x + draw(st.integers(1, 4)), y + draw(st.integers(1, 4))]

    def place():
        return draw(st.integers(0, 1)), draw(st.integers(0, 1))

    truths = [(*place(), box()) for _ in range(draw(st.integers(0, 6)))]
    detections = [
        (*place(), draw(st.sampled_from([0.1, 0.3, 0.5, 0.7])), box()) for _ in range(draw(st.integers(0, 8)))
    ]
    return truths, sorted(detections, key=lambda each: each[0])


def written_out(detections, truths, threshold, rule):
    """What each detection takes, best score first: the two rules as loops."""
    taken, gone = {}, set()
    for number in sorted(range(len(detections)), key=lambda each: (-detections[each][2], each)):
        image, kind, _, box = detections[number]
        best, most = -1, -1.0
        for place, (other, kind_there, there) in enumerate(truths):
            if (other, kind_there) != (image, kind) or (rule == "coco" and place in gone):
                continue
            overlap = intersection_over_union([box], [there])[0, 0]
            if overlap > most or (rule == "coco" and overlap == most):
                best, most = place, overlap
        taken[number] = best if best >= 0 and most >= threshold and best not in gone else -1
        gone.add(taken[number])
    return taken


@given(scenes(), st.sampled_from([0.25, 0.5, 0.75]), st.sampled_from(["voc", "coco"]))
def test_matching_is_its_rule(scene, threshold, rule):
    truths, detections = scene
    found = match(Detections.of(detections), Truths.of(truths), threshold, rule)
    assert dict(zip(found.order.tolist(), found.taken.tolist(), strict=True)) == written_out(
        detections, truths, threshold, rule
    )


@given(scenes())
def test_coco_finds_at_least_as_much_as_voc_at_every_rank(scene):
    truths, detections = scene
    one, other = (match(Detections.of(detections), Truths.of(truths), 0.5, rule).correct for rule in ("voc", "coco"))
    assert (np.cumsum(other) >= np.cumsum(one)).all()


@given(scenes())
def test_coco_is_what_its_own_tools_say(scene):
    coco = pytest.importorskip("pycocotools.coco")
    evaluation = pytest.importorskip("pycocotools.cocoeval")
    truths, detections = scene
    if not truths:
        return

    def corner_and_size(box):
        return [box[0], box[1], box[2] - box[0], box[3] - box[1]]

    def entry(number, image, kind, box, **more):
        size = corner_and_size(box)
        area = size[2] * size[3]
        return {"id": number, "image_id": image, "category_id": kind, "bbox": size, "area": area, "iscrowd": 0, **more}

    with contextlib.redirect_stdout(io.StringIO()):
        right, said = coco.COCO(), coco.COCO()
        common = {"images": [{"id": 0}, {"id": 1}], "categories": [{"id": 0}, {"id": 1}]}
        right.dataset = common | {"annotations": [entry(n + 1, *each) for n, each in enumerate(truths)]}
        said.dataset = common | {
            "annotations": [
                entry(n + 1, image, kind, box, score=score) for n, (image, kind, score, box) in enumerate(detections)
            ]
        }
        right.createIndex()
        said.createIndex()
        judged = evaluation.COCOeval(right, said, "bbox")
        judged.params.areaRng, judged.params.areaRngLbl = [[0, 1e10]], ["all"]
        judged.evaluate()
        judged.accumulate()
    precision = judged.eval["precision"][..., 0, -1]
    ours = mean_average_precision(
        Detections.of(detections), Truths.of(truths), "coco101", judged.params.iouThrs.tolist()
    )
    assert ours == pytest.approx(precision[precision > -1].mean(), abs=1e-9)
