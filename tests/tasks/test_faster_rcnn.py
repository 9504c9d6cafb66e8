"""The detector `faster_rcnn` and the layer `propose`: anchors, loss and what is read against NumPy, and training."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import InvalidValue
from lab.metrics.detection import intersection_over_union
from lab.tasks.detection import box_coding
from lab.tasks.detection.assignment import assign
from lab.tasks.detection.detectors.regions import DEVIATIONS
from lab.tasks.training.predictor import Predictor
from tests.kernels.proposal_cases import CASES
from tests.tasks.test_regions import DATA, experiment

SETTINGS = {"map": 16, "scales": [0.25, 0.4], "most": 6, "objects": 0.3, "offsets": 0.5}
FASTER = {"faster_rcnn": SETTINGS}
MODEL = [
    {"conv": 8, "kernel_size": 3, "padding": 1}, "relu", {"max_pool": 2}, {"propose": 8}, {"regions": 4},
    {"dense": "outputs"},
]  # fmt: skip
REGIONS, CLASSES = 6, 3


def smooth_l1(errors):
    return np.where(abs(errors) < 1, errors**2 / 2, abs(errors) - 0.5).sum()


def said_of(net, part):
    """What the network gives of each image, and how it is encoded."""
    ask = Predictor(net.network, part.numbers.shape)
    return ask(part.numbers, net.weights(), net.settings())["output"], net.inspection.detection.detector.encode(part)


def test_anchors_are_trained_by_what_they_overlap():
    net = experiment(MODEL, detector=FASTER)
    detector, held = net.inspection.detection.detector, net.split.validation
    anchors = detector.proposing.anchors
    assert anchors.shape == (512, 4)
    np.testing.assert_allclose(
        anchors[0], np.array([0.5 / 16 - 0.125, 0.5 / 16 - 0.125, 0.5 / 16 + 0.125] * 2)[[0, 1, 2, 5]]
    )
    np.testing.assert_allclose((anchors[:, 2:] - anchors[:, :2])[:2], [[0.25, 0.25], [0.4, 0.4]])
    encoded = detector.encode(held)
    assert encoded.shape == (held.count, 512 * 6 + 3 * 5)
    for row, objects in zip(encoded.astype(np.float64), held.targets.astype(np.float64), strict=True):
        own = objects[objects[:, 0] >= 0]
        boxes, learned = own[:, 1:5] / 32, row[: 512 * 6].reshape(512, 6)
        which, best = assign(boxes, anchors, 0.5), intersection_over_union(anchors, boxes).max(axis=1)
        np.testing.assert_array_equal(learned[:, 0], which >= 0)
        right = box_coding.decode(learned[which >= 0, 1:5] * DEVIATIONS, anchors[which >= 0])
        np.testing.assert_allclose(right, boxes[which[which >= 0]], atol=1e-6)
        assert (learned[(which < 0) & (best >= 0.3), 5] == 0).all()
        assert learned[which >= 0, 5].sum() == pytest.approx(learned[which < 0, 5].sum(), rel=1e-5)
        known = row[512 * 6 :].reshape(3, 5)
        np.testing.assert_array_equal(known[: len(own), 0], own[:, 0] + 1)
        assert not known[len(own) :].any()


def test_loss_and_detections_are_as_defined():
    net = experiment(MODEL, detector=FASTER)
    net.advance(20)
    held = net.split.validation
    outputs, encoded = said_of(net, held)
    count = held.count
    numbers, boxes, anchors = np.split(outputs.astype(np.float64), [REGIONS * 8, REGIONS * 12], axis=1)
    numbers, regions = numbers.reshape(count, REGIONS, 8), boxes.reshape(count, REGIONS, 4)
    anchors, known = anchors.reshape(-1, 5), encoded[:, : 512 * 6].astype(np.float64).reshape(-1, 6)
    here, weights = known[:, 0], known[:, 5]
    of_anchors = (weights * (np.logaddexp(0, anchors[:, 0]) - here * anchors[:, 0])).sum()
    errors = anchors[here > 0, 1:] / DEVIATIONS - known[here > 0, 1:5]
    of_anchors = (of_anchors + 0.5 * smooth_l1(errors)) / weights.sum()
    objects = encoded[:, 512 * 6 :].astype(np.float64).reshape(count, 3, 5)
    given = {"regions": regions, "objects": objects, "match": [0.5], "share": [0.3]}
    targets = CASES["region_targets"].expected(given, {"B": count, "R": REGIONS, "M": 3})["targets"]
    logits = numbers[..., :4]
    logarithms = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    labels, weights = targets[..., 0].astype(int), targets[..., 5]
    of_regions = -(weights * np.take_along_axis(logarithms, labels[..., None], -1)[..., 0]).sum()
    of_regions += 0.5 * smooth_l1(numbers[labels > 0, 4:] - targets[labels > 0, 1:5] / DEVIATIONS)
    assert net.measure()["val_loss"] == pytest.approx(of_anchors + of_regions / weights.sum(), rel=1e-4)
    said = net.inspection.detection.detector.read(outputs, encoded)
    there = (regions[..., 2:] > regions[..., :2]).all(axis=-1)
    np.testing.assert_allclose(said.scores[there], np.exp(logarithms)[there][:, 1:], rtol=1e-6)
    right = box_coding.decode(numbers[1, :, 4:] * DEVIATIONS, regions[1] * 32)
    np.testing.assert_allclose(said.boxes[1, :, 0], right, rtol=1e-6)


def test_it_learns_to_propose_and_to_find_shapes():
    convolutions = [{"conv": 16, "kernel_size": 3, "padding": 1}, "batch_norm", "relu"]
    model = [*convolutions, {"max_pool": 2}, *convolutions, {"propose": 16}, *MODEL[4:]]
    net = experiment(model, detector=FASTER, data=DATA | {"points": 150})
    held = net.split.validation

    def recall():
        outputs, encoded = said_of(net, held)
        regions = outputs[:, REGIONS * 8 : REGIONS * 12].reshape(held.count, REGIONS, 4)
        objects = encoded[:, 512 * 6 :].reshape(held.count, 3, 5)
        best = [
            intersection_over_union(own[own[:, 0] > 0, 1:], boxes).max(axis=1)
            for own, boxes in zip(objects, regions, strict=True)
        ]
        return (np.concatenate(best) >= 0.5).mean()

    before, found = net.measure()["val_mean_average_precision"], recall()
    net.advance(150)
    assert recall() > max(0.6, found + 0.2)
    assert net.measure()["val_mean_average_precision"] > max(0.3, before + 0.2)


def test_refused():
    with pytest.raises(InvalidValue, match="needs anchors, which the detector `faster_rcnn` has"):
        experiment(MODEL)
    with pytest.raises(
        InvalidValue, match="maps of 16×16, but the detector's anchors are for maps of 8×8: set its `map`"
    ):
        experiment(MODEL, detector={"faster_rcnn": SETTINGS | {"map": 8}})
    with pytest.raises(InvalidValue, match="boxes that the detector"):
        experiment([{"regions": 4}, {"dense": "outputs"}], detector=FASTER)
    with pytest.raises(InvalidValue, match="the last layer gives"):
        experiment(
            [{"conv": 8, "kernel_size": 3, "padding": 1}, {"max_pool": 2}, {"dense": "outputs"}], detector=FASTER
        )
