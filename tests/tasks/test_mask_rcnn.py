"""The detector `mask_rcnn`, the layer `mask_branch`: loss and masks against NumPy, training, picture and refusals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from lab.errors import InvalidValue
from lab.graph import Layout, differentiate
from lab.graph.running import bind
from lab.graph.tensor import Storage, assign
from lab.metrics.detected import mask_overlaps
from lab.metrics.detection.masks import pasted
from lab.metrics.detection.said import select
from lab.tasks.detection import box_coding
from lab.tasks.detection.detectors.regions import DEVIATIONS
from lab.tasks.figures.masks import COLOURS
from lab.tasks.training.predictor import Predictor
from tests.kernels.mask_cases import CASES
from tests.tasks.test_faster_rcnn import MODEL as FASTER
from tests.tasks.test_faster_rcnn import REGIONS, SETTINGS, said_of
from tests.tasks.test_regions import DATA, experiment

SIDE = 8
BRANCH = {
    "mask_branch": [{"regions": SIDE}, {"conv": 8, "kernel_size": 3, "padding": 1}, "relu",
                    {"conv": "outputs", "kernel_size": 1}],
    "beside": FASTER[4:],
}  # fmt: skip
MODEL = [*FASTER[:4], BRANCH]
SIZE = 32


def net_of(model=MODEL, data=DATA, pictures=("object_masks",), **settings):
    return experiment(
        model, data=data, detector={"mask_rcnn": SETTINGS | {"mask": SIDE} | settings}, pictures=list(pictures)
    )


def parts_of(net, outputs, channels):
    """Numbers, regions, boxes of masks and masks of each region."""
    ends = np.cumsum([REGIONS * 8, REGIONS * 4, 512 * 5, REGIONS * 4])
    numbers, regions, _, boxes, masks = np.split(outputs.astype(np.float64), ends, axis=1)
    count = len(outputs)
    return (
        numbers.reshape(count, REGIONS, 8), regions.reshape(count, REGIONS, 4), boxes.reshape(count, REGIONS, 4),
        masks.reshape(count, REGIONS, SIDE, SIDE, channels),
    )  # fmt: skip


def loss_of_masks(net, outputs, part, channels, mask_loss):
    """Written out: of each region with an object, how far each part of its mask is from the true one."""
    _, _, boxes, masks = parts_of(net, outputs, channels)
    objects = part.targets[..., :5].astype(np.float64)
    there = objects[..., :1] >= 0
    objects = np.concatenate([np.where(there, objects[..., :1] + 1, 0), objects[..., 1:] / SIZE * there], axis=-1)
    given = {"boxes": boxes, "objects": objects, "owners": part.owners, "match": [0.5]}
    sizes = {"B": part.count, "R": REGIONS, "M": 3, "H": SIZE, "W": SIZE, "I": SIDE, "J": SIDE}
    made = CASES["mask_targets"].expected(given, sizes)
    each = []
    for image, region in np.argwhere(made["labels"] > 0):
        label, right, said = int(made["labels"][image, region]), made["wanted"][image, region], masks[image, region]
        if mask_loss == "softmax":
            logarithms = special.log_softmax(said, axis=-1)
            which = (right * label).astype(int)
            each.append(-np.take_along_axis(logarithms, which[..., None], axis=-1).mean())
        else:
            own = said[..., label - 1 if mask_loss == "sigmoid" else 0]
            each.append((np.logaddexp(0, own) - right * own).mean())
    return np.mean(each), len(each)


@pytest.mark.parametrize(("mask_loss", "channels"), [("sigmoid", 3), ("softmax", 4), ("one", 1)])
def test_loss_and_masks_are_as_defined(mask_loss, channels):
    net = net_of(mask_loss=mask_loss)
    net.advance(120)
    held = net.split.validation
    outputs, encoded = said_of(net, held)
    right, regions = loss_of_masks(net, outputs, held, channels, mask_loss)
    assert regions > 5
    whole = net.measure()["val_loss"]
    net.change("options.detector.mask_rcnn.masks", 0.5)
    assert whole - net.measure()["val_loss"] == pytest.approx(right / 2, rel=1e-3)
    numbers, found, boxes, masks = parts_of(net, outputs, channels)
    moved = box_coding.decode(numbers[..., 4:].reshape(-1, 4) * DEVIATIONS, found.reshape(-1, 4))
    np.testing.assert_allclose(boxes.reshape(-1, 4), moved, atol=1e-5)
    said = net.inspection.detection.detector.read(outputs, encoded)
    chances = special.softmax(masks, axis=-1)[..., 1:] if mask_loss == "softmax" else special.expit(masks)
    np.testing.assert_allclose(said.masks, chances, atol=1e-6)
    judged = net.inspection.detection.judged(held)
    selection = judged.select(outputs)
    detections = selection.detections
    plain = select(said.candidates(judged.threshold), judged.overlap)
    np.testing.assert_array_equal(selection.kept, plain.kept)
    images, places, classes = np.nonzero(said.scores >= judged.threshold)
    for row, candidate in enumerate(selection.kept):
        channel = classes[candidate] if channels == 3 or mask_loss == "softmax" else 0
        small = said.masks[images[candidate], places[candidate], ..., channel]
        right = pasted(small[None], detections.boxes[row : row + 1], SIZE, SIZE)[0]
        np.testing.assert_array_equal(detections.masks[row], right)


def test_masks_are_of_proposed_regions_in_training_and_of_found_boxes_later():
    net = net_of()
    net.advance(10)
    part = net.split.validation
    for training in (True, False):
        ask = Predictor(net.network, part.numbers.shape, training=training)
        outputs = ask(part.numbers, net.weights(), net.settings())["output"]
        _, regions, boxes, _ = parts_of(net, outputs, 3)
        assert np.array_equal(regions, boxes) == training


def test_the_gradient_is_that_of_the_loss():
    """Finite differences of the loss in what the network says of masks, with regions as they are."""
    net = net_of()
    net.advance(5)
    part = net.split.train.rows(np.arange(6))
    detector, known = net.inspection.detection.detector, net.inspection.detection.detector.encode(part)
    rng = np.random.default_rng(0)
    inputs = Storage("states")
    outputs = inputs.member("outputs", (6, detector.numbers))
    encoded = inputs.member("encoded", known.shape)
    loss = detector.loss(outputs, encoded)
    kept = Storage("statistics")
    value, slope = kept.member("loss", (1,)), kept.member("slope", outputs.shape)
    program = [assign(loss, value), assign(differentiate(loss, [outputs])[0], slope)]
    layout = Layout({"ask": program})
    memory = layout.memory(layout.shared_memory("float64"), 0)
    run = bind(layout.plans["ask"], memory)
    ask = Predictor(net.network, part.numbers.shape, training=True)
    at = ask(part.numbers, net.weights(), net.settings())["output"].astype(np.float64)
    for name, tensor in net.network.settings.storage.members.items():
        if layout.knows(tensor):
            layout.view(memory, tensor)[...] = net.settings()[name]

    def loss_at(numbers):
        layout.view(memory, outputs)[...] = numbers
        layout.view(memory, encoded)[...] = known
        run.run()
        return float(layout.view(memory, value)[0])

    loss_at(at)
    found = layout.view(memory, slope).copy()
    first = detector.numbers - REGIONS * SIDE * SIDE * 3
    counted = np.argwhere(found[:, first:] != 0)
    assert len(counted)
    for row, column in counted[rng.choice(len(counted), 20, replace=False)]:
        step = np.zeros_like(at)
        step[row, first + column] = 1e-4
        right = (loss_at(at + step) - loss_at(at - step)) / 2e-4
        assert found[row, first + column] == pytest.approx(right, rel=1e-4, abs=1e-9)


def test_it_learns_which_pixels_are_of_an_object():
    convolutions = [{"conv": 16, "kernel_size": 3, "padding": 1}, "batch_norm", "relu"]
    net = net_of([*convolutions, {"max_pool": 2}, *convolutions, {"propose": 16}, BRANCH], DATA | {"points": 150})
    net.advance(450)
    held = net.split.validation
    outputs, _ = said_of(net, held)
    judged = net.inspection.detection.judged(held)
    found = judged.select(outputs).detections
    overlaps = mask_overlaps(found, judged.truths)
    assert (overlaps > 0).mean() > 0.5
    # Better than to take the whole box for the object.
    boxes = pasted(np.ones((judged.truths.count, 2, 2)), judged.truths.boxes, SIZE, SIZE)
    whole = (judged.truths.masks & boxes).sum(axis=(1, 2)) / boxes.sum(axis=(1, 2))
    assert overlaps[overlaps > 0].mean() > whole[overlaps > 0].mean() + 0.05


def test_the_picture_shows_boxes_and_masks_beside_the_truth():
    net = net_of()
    net.advance(150)
    (picture,) = net.pictures()
    held = net.split.validation
    outputs, _ = said_of(net, held)
    judged = net.inspection.detection.judged(held)
    said = judged.select(outputs).detections
    said = said.rows(np.flatnonzero(said.scores >= 0.2))
    inks, truths = np.array(list(COLOURS.values()))[1:], judged.truths
    firsts = [np.flatnonzero(truths.images == image)[0] for image in range(4)]  # of each image the first object
    side = int(np.ceil(1.5 * max((truths.boxes[each, 2:] - truths.boxes[each, :2]).max() for each in firsts)))
    assert picture.images.shape == (4, side, 2 * side + 1, 3)
    seen = 0
    for image, first in enumerate(firsts):
        x_min, y_min, x_max, y_max = truths.boxes[first]
        top, left = (int(np.clip(round((low + high) / 2 - side / 2), 0, SIZE - side))
                     for low, high in ((y_min, y_max), (x_min, x_max)))  # fmt: skip
        window = slice(top, top + side), slice(left, left + side)
        assert truths.masks[first].sum() == truths.masks[first][window].sum() > 0
        for at, objects in ((0, truths), (side + 1, said)):
            drawn = picture.images[image, :, at : at + side]
            covered = np.zeros((side, side), bool)
            for number in np.flatnonzero(objects.images == image):  # the best score lies on top
                own = objects.masks[number][window] & ~covered
                right = np.tile(inks[objects.classes[number]], (own.sum(), 1))
                np.testing.assert_allclose(drawn[own], right, atol=1e-6)
                covered |= objects.masks[number][window]
                seen += own.sum()
            grey = (np.abs(drawn - 0.6) < 1e-6).all(axis=-1)
            lines = np.zeros((SIZE, SIZE), bool)
            for x_min, y_min, x_max, y_max in objects.boxes[objects.images == image]:
                rows, columns = (np.clip(np.rint(each), 0, SIZE - 1).astype(int)
                                 for each in ((y_min - 1, y_max), (x_min - 1, x_max)))  # fmt: skip
                for row in rows:
                    lines[row, columns[0] : columns[1] + 1] = True
                for column in columns:
                    lines[rows[0] : rows[1] + 1, column] = True
            np.testing.assert_array_equal(grey, lines[window] & ~covered)
            assert drawn[~covered & ~grey].max() <= 0.5
        overlap = mask_overlaps(said, truths)[first]
        assert picture.captions[image] == (f"IoU {overlap:.2f}" if overlap else "not found")
    assert seen > 200
    assert picture.title == "Masks, truth left, found right: blue circle, red square, green triangle"


def test_refused():
    with pytest.raises(InvalidValue, match="is for the detector `mask_rcnn`"):
        experiment(MODEL, detector={"faster_rcnn": SETTINGS})
    with pytest.raises(InvalidValue, match="looks at proposed regions: the layer `propose` stands in front"):
        net_of([*FASTER[:3], BRANCH])
    with pytest.raises(InvalidValue, match=r"wants masks of .10, 10, 3.: set its `mask` to 8"):
        net_of(mask=10)
    with pytest.raises(InvalidValue, match=r"kernel_size: 1. stands last"):
        net_of([*FASTER[:4], BRANCH | {"mask_branch": BRANCH["mask_branch"][:-1]}])
    with pytest.raises(InvalidValue, match="numbers per image, but for 6 regions 48 are needed"):
        net_of([*FASTER[:4], BRANCH | {"beside": [{"regions": 4}, {"dense": 7}]}])
