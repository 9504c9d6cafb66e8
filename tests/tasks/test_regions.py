"""The detector `regions`: what is learned of boxes, the loss and what is read against NumPy, R-CNN and Fast R-CNN."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import InvalidValue
from lab.graph.running import prepare
from lab.metrics.detection import intersection_over_union, mean_average_precision
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.network import Network
from lab.scenario.model import Scenario
from lab.tasks import task_of
from lab.tasks.detection import box_coding
from lab.tasks.detection.detectors.regions import DEVIATIONS, RegionDetector
from lab.tasks.training.data import load_split
from lab.tasks.training.predictor import Predictor

DATA = {"name": "shape-objects", "points": 40, "size": 32, "shapes": 3, "kinds": 3, "validation": 0.3}
OPTIONS = {"proposals": {"selective_search": {"blurs": 0, "smallest": 8}}, "most": 12}
R_CNN = [{"regions": 8}, {"conv": 8, "kernel_size": 3, "padding": 1}, "relu", {"dense": "outputs"}]
FAST = [{"conv": 8, "kernel_size": 3, "padding": 1}, "relu", {"max_pool": 2}, {"regions": 4}, {"dense": "outputs"}]
WATCH = ["val_mean_average_precision", "val_objects_found", "val_loss", "multiply_adds"]


def scenario(model, steps=150, options=OPTIONS, data=DATA, detector=None, **more):
    return Scenario.model_validate(
        {
            "title": "Regions",
            "task": "detect",
            "data": data,
            "model": model,
            "optimizer": {"name": "adam", "rate": 0.01},
            "train": {"batch": 6, "steps": steps},
            "options": {"detector": detector or {"regions": options}, "pictures": ["detected_objects"], **more},
            "watch": WATCH,
        }
    )


def experiment(model, **options):
    chosen = scenario(model, **options)
    made = task_of(chosen).build(chosen, 0, None)
    prepare(made.kernels())
    made.prepare()
    return made


def detector(data=DATA, **settings):
    split = load_split(scenario(FAST, data=data), 0, None, "objects")
    return RegionDetector.model_validate(OPTIONS | settings).on(split.train, AdjustableNumbers()), split.validation


def test_rounded_regions_see_whole_pixels_of_what_comes_in():
    rng = np.random.default_rng(0)
    maps, boxes = rng.standard_normal((2, 9, 12, 3)), rng.uniform(0, 0.6, (2, 5, 4))
    boxes[..., 2:] += 0.3
    size = np.array([12, 9, 12, 9])
    low, high = np.split(np.floor(boxes * size + 0.5), 2, axis=-1)
    whole = np.concatenate([low, np.maximum(high, low + 1)], axis=-1) / size

    def seen(layer, given):
        network = Network([layer], None, 1, 0, AdjustableNumbers())
        return Predictor(network, maps.shape, regions=5)(maps, {}, {}, regions=given)["output"]

    rounded = seen({"regions": 4, "rounded": True}, boxes)
    np.testing.assert_allclose(rounded, seen({"regions": 4}, whole), atol=1e-5)
    assert np.abs(rounded - seen({"regions": 4}, boxes)).max() > 0.1


def test_encoded_boxes_know_their_objects():
    made, held = detector(match=0.6, objects=0.2)
    encoded = made.encode(held)
    assert encoded.shape == (held.count, 12, 10)
    for row, boxes, objects in zip(encoded.astype(np.float64), made.proposed(held), held.targets, strict=True):
        own = objects[objects[:, 0] >= 0].astype(np.float64)
        overlaps = intersection_over_union(boxes, own[:, 1:5])
        there = overlaps.max(axis=1) >= 0.6
        count = len(boxes)
        np.testing.assert_allclose(row[:count, :4] * 32, boxes, atol=1e-5)
        which = overlaps.argmax(axis=1)
        np.testing.assert_array_equal(row[:count, 4], np.where(there, 1 + own[which, 0], 0))
        decoded = box_coding.decode(row[:count, 5:9] * DEVIATIONS, boxes)
        np.testing.assert_allclose(decoded[there], own[which[there], 1:5], atol=1e-3)
        assert not row[:count, 5:9][~there].any()
        # Those with an object have a fifth of the weight.
        assert row[:count][there, 9].tolist() == [1] * there.sum()
        if there.any() and not there.all():
            assert there.sum() / row[:, 9].sum() == pytest.approx(0.2)
        assert not row[count:, 9].any()
    assert made.assigned(held).sum() > 0.8 * (held.targets[..., 0] >= 0).sum()


def test_what_is_proposed_is_kept_and_can_be_found_anew():
    made, held = detector()
    for kept, again in zip(made.proposed(held), made.propose(held), strict=True):
        np.testing.assert_array_equal(kept, again)
        assert len(kept) <= 12
        assert kept.min() >= 0
        assert kept.max() <= 32
    fewer, _ = detector(most=3)
    for few, kept in zip(fewer.proposed(held), made.proposed(held), strict=True):
        np.testing.assert_array_equal(few, kept[:3])


def smooth_l1(error):
    size = np.abs(error)
    return np.where(size < 1, size**2 / 2, size - 0.5)


@pytest.mark.parametrize("model", [R_CNN, FAST])
def test_loss_and_metrics_are_those_of_numpy(model):
    net = experiment(model)
    held, detection = net.split.validation, net.inspection.detection
    encoded = detection.detector.encode(held).astype(np.float64)
    outputs = net.inspection.measured  # the tensors; their numbers come from the predictor of the figures
    assert outputs.validation_outputs.shape == (held.count * 12, 8)
    ask = Predictor(net.network, held.numbers.shape, regions=12)
    numbers = ask(held.numbers, net.weights(), net.settings(), regions=encoded[..., :4])["output"]
    numbers = numbers.astype(np.float64).reshape(held.count, 12, 8)
    logits, offsets = numbers[..., :4], numbers[..., 4:]
    logarithms = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    labels, weights = encoded[..., 4].astype(int), encoded[..., 9]
    of_classes = -(weights * np.take_along_axis(logarithms, labels[..., None], -1)[..., 0]).sum()
    there = labels > 0
    of_offsets = smooth_l1(offsets[there] - encoded[..., 5:9][there]).sum()
    assert net.measure()["val_loss"] == pytest.approx((of_classes + of_offsets) / weights.sum(), rel=1e-4)
    said = detection.detector.read(numbers, encoded)
    np.testing.assert_allclose(said.scores[weights > 0], np.exp(logarithms)[weights > 0][:, 1:], rtol=1e-9)
    assert (said.scores[weights == 0] == -np.inf).all()
    right = box_coding.decode(offsets[3] * DEVIATIONS, encoded[3, :, :4] * 32)
    np.testing.assert_allclose(said.boxes[3, :, 0], right, rtol=1e-6)


def test_r_cnn_looks_at_every_box_and_fast_r_cnn_once_at_the_image():
    costs = {name: experiment(model).measure()["multiply_adds"] for name, model in (("r", R_CNN), ("fast", FAST))}
    assert costs["r"] == 12 * (8 * 8 * 27 * 8 + 8 * 8 * 8 * 8)
    assert costs["fast"] == 32 * 32 * 27 * 8 + 12 * 4 * 4 * 8 * 8


@pytest.mark.parametrize("model", [R_CNN, FAST])
def test_it_learns_to_find_shapes(model):
    net = experiment(model)
    before = net.measure()["val_mean_average_precision"]
    net.advance(150)
    values = net.measure()
    assert values["val_mean_average_precision"] > max(0.5, before + 0.3)
    (picture,) = net.pictures()
    assert (picture.boxes[:, 1] == 1).any()


def test_images_in_parts_have_their_own_boxes():
    """What is measured of many images, part by part, is what is measured of each by itself."""
    data = DATA | {"size": 64, "points": 150, "validation": 0.8}
    wide = [{"conv": 24, "kernel_size": 3, "padding": 1}, "relu", {"max_pool": 4}, {"regions": 4}, {"dense": "outputs"}]
    net = experiment(wide, data=data)
    held, found = net.split.validation, net.inspection.detection
    boxes = found.regions(held)
    ask = Predictor(net.network, (1, 64, 64, 3), regions=12)
    each = [
        ask(held.numbers[row : row + 1], net.weights(), net.settings(), regions=boxes[row : row + 1])["output"]
        for row in range(held.count)
    ]
    judged = found.judged(held)
    detections = judged.select(np.concatenate(each)).detections
    right = mean_average_precision(detections, judged.truths, "area")
    assert net.measure()["val_mean_average_precision"] == pytest.approx(right, abs=1e-6)


def test_refused():
    with pytest.raises(InvalidValue, match="boxes that the detector `regions` proposes"):
        experiment(FAST, detector={"yolo": {"grid": 4}})
    with pytest.raises(InvalidValue, match="its boxes are of whole images"):
        experiment([{"regions": 8}, {"regions": 4}, {"dense": "outputs"}])
    with pytest.raises(InvalidValue, match="no window fits") as refused:
        experiment(FAST, options={"proposals": {"windows": {"sizes": [90]}}})
    assert refused.value.path[:4] == ("options", "detector", "regions", "proposals")
    windows = experiment(FAST, options={"proposals": {"windows": {"sizes": [10], "strides": [8]}}, "most": 9})
    assert windows.inspection.detection.detector.proposed(windows.split.validation)[0].shape == (9, 4)
