"""Masks in boxes, their overlap, and the average precision of masks, against COCO's own tools."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest

from lab.metrics.detected import mask_overlaps
from lab.metrics.detection import Detections, Truths, match, mean_average_precision
from lab.metrics.detection.masks import paired_mask_overlap, pasted


def test_a_mask_fills_its_box_as_far_as_it_says():
    chances = np.array([[[1.0, 0.0], [1.0, 0.0]]])
    found = pasted(chances, [[2, 1, 8, 5]], 7, 10)[0]
    right = np.zeros((7, 10), bool)
    right[1:5, 2:5] = True  # the left half, to where the chance is one half
    np.testing.assert_array_equal(found, right)
    whole = pasted(np.ones((1, 3, 3)), [[-2, 1.6, 3.4, 99]], 7, 10)[0]
    right[:] = False
    right[2:, :3] = True  # pixels whose middles are in the box
    np.testing.assert_array_equal(whole, right)
    assert not pasted(np.ones((1, 3, 3)), [[4, 4, 4, 6]], 7, 10).any()
    assert not pasted(np.full((1, 3, 3), np.nan), [[0, 0, 9, 9]], 7, 10).any()
    same = np.random.default_rng(0).random((1, 9, 9))
    np.testing.assert_array_equal(pasted(same, [[0, 0, 9, 9]], 9, 9), same >= 0.5)


def random_scene(rng):
    """Objects and detections that are these objects, moved and chipped, of two classes in three images."""
    count = int(rng.integers(1, 7))
    truths, found = [], []
    for _ in range(count):
        image, kind = int(rng.integers(3)), int(rng.integers(2))
        mask = np.zeros((16, 20), bool)
        top, left = rng.integers(0, 10, 2)
        mask[top : top + rng.integers(2, 6), left : left + rng.integers(2, 8)] = True
        mask &= rng.random(mask.shape) < 0.8
        truths.append((image, kind, mask))
        for _ in range(int(rng.integers(0, 4))):
            other = np.roll(mask, rng.integers(-1, 2, 2), axis=(0, 1)) & (rng.random(mask.shape) < 0.9)
            kind_said = kind if rng.random() < 0.8 else 1 - kind
            found.append((image, kind_said, float(rng.choice([0.1, 0.3, 0.5, 0.7])), other))
    return truths, sorted(found, key=lambda each: each[0])


def as_arrays(truths, found):
    none = np.zeros((0, 16, 20), bool)
    right = Truths.of([(image, kind, [0, 0, 1, 1]) for image, kind, _ in truths])
    said = Detections.of([(image, kind, score, [5, 5, 6, 6]) for image, kind, score, _ in found])
    masks = (np.array([each[-1] for each in part]) if part else none for part in (truths, found))
    given, made = masks
    return (
        Truths(right.images, right.classes, right.boxes, given),
        Detections(said.images, said.classes, said.scores, said.boxes, made),
    )


@pytest.mark.parametrize("seed", range(25))
def test_average_precision_of_masks_is_what_coco_says(seed):
    coco = pytest.importorskip("pycocotools.coco")
    evaluation = pytest.importorskip("pycocotools.cocoeval")
    coder = pytest.importorskip("pycocotools.mask")
    truths, found = random_scene(np.random.default_rng(seed))
    if not found:
        return

    def entry(number, image, kind, mask, **more):
        return {
            "id": number, "image_id": image, "category_id": kind, "area": int(mask.sum()), "iscrowd": 0,
            "segmentation": coder.encode(np.asfortranarray(mask.astype(np.uint8))), "bbox": [0, 0, 1, 1], **more,
        }  # fmt: skip

    with contextlib.redirect_stdout(io.StringIO()):
        right, said = coco.COCO(), coco.COCO()
        common = {
            "images": [{"id": n, "height": 16, "width": 20} for n in range(3)],
            "categories": [{"id": 0}, {"id": 1}],
        }
        right.dataset = common | {"annotations": [entry(n + 1, *each) for n, each in enumerate(truths)]}
        said.dataset = common | {
            "annotations": [
                entry(n + 1, image, kind, mask, score=score) for n, (image, kind, score, mask) in enumerate(found)
            ]
        }
        right.createIndex()
        said.createIndex()
        judged = evaluation.COCOeval(right, said, "segm")
        judged.params.areaRng, judged.params.areaRngLbl = [[0, 1e10]], ["all"]
        judged.evaluate()
        judged.accumulate()
    precision = judged.eval["precision"][..., 0, -1]
    ours, theirs = as_arrays(truths, found)
    made = mean_average_precision(theirs, ours, "coco101", judged.params.iouThrs.tolist(), by="masks")
    assert made == pytest.approx(precision[precision > -1].mean(), abs=1e-9)


def test_overlaps_of_masks_are_counted_pixel_by_pixel():
    rng = np.random.default_rng(1)
    one, other = rng.random((3, 6, 5)) < 0.5, rng.random((2, 6, 5)) < 0.5
    one[2] = other[1] = False
    made = paired_mask_overlap(one, other, np.array([0, 1, 2, 2]), np.array([0, 0, 0, 1]))
    right = [(one[a] & other[b]).sum() / max(1, (one[a] | other[b]).sum()) for a, b in ((0, 0), (1, 0), (2, 0), (2, 1))]
    np.testing.assert_allclose(made, right)
    assert made[3] == 0


def test_an_object_that_no_box_finds_has_no_mask():
    masks = np.zeros((3, 8, 8), bool)
    masks[0, :4, :4] = masks[1, 4:, 4:] = masks[2, :4, 4:] = True
    truths = Truths(
        np.zeros(3, int), np.array([0, 0, 1]), np.array([[0, 0, 4, 4], [4, 4, 8, 8], [4, 0, 8, 4.0]]), masks
    )
    said = np.zeros((2, 8, 8), bool)
    said[0, :4, :2] = said[1, :4, 4:] = True
    detections = Detections(
        np.zeros(2, int), np.array([0, 0]), np.array([0.9, 0.8]), np.array([[0, 0, 4, 4], [4, 0, 8, 4.0]]), said
    )
    # The second detection has the pixels of the third object, but says the wrong class.
    np.testing.assert_allclose(mask_overlaps(detections, truths), [0.5, 0, 0])
    assert match(detections, truths, 0.5, by="masks").taken.tolist() == [0, -1]
    assert match(detections, truths, 0.6, by="masks").taken.tolist() == [-1, -1]
