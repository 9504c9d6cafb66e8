"""`task: locate`: losses and metrics against NumPy, the picture against the objects, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from lab.data.sets.stick_figures import JOINTS, LIMBS
from lab.errors import BadInput, InvalidValue
from lab.graph.running import prepare
from lab.metrics.detection import intersection_over_union
from lab.scenario.model import Scenario
from lab.tasks import task_of

SHAPES = {"name": "shape-objects", "points": 60, "size": 16, "kinds": 3, "validation": 0.2}
FIGURES = {"name": "stick-figures", "points": 40, "size": 24, "validation": 0.25}
WATCH = [
    f"{part}{name}"
    for part in ("", "val_")
    for name in ("box_iou", "boxes_found", "class_accuracy", "located", "key_point_error")
]


def scenario(data, heads, **options):
    return Scenario.model_validate(
        {
            "title": "Locate",
            "task": "locate",
            "data": data,
            "model": ["flatten", {"dense": "outputs"}],
            "optimizer": {"name": "sgd", "rate": 0.01},
            "train": {"batch": "all", "steps": 3},
            "options": {"heads": heads, "pictures": ["located_objects"], **options},
            "watch": ["loss", *WATCH],
        }
    )


def experiment(data=SHAPES, heads=("class", "box"), folder=None, **options):
    chosen = scenario(data, list(heads), **options)
    made = task_of(chosen).build(chosen, 0, folder)
    prepare(made.kernels())
    made.prepare()
    return made


def outputs(net, part):
    weights = {name: each.astype(np.float64) for name, each in net.weights().items()}
    flat = part.numbers.reshape(part.count, -1).astype(np.float64)
    return flat @ weights["dense1.weight"] + weights["dense1.bias"]


def smooth_l1(error, beta):
    size = np.abs(error)
    return np.where(size < beta, size**2 / (2 * beta), size - beta / 2).mean()


@pytest.mark.parametrize("loss", ["smooth_l1", "l2"])
def test_loss_is_the_weighed_sum(loss):
    net = experiment(FIGURES, ("class", "box", "key_points"), loss=loss, beta=0.05, box_weight=3, key_point_weight=7)
    part = net.split.train
    found, objects = outputs(net, part), part.targets[:, 0].astype(np.float64)
    assert found.shape[1] == 1 + 4 + 28
    box, points = found[:, 1:5] - objects[:, 1:5] / 24, found[:, 5:] - objects[:, 5:] / 24
    each = (lambda error: smooth_l1(error, 0.05)) if loss == "smooth_l1" else (lambda error: (error**2).mean())
    # There is one class, so that its cross-entropy is 0.
    assert net.measure()["loss"] == pytest.approx(3 * each(box) + 7 * each(points), rel=1e-5)


def test_cross_entropy_is_added_and_weights_can_be_changed_while_it_runs():
    net = experiment()
    part = net.split.train
    scores, box = np.split(outputs(net, part), [3], axis=1)
    classes = part.targets[:, 0, 0].astype(int)
    logarithms = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    entropy = -logarithms[np.arange(part.count), classes].mean()
    of_boxes = smooth_l1(box - part.targets[:, 0, 1:5] / 16, 1 / 9)
    assert net.measure()["loss"] == pytest.approx(entropy + of_boxes, rel=1e-5)
    net.change("options.box_weight", 50)
    assert net.measure()["loss"] == pytest.approx(entropy + 50 * of_boxes, rel=1e-5)
    with pytest.raises(InvalidValue, match="at least 0"):
        net.change("options.box_weight", -1)


def test_metrics_are_what_they_say():
    net = experiment(FIGURES, ("class", "box", "key_points"))
    net.advance(3)
    values = net.measure()
    for before, part in (("", net.split.train), ("val_", net.split.validation)):
        found = outputs(net, part) * np.array([1, *[24] * 32])
        truth = part.targets[:, 0].astype(np.float64)
        overlap = np.array(
            [intersection_over_union([one[1:5]], [two[1:5]])[0, 0] for one, two in zip(found, truth, strict=True)]
        )
        off = np.hypot(found[:, 5::2] - truth[:, 5::2], found[:, 6::2] - truth[:, 6::2])
        assert values[f"{before}box_iou"] == pytest.approx(overlap.mean(), abs=1e-5)
        assert values[f"{before}boxes_found"] == pytest.approx((overlap >= 0.5).mean(), abs=1e-6)
        assert values[f"{before}located"] == values[f"{before}boxes_found"]
        assert values[f"{before}class_accuracy"] == 1
        assert values[f"{before}key_point_error"] == pytest.approx(off.mean(), rel=1e-5)


def test_located_needs_both():
    net = experiment()
    net.advance(3)
    found, truth = outputs(net, net.split.validation), net.split.validation.targets[:, 0]
    right = found[:, :3].argmax(axis=1) == truth[:, 0]
    overlap = intersection_over_union(found[:, 3:] * 16, truth[:, 1:5]).diagonal()
    values = net.measure()
    assert values["val_class_accuracy"] == pytest.approx(right.mean())
    assert values["val_located"] == pytest.approx((right & (overlap >= 0.5)).mean())


def test_what_is_not_asked_is_not_measured():
    assert [name for name in experiment(heads=["box"]).metrics if name != "loss"] == [
        "box_iou", "boxes_found", "val_box_iou", "val_boxes_found",
    ]  # fmt: skip
    assert experiment(heads=["class"]).metrics == ("loss", "class_accuracy", "val_class_accuracy")
    assert experiment(FIGURES, ["key_points"]).metrics == ("loss", "key_point_error", "val_key_point_error")


def test_picture_shows_true_and_answered_boxes():
    net = experiment()
    (picture,) = net.pictures()
    held = net.split.validation
    found, truth = outputs(net, held)[:8], held.targets[:8, 0]
    assert picture.outlines == ("truth", "answer")
    assert picture.boxes.shape == (16, 6)
    np.testing.assert_array_equal(picture.boxes[:, 0], np.tile(np.arange(8), 2))
    np.testing.assert_array_equal(picture.boxes[:, 1], np.repeat([0, 1], 8))
    np.testing.assert_allclose(picture.boxes[:8, 2:], truth[:, 1:5])
    np.testing.assert_allclose(picture.boxes[8:, 2:], found[:, 3:] * 16, rtol=1e-4, atol=1e-4)
    overlap = intersection_over_union(found[:, 3:] * 16, truth[:, 1:5]).diagonal()
    names = held.classes
    for caption, share, scores, kind in zip(
        picture.captions, overlap, found[:, :3], truth[:, 0].astype(int), strict=True
    ):
        said = int(scores.argmax())
        wanted = names[kind] if said == kind else f"{names[kind]}? {names[said]}"
        assert caption == f"IoU {share:.2f}\n{wanted}"


def test_picture_joins_the_answered_key_points_by_limbs():
    net = experiment(FIGURES, ["key_points"])
    (picture,) = net.pictures()
    held = net.split.validation
    found = outputs(net, held)[:8].reshape(8, 14, 2) * 24
    first = picture.lines[picture.lines[:, 0] == 0]
    assert len(first) == len(LIMBS) + 2 * len(JOINTS)
    for row, (one, other) in zip(first, LIMBS, strict=False):
        np.testing.assert_allclose(row, [0, 1, *found[0, one], *found[0, other]], rtol=1e-4, atol=1e-4)
    truth = held.targets[0, 0, 5:].reshape(14, 2)
    np.testing.assert_allclose(first[len(LIMBS) : len(LIMBS) + 14], np.c_[np.zeros((14, 2)), truth, truth])


def test_training_goes_on_from_a_checkpoint_with_the_same_bits():
    whole, first = experiment(), experiment()
    whole.advance(6)
    first.advance(3)
    second = experiment()
    second.restore(first.state())
    second.advance(3)
    for name, weight in whole.weights().items():
        np.testing.assert_array_equal(weight, second.weights()[name])


@pytest.mark.parametrize(
    ("data", "heads", "message"),
    [
        ({**SHAPES, "shapes": 3}, ["box"], r"data: has images .* with several: this task needs one each"),
        ({"name": "digits"}, ["box"], "has classes as targets, but this task needs objects"),
        (SHAPES, ["box", "box"], r"options\.heads: box is there twice"),
    ],
)
def test_what_cannot_be_located_is_refused(data, heads, message):
    with pytest.raises(BadInput, match=message):
        experiment(data, heads)


def test_the_last_layer_must_give_what_is_asked():
    chosen = scenario(SHAPES, ["class", "box"]).model_copy(update={"model": ["flatten", {"dense": 4}]})
    with pytest.raises(InvalidValue, match="gives 4 numbers per example, but the data needs 7"):
        task_of(chosen).build(chosen, 0, None)


def test_few_images_are_shown_too():
    made = experiment(SHAPES | {"points": 20})
    (picture,) = made.pictures()
    assert len(picture.images) == made.split.validation.count == 4
