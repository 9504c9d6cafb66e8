"""`task: detect`: coding, assignment, losses, metrics and pictures against plain loops, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.data.data import Data
from lab.errors import BadInput, InvalidValue
from lab.graph import constant, evaluate
from lab.graph.running import prepare
from lab.metrics.detection import average_precision, intersection_over_union, match, precision_and_recall
from lab.metrics.detection.judged import truths_of
from lab.metrics.detection.said import Said, select
from lab.scenario.model import Scenario
from lab.tasks import task_of
from lab.tasks.detection import box_coding
from lab.tasks.detection.assignment import assign
from lab.tasks.detection.detector import detector
from lab.tasks.detection.detectors.yolo import weighed_squares
from tests.graph.checking import check

SHAPES = {"name": "shape-objects", "points": 40, "size": 24, "shapes": 3, "kinds": 3, "validation": 0.25}
YOLO = {"yolo": {"grid": 3, "boxes": 2, "coordinates": 4.0, "empty": 0.25}}
SSD = {"ssd": {"maps": [3, 2], "scales": [0.3, 0.45], "ratios": [1, 2], "match": 0.4}}
MODELS = {"yolo": ["flatten", {"dense": 117}], "ssd": ["flatten", {"dense": 208}]}
WATCH = [
    f"{part}{name}"
    for part in ("", "val_")
    for name in ("mean_average_precision", "mean_average_precision_coco", "objects_found", "detections_per_image")
]


def scenario(chosen, data=SHAPES, model=None, **options):
    return Scenario.model_validate(
        {
            "title": "Detect",
            "task": "detect",
            "data": data,
            "model": MODELS[next(iter(chosen))] if model is None else model,
            "optimizer": {"name": "adam", "rate": 0.003},
            "train": {"batch": "all", "steps": 3},
            "options": {"detector": chosen, "pictures": ["detected_objects"], **options},
            "watch": ["loss", "val_loss", *WATCH],
        }
    )


def experiment(chosen, **changes):
    made = scenario(chosen, **changes)
    found = task_of(made).build(made, 0, None)
    prepare(found.kernels())
    found.prepare()
    return found


class Fixed:
    """Numbers that could be changed, as constants."""

    def number(self, name, settings, field):
        return constant(getattr(settings, field))


def on_images(chosen, objects, size=24, classes=3):
    """A detector, and the data for which it is made: black images with these objects [n, most, 5]."""
    targets = np.asarray(objects, np.float32)
    data = Data(
        np.zeros((len(targets), size, size, 3)), targets, "objects", classes=("circle", "square", "cross")[:classes]
    )
    return detector(chosen, ()).on(data, Fixed()), data


def boxes_strategy(least=1, most=6, size=24):
    place = st.floats(0, size - 3, width=32)
    side = st.floats(2, size, width=32)
    return st.lists(st.tuples(place, place, side, side), min_size=least, max_size=most).map(
        lambda rows: np.array([[x, y, x + w, y + h] for x, y, w, h in rows], np.float64).reshape(-1, 4)
    )


def objects_of(rng, images=6, most=4, size=24):
    """Random objects, some places without one."""
    low = rng.uniform(0, size - 8, (images, most, 2))
    side = rng.uniform(3, 8, (images, most, 2))
    classes = rng.integers(-1, 3, (images, most, 1))
    return np.concatenate([classes, low, low + side], axis=2).astype(np.float32)


# Boxes as offsets


@settings(max_examples=60, deadline=None)
@given(boxes_strategy(1, 1), boxes_strategy(1, 1))
def test_offsets_are_read_back_as_the_boxes(boxes, anchors):
    offsets = box_coding.encode(boxes, anchors)
    (x, y, right, low), (ax, ay, aright, alow) = boxes[0], anchors[0]
    width, height = aright - ax, alow - ay
    by_hand = [
        ((x + right) / 2 - (ax + aright) / 2) / width,
        ((y + low) / 2 - (ay + alow) / 2) / height,
        np.log((right - x) / width),
        np.log((low - y) / height),
    ]
    np.testing.assert_allclose(offsets[0], by_hand, atol=1e-9)
    np.testing.assert_allclose(box_coding.decode(offsets, anchors), boxes, atol=1e-6)


def test_offsets_of_an_untrained_network_make_finite_boxes():
    assert np.isfinite(box_coding.decode(np.full((1, 4), 1e4), np.array([[0, 0, 8, 8]]))).all()


# Which place is trained to find which object


@settings(max_examples=80, deadline=None)
@given(boxes_strategy(0, 4), boxes_strategy(1, 8), st.sampled_from([0.3, 0.5, 0.7]))
def test_assignment_is_that_of_a_plain_loop(boxes, anchors, threshold):
    taken = assign(boxes, anchors, threshold)
    overlaps = intersection_over_union(boxes, anchors)
    expected = np.full(len(anchors), -1)
    for anchor in range(len(anchors)):
        best = -1
        for each in range(len(boxes)):
            if overlaps[each, anchor] >= threshold and (best < 0 or overlaps[each, anchor] > overlaps[best, anchor]):
                best = each
        expected[anchor] = best
    objects, free = set(range(len(boxes))), set(range(len(anchors)))
    while pairs := [(overlaps[o, a], -o, -a) for o in objects for a in free if overlaps[o, a] > 0]:
        _, one, other = max(pairs)
        expected[-other] = -one
        objects.discard(-one)
        free.discard(-other)
    np.testing.assert_array_equal(taken, expected)


def test_every_object_that_overlaps_an_anchor_gets_one_though_it_be_a_bad_one():
    taken = assign(np.array([[0, 0, 2, 2], [1, 1, 9, 9]]), np.array([[0, 0, 10, 10], [20, 20, 30, 30]]))
    assert taken.tolist() == [1, -1]  # the better of the two; there is no other anchor that overlaps the first
    taken = assign(np.array([[0, 0, 2, 2], [1, 1, 9, 9]]), np.array([[0, 0, 10, 10], [1, 1, 30, 30]]))
    assert taken.tolist() == [1, 0]


@pytest.mark.parametrize("seed", range(5))
def test_the_cell_of_an_objects_middle_answers_for_it(seed):
    objects = objects_of(np.random.default_rng(seed))
    made, data = on_images(YOLO, objects)
    encoded, assigned = made.encode(data), made.assigned(data)
    for image, own in enumerate(objects):
        expected = np.array([[-1, 0, 0, 0, 0]] * 9, np.float64)
        for number, (class_, left, top, right, low) in enumerate(own.astype(np.float64)):
            column, row = (left + right) / 2 / 8, (top + low) / 2 / 8
            cell = int(row) * 3 + int(column)
            first = class_ >= 0 and expected[cell, 0] < 0
            assert assigned[image, number] == first
            if first:
                expected[cell] = [class_, column % 1, row % 1, np.sqrt((right - left) / 24), np.sqrt((low - top) / 24)]
        np.testing.assert_allclose(encoded[image], expected, atol=1e-5)


def test_what_a_cell_should_say_is_read_as_the_object():
    objects = [[[2, 3, 4, 13, 10], [0, 14, 15, 24, 24]]]
    made, data = on_images(YOLO, objects)
    (cells,) = made.encode(data)
    outputs = np.zeros((1, 9, 13))
    for cell in np.flatnonzero(cells[:, 0] >= 0):
        outputs[0, cell, 5:10] = [*cells[cell, 1:], 0.9]  # the second box
        outputs[0, cell, 10 + int(cells[cell, 0])] = 0.8
    said = made.read(outputs.reshape(1, 3, 3, 13), made.encode(data))
    found = said.candidates(0.5)
    assert said.boxes.shape == (1, 18, 1, 4)
    assert found.scores == pytest.approx([0.72, 0.72])
    order = np.argsort(found.classes)
    assert found.classes[order].tolist() == [0, 2]
    np.testing.assert_allclose(found.boxes[order], [[14, 15, 24, 24], [3, 4, 13, 10]], atol=1e-5)


def test_default_boxes_stand_at_the_middles_of_places_map_by_map():
    made, _ = on_images(SSD, [[[0, 0, 0, 8, 8]]])
    assert made.places == 9 + 4
    assert made.outputs == 2 * (1 + 3 + 4)
    expected = []
    for side, scale in ((3, 0.3), (2, 0.45)):
        for row in range(side):
            for column in range(side):
                for ratio in (1, 2):
                    x, y = (column + 0.5) / side * 24, (row + 0.5) / side * 24
                    width, height = 24 * scale * np.sqrt(ratio), 24 * scale / np.sqrt(ratio)
                    expected.append([x - width / 2, y - height / 2, x + width / 2, y + height / 2])
    np.testing.assert_allclose(made.anchors, expected)


@pytest.mark.parametrize("seed", range(3))
def test_what_default_boxes_should_say_is_read_as_the_objects(seed):
    objects = objects_of(np.random.default_rng(seed), most=2)
    made, data = on_images(SSD, objects)
    encoded = made.encode(data)
    outputs = np.zeros((len(objects), len(made.anchors), 8))
    classes = encoded[..., 0].astype(int)
    np.put_along_axis(outputs, classes[..., None], 50, axis=2)
    outputs[..., 4:] = encoded[..., 1:]
    found = made.read(outputs, encoded).candidates(0.5)
    truths, assigned = truths_of(objects), made.assigned(data)
    assert found.count == (classes > 0).sum()
    reached = set()
    for image, class_, box in zip(found.images, found.classes, found.boxes, strict=True):
        same = (truths.images == image) & (truths.classes == class_)
        near = np.flatnonzero(same & (np.abs(truths.boxes - box).max(axis=1) < 1e-4))
        assert len(near) == 1
        reached.add(int(near[0]))
    assert len(reached) == assigned.sum()


# Losses


def yolo_by_hand(outputs, cells, boxes, coordinates, empty, grid):
    """The loss of You only look once, sum by sum, and its gradient; outputs [images, cells, numbers]."""
    total, gradient = 0.0, np.zeros_like(outputs)
    for image, cell in np.ndindex(cells.shape[:2]):
        class_, *wanted = cells[image, cell]
        own, slope = outputs[image, cell], gradient[image, cell]
        responsible = -1
        if class_ >= 0:
            corners = []
            for x, y, w, h in [wanted, *(own[5 * b : 5 * b + 4] for b in range(boxes))]:
                corners.append([x / grid - w * w / 2, y / grid - h * h / 2, x / grid + w * w / 2, y / grid + h * h / 2])
            overlaps = intersection_over_union(corners[:1], corners[1:])[0]
            apart = [((own[5 * b : 5 * b + 4] - wanted) ** 2).sum() for b in range(boxes)]
            responsible = int(np.argmax(overlaps) if overlaps.max() > 0 else np.argmin(apart))
            one_hot = np.eye(len(own) - 5 * boxes)[int(class_)]
            total += ((own[5 * boxes :] - one_hot) ** 2).sum()
            slope[5 * boxes :] = 2 * (own[5 * boxes :] - one_hot)
        for b in range(boxes):
            confidence = own[5 * b + 4]
            if b == responsible:
                error = own[5 * b : 5 * b + 4] - wanted
                total += coordinates * (error**2).sum() + (confidence - overlaps[b]) ** 2
                slope[5 * b : 5 * b + 4] = 2 * coordinates * error
                slope[5 * b + 4] = 2 * (confidence - overlaps[b])
            else:
                total += empty * confidence**2
                slope[5 * b + 4] = 2 * empty * confidence
    return total / len(outputs), gradient / len(outputs)


@pytest.mark.parametrize("seed", range(4))
def test_the_loss_of_yolo_is_that_of_the_paper(seed):
    rng = np.random.default_rng(seed)
    made, data = on_images(YOLO, objects_of(rng, most=3))
    cells = made.encode(data).astype(np.float64)
    outputs = rng.uniform(-0.2, 1, (len(cells), 9, 13))
    value, (gradient,) = evaluate(lambda x: made.loss(x, constant(cells)), outputs, gradients=True, dtype="float64")
    expected, slope = yolo_by_hand(outputs, cells, 2, 4.0, 0.25, 3)
    assert value[0] == pytest.approx(expected, rel=1e-10)
    np.testing.assert_allclose(gradient, slope, atol=1e-10)


def test_weighed_squares():
    rng = np.random.default_rng(0)
    numbers, wanted, weights = rng.standard_normal((3, 4, 5))
    check(
        lambda x: weighed_squares(x, constant(wanted), constant(weights)),
        numbers,
        equals=[(weights * (numbers - wanted) ** 2).sum()],
    )


def ssd_by_torch(outputs, encoded, ratio, weight):
    torch = pytest.importorskip("torch")
    x = torch.tensor(outputs, requires_grad=True)
    labels = torch.tensor(encoded[..., 0]).long()
    positive = labels > 0
    each = torch.nn.functional.cross_entropy(x[..., :-4].flatten(0, 1), labels.flatten(), reduction="none")
    each = each.reshape(labels.shape)
    mined = each.detach().clone()
    mined[positive] = 0
    rank = mined.argsort(1, descending=True).argsort(1)
    chosen = positive | ((rank < ratio * positive.sum(1, keepdim=True)) & ~positive)
    near = torch.nn.functional.smooth_l1_loss(
        x[..., -4:][positive], torch.tensor(encoded[..., 1:])[positive], reduction="sum"
    )
    loss = (each[chosen].sum() + weight * near) / positive.sum().clamp(min=1)
    loss.backward()
    return loss.item(), x.grad.numpy()


@pytest.mark.parametrize("seed", range(4))
def test_the_loss_of_ssd_is_that_of_torch(seed):
    rng = np.random.default_rng(seed)
    made, data = on_images({"ssd": {**SSD["ssd"], "negatives": 2, "offsets": 1.5}}, objects_of(rng, images=3))
    encoded = made.encode(data).astype(np.float64)
    outputs = rng.standard_normal((3, len(made.anchors), 8))
    value, (gradient,) = evaluate(lambda x: made.loss(x, constant(encoded)), outputs, gradients=True, dtype="float64")
    expected, slope = ssd_by_torch(outputs, encoded, 2, 1.5)
    assert value[0] == pytest.approx(expected, rel=1e-9)
    np.testing.assert_allclose(gradient, slope, atol=1e-9)


def test_the_gradient_of_ssd_is_that_of_finite_differences():
    rng = np.random.default_rng(7)
    chosen = {"ssd": {"maps": [2], "scales": [0.5], "ratios": [1], "match": 0.3}}
    made, data = on_images(chosen, objects_of(rng, images=2, most=2))
    encoded = made.encode(data).astype(np.float64)
    assert (encoded[..., 0] > 0).any()
    assert (encoded[..., 0] == 0).any()
    outputs = rng.standard_normal((2, 4, 8))
    value = evaluate(lambda x: made.loss(x, constant(encoded)), outputs, dtype="float64")
    check(lambda x: made.loss(x, constant(encoded)), outputs, equals=value)


@pytest.mark.parametrize("chosen", [YOLO, SSD])
def test_images_without_objects_have_a_finite_loss(chosen):
    made, data = on_images(chosen, np.full((2, 1, 5), -1.0))
    outputs = np.random.default_rng(0).standard_normal((2, made.places * made.outputs))
    value, (gradient,) = evaluate(lambda x: made.loss(x, constant(made.encode(data))), outputs, gradients=True)
    assert np.isfinite(value).all()
    assert np.isfinite(gradient).all()


# From numbers to detections


def test_selection_keeps_the_best_of_what_lies_on_it():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [0, 0, 10, 10], [20, 20, 30, 30]], np.float64)
    scores = np.array([[0.6, 0.0], [0.9, 0.0], [0.0, 0.5], [0.04, 0.3]])
    said = Said(np.stack([boxes, boxes])[:, :, None], np.stack([scores, np.zeros((4, 2))]))
    chosen = select(said.candidates(0.05), 0.5)
    found = chosen.detections
    assert found.images.tolist() == [0, 0, 0]
    assert found.scores.tolist() == [0.9, 0.5, 0.3]
    assert found.classes.tolist() == [0, 1, 1]
    candidates = chosen.candidates
    lost = np.flatnonzero(chosen.by >= 0)
    assert candidates.scores[lost].tolist() == [0.6]
    assert candidates.scores[chosen.by[lost]].tolist() == [0.9]


def test_nothing_above_the_threshold_is_no_detection():
    said = Said(np.zeros((3, 2, 1, 4)), np.zeros((3, 2, 2)))
    assert select(said.candidates(0.5), 0.5).detections.count == 0


# The task


def by_loop(judged, outputs):
    """mAP and share of objects found, from outputs, class by class."""
    detections, truths = judged.select(outputs).detections, judged.truths
    precisions, found = [], 0
    for number in np.unique(truths.classes):
        own = truths.of_class(number)
        matches = match(detections.of_class(number), own, 0.5, "voc")
        precisions.append(average_precision(*precision_and_recall(matches.correct, own.count), "area"))
        found += matches.correct.sum()
    return np.mean(precisions), found / truths.count


@pytest.mark.parametrize("chosen", [YOLO, SSD])
def test_metrics_are_what_they_say(chosen):
    net = experiment(chosen, score_threshold=0.01)
    net.advance(150)
    values = net.measure()
    for before, part in (("", net.split.train), ("val_", net.split.validation)):
        judged = net.inspection.detection.judged(part)
        outputs = answers(net, part)
        precision, found = by_loop(judged, outputs)
        detections = judged.select(outputs).detections
        assert values[f"{before}mean_average_precision"] == pytest.approx(precision, abs=1e-6)
        assert values[f"{before}objects_found"] == pytest.approx(found)
        assert values[f"{before}detections_per_image"] == pytest.approx(detections.count / part.count)
        assert 0 <= values[f"{before}mean_average_precision_coco"] <= precision + 0.05
    assert values["objects_found"] > 0.2


@pytest.mark.parametrize("chosen", [YOLO, SSD])
def test_time_per_image_is_the_sum_of_its_parts_and_the_share_of_objects_with_a_place_is_counted(chosen):
    parts = ("proposal_time", "feature_time", "head_time")
    made = scenario(chosen).model_copy(
        update={"watch": ["time_per_image", *parts, "objects_assigned", "val_objects_assigned"]}
    )
    net = task_of(made).build(made, 0, None)
    prepare(net.kernels())
    net.prepare()
    values = net.measure()
    assert values["time_per_image"] == pytest.approx(sum(values[each] for each in parts))
    assert values["feature_time"] > 0
    assert values["head_time"] > 0
    assert values["proposal_time"] < 0.1 * values["time_per_image"]
    for before, part in (("", net.split.train), ("val_", net.split.validation)):
        found = net.inspection.detection.detector.assigned(part)
        here = part.targets[..., 0] >= 0
        assert values[f"{before}objects_assigned"] == pytest.approx(found.sum() / here.sum())
        assert not found[~here].any()


def answers(net, part):
    from lab.tasks.training.predictor import Predictor

    found = Predictor(net.network, part.numbers.shape)(part.numbers, net.weights(), net.settings())
    return found["output"]


@pytest.mark.parametrize("chosen", [YOLO, SSD])
def test_the_picture_shows_true_boxes_and_detected_ones(chosen):
    net = experiment(chosen, score_threshold=0.01)
    net.advance(150)
    (picture,) = net.pictures()
    assert (picture.boxes[:, 1] == 1).any()
    held = net.split.validation.rows(np.arange(6))
    judged = net.inspection.detection.judged(held)
    said = judged.select(answers(net, net.split.validation)[:6]).detections
    shown = said.rows(np.flatnonzero(said.scores >= 0.2))
    truths = truths_of(held.targets)
    assert picture.outlines == ("truth", "detection")
    here = picture.boxes[:, 1] == 0
    np.testing.assert_allclose(picture.boxes[here, 0], truths.images)
    np.testing.assert_allclose(picture.boxes[here, 2:], truths.boxes)
    np.testing.assert_allclose(picture.boxes[~here, 0], shown.images)
    np.testing.assert_allclose(picture.boxes[~here, 2:], shown.boxes, atol=1e-3)
    for image, caption in enumerate(picture.captions):
        own = [match(shown.of_class(c), truths.of_class(c), 0.5) for c in range(3)]
        found = sum(
            int((each.correct & (shown.of_class(c).images[each.order] == image)).sum()) for c, each in enumerate(own)
        )
        there, false = (truths.images == image).sum(), (shown.images == image).sum() - found
        assert caption == f"{found} of {there} found" + (f"\n{false} wrong" if false else "")


@pytest.mark.parametrize("chosen", [YOLO, SSD])
def test_training_goes_on_from_a_checkpoint_with_the_same_bits(chosen):
    whole, first = experiment(chosen), experiment(chosen)
    whole.advance(6)
    first.advance(3)
    second = experiment(chosen)
    second.restore(first.state())
    second.advance(3)
    for name, weight in whole.weights().items():
        np.testing.assert_array_equal(weight, second.weights()[name])


def test_one_image_is_learned_by_heart():
    """What somebody does first whose detector finds nothing."""

    def head(size):
        return [{"max_pool": size}, {"conv": "outputs", "kernel_size": 3, "padding": 1}, "flatten"]

    features = [{"conv": 16, "kernel_size": 3, "padding": 1}, "relu", {"max_pool": 4}]
    features += [{"conv": 32, "kernel_size": 3, "padding": 1}, "relu"]
    model = [*features, {"parallel": [head(2), head(3)]}]
    net = experiment(SSD, data={**SHAPES, "points": 6, "examples": 1}, model=model)
    net.advance(150)
    assert net.measure()["mean_average_precision"] == 1


def test_weights_of_the_loss_can_be_changed_while_it_runs():
    net = experiment(YOLO)
    before = net.measure()["loss"]
    net.change("options.detector.yolo.coordinates", 100)
    assert net.measure()["loss"] > before
    with pytest.raises(InvalidValue, match="at least 0"):
        net.change("options.detector.yolo.empty", -1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": {"name": "digits"}}, "has classes as targets, but this task needs objects"),
        ({"chosen": {"yolo9000": {}}}, r"options\.detector\.yolo9000: there is no detector 'yolo9000'"),
        ({"chosen": {"yolo": {"grid": 0}}}, r"options\.detector\.yolo\.grid"),
        ({"chosen": {"ssd": {"maps": [3], "scales": [0.3, 0.4]}}}, r"scales: has 2 numbers, but there are 1 maps"),
        ({"chosen": {"yolo": {"grid": 4}}}, "the last layer gives 117 numbers per example, but the data needs 208"),
    ],
)
def test_what_is_wrong_is_refused(changes, message):
    given = {"chosen": YOLO, **changes}
    chosen = given.pop("chosen")
    with pytest.raises(BadInput, match=message):
        experiment(chosen, model=MODELS["yolo"], **given)
