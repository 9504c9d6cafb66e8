"""Classes of pixels: loss and scores against scikit-learn, windows against whole images, the picture, and refusals."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from scipy import special
from sklearn.metrics import jaccard_score

import lab.data
from kernels.plan import STEP
from lab.data.world_of_shapes import KINDS
from lab.errors import InvalidValue
from lab.graph import Layout
from lab.graph.running import bind, prepare
from lab.graph.tensor import Storage, assign
from lab.metrics import scores
from lab.scenario.model import Scenario
from lab.tasks import task_of
from lab.tasks.figures.masks import COLOURS
from lab.tasks.training.data import TrainingData
from lab.tasks.training.predictor import Predictor

DATA = {"name": "shape-masks", "points": 24, "validation": 0.25, "size": 16, "shapes": 1}
HEAD = {"conv": "classes", "kernel_size": 1}
LAYERS = [{"conv": 4, "kernel_size": 3}, "relu", {"conv": 5, "kernel_size": 3}, "tanh", HEAD]
WHOLE = [{"pad": 2}, *LAYERS]
WINDOWS = [{"windows": 5}, *LAYERS]
WATCH = ["loss", "val_loss", "mean_iou", "val_mean_iou", "pixel_accuracy", "val_pixel_accuracy", "multiply_adds"]


def scenario(model=WHOLE, data=DATA, watch=WATCH, **train):
    return Scenario.model_validate(
        {
            "title": "Pixels",
            "task": "segment",
            "data": data,
            "model": model,
            "optimizer": {"name": "adam", "rate": 0.01},
            "options": {"pictures": ["masks"]},
            "train": {"steps": 60, "batch": 4, **train},
            "watch": watch,
        }
    )


def experiment(model=WHOLE, steps=0, **changes):
    chosen = scenario(model, **changes)
    made = task_of(chosen).build(chosen, 3, None)
    prepare(made.kernels())
    made.prepare()
    made.advance(steps)
    return made


def answers(made, inputs):
    """The network's scores by pixel, [images, height, width, classes]."""
    given = Predictor(made.network, inputs.shape)(inputs, made.weights(), made.settings())["output"]
    return given.reshape(*inputs.shape[:3], -1)


def test_every_pixel_belongs_to_what_it_shows():
    made = lab.data.load({"name": "shape-masks", "points": 40, "kinds": 4, "fewest": 2, "shapes": 3}, seed=2).train
    assert made.classes == ("background", *KINDS[:4])
    assert made.targets.shape == (40, 32, 32)
    assert set(np.unique(made.targets)) == {0, 1, 2, 3, 4}
    np.testing.assert_array_equal(made.targets > 0, made.masks)
    grey = np.ptp(made.numbers, axis=3)  # the background is grey but for noise, shapes are not, unless they are white
    assert grey[made.targets == 0].max() < 0.11
    with pytest.raises(InvalidValue, match="3 is more than the most shapes, 2"):
        lab.data.load({"name": "shape-masks", "fewest": 3, "shapes": 2}, seed=0)


@pytest.mark.parametrize("seed", range(4))
def test_mean_iou_is_that_of_scikit_learn(seed):
    random = np.random.default_rng(seed)
    classes = int(random.integers(3, 6))
    true, said = random.integers(0, classes, (2, 500))
    if seed == 3:  # a class that is neither there nor answered
        true[true == 1], said[said == 1] = 0, 0
    confusion = scores.confusion_matrix(true, said, classes)
    assert scores.mean_iou(confusion) == pytest.approx(jaccard_score(true, said, average="macro"), rel=1e-12)
    for number in range(classes):
        hit, either = np.sum((true == number) & (said == number)), np.sum((true == number) | (said == number))
        assert scores.iou(confusion)[number] == pytest.approx(hit / either if either else 0)


@pytest.mark.parametrize("model", [WHOLE, WINDOWS])
def test_loss_and_scores_are_those_of_all_pixels(model):
    made = experiment(model, steps=25)
    values = made.measure()
    for prefix, part in (("", made.split.train), ("val_", made.split.validation)):
        given = answers(made, part.numbers)
        logs = special.log_softmax(given.astype(np.float64), axis=-1)
        expected = -np.take_along_axis(logs, part.targets[..., None], axis=-1).mean()
        assert values[f"{prefix}loss"] == pytest.approx(expected, rel=1e-4)
        said = given.argmax(axis=-1)
        assert values[f"{prefix}pixel_accuracy"] == pytest.approx((said == part.targets).mean(), abs=1e-6)
        macro = jaccard_score(part.targets.ravel(), said.ravel(), average="macro")
        assert values[f"{prefix}mean_iou"] == pytest.approx(macro, rel=1e-6)
        each = jaccard_score(part.targets.ravel(), said.ravel(), labels=range(4), average=None, zero_division=0)
        for name, value in zip(part.classes, each, strict=True):
            assert values[f"{prefix}mean_iou.{name}"] == pytest.approx(value, rel=1e-6)


def test_windows_one_by_one_answer_what_convolutions_answer_for_the_whole_image():
    whole, windows = experiment(WHOLE), experiment(WINDOWS)
    for name, weight in whole.weights().items():
        np.testing.assert_array_equal(weight, windows.weights()[name])
    images = whole.split.validation.numbers
    np.testing.assert_allclose(answers(windows, images), answers(whole, images), atol=1e-5)
    for each in (whole, windows):
        each.advance(10)
    np.testing.assert_allclose(answers(windows, images), answers(whole, images), atol=1e-3)


def test_what_windows_cost_is_counted_for_one_image():
    whole, windows = (experiment(model).measure()["multiply_adds"] for model in (WHOLE, WINDOWS))
    # The first convolution goes over 18 × 18 places of the padded image, or over 3 × 3 in each of 16 × 16 windows.
    assert whole == 18 * 18 * 9 * 3 * 4 + 16 * 16 * (9 * 4 * 5 + 5 * 4)
    assert windows == 16 * 16 * (3 * 3 * 9 * 3 * 4 + 9 * 4 * 5 + 5 * 4)


def test_it_learns():
    made = experiment(watch=["loss"])
    before = made.measure()["loss"]
    made.advance(60)
    assert made.measure()["loss"] < 0.5 * before


def test_the_picture_shows_image_truth_and_answer():
    made = experiment(steps=30)
    (shown,) = made.pictures()
    held = made.split.validation.rows(np.arange(2))
    assert shown.title == "Masks: blue circle, red square, green triangle"
    assert shown.images.shape == (2, 16, 16 * 3 + 2, 3)
    said = answers(made, held.numbers).argmax(axis=-1)
    inks = np.array(list(COLOURS.values()))
    np.testing.assert_allclose(shown.images[:, :, :16], held.numbers, atol=1e-6)
    np.testing.assert_allclose(shown.images[:, :, 17:33], inks[held.targets], atol=1e-6)
    np.testing.assert_allclose(shown.images[:, :, 34:], inks[said], atol=1e-6)
    first = jaccard_score(held.targets[0].ravel(), said[0].ravel(), average="macro")
    assert shown.captions[0] == f"IoU {first:.2f}: image, truth, answer"


def test_the_first_colours_are_told_apart_by_brightness_too():
    colours = np.array(list(COLOURS.values()))
    brightness = colours[:6] @ [0.299, 0.587, 0.114]
    assert np.diff(brightness).min() > 0.1
    apart = np.abs(colours[:, None] - colours[None]).max(axis=2)
    assert apart[np.triu_indices(len(colours), 1)].min() > 0.2  # all of them by colour


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": {"name": "shapes", "points": 20}}, "needs images and the class of each of their pixels"),
        ({"model": [{"conv": "classes", "kernel_size": 3}]}, "the last layer gives 784 numbers per example"),
        ({"model": [{"windows": 5}, "flatten", {"dense": 3}]}, "the last layer gives 768 numbers per example"),
    ],
)
def test_what_is_refused(change, message):
    chosen = scenario(**change)
    with pytest.raises(InvalidValue, match=message):
        task_of(chosen).check(chosen, None)


def test_one_answer_for_an_image_cannot_be_watched():
    chosen = scenario(watch=["accuracy"])
    with pytest.raises(InvalidValue, match="segment has no metric 'accuracy'"):
        task_of(chosen).check(chosen, None)


def test_pixels_that_do_not_count_are_in_no_loss_and_no_score(tmp_path):
    random = np.random.default_rng(0)
    for name in ("photos", "masks"):
        (tmp_path / name).mkdir()
    for number in range(8):
        image = random.integers(0, 256, (8, 8, 3), np.uint8)
        mask = np.where(random.random((8, 8)) < 0.3, 255, image[..., 0] // 128).astype(np.uint8)
        Image.fromarray(image).save(tmp_path / "photos" / f"{number}.png")
        Image.fromarray(mask).save(tmp_path / "masks" / f"{number}.png")
    block = {"images": "photos", "masks": "masks", "ignore_index": 255, "validation": 0.25}
    chosen = scenario([HEAD], data=block)
    made = task_of(chosen).build(chosen, 3, tmp_path)
    prepare(made.kernels())
    made.prepare()
    made.advance(5)
    measured = made.measure()
    for before, part in (("", made.split.train), ("val_", made.split.validation)):
        logits = answers(made, part.numbers).astype(np.float64)
        counts = part.targets >= 0
        assert 0 < counts.sum() < counts.size
        logarithms = special.log_softmax(logits, axis=-1)[counts]
        right = -np.take_along_axis(logarithms, part.targets[counts][:, None], axis=-1).mean()
        assert measured[f"{before}loss"] == pytest.approx(right, rel=1e-4)
        said = logits.argmax(axis=-1)[counts]
        score = jaccard_score(part.targets[counts], said, average="macro")
        assert measured[f"{before}mean_iou"] == pytest.approx(score, rel=1e-5)
        assert measured[f"{before}pixel_accuracy"] == pytest.approx((part.targets[counts] == said).mean(), rel=1e-5)
    (picture,) = made.pictures()
    truth = picture.images[0][:, 9:17]
    np.testing.assert_array_equal((truth == 0.5).all(axis=-1), made.split.validation.targets[0] < 0)


def test_masks_move_with_their_images(tmp_path):
    """Images show the class of each pixel as their level, so that both can be compared after they were moved."""
    random = np.random.default_rng(0)
    for name in ("photos", "masks"):
        (tmp_path / name).mkdir()
    for number in range(6):
        mask = random.integers(1, 4, (8, 8)).astype(np.uint8)
        Image.fromarray(mask * 60).save(tmp_path / "photos" / f"{number}.png")
        Image.fromarray(mask).save(tmp_path / "masks" / f"{number}.png")
    block = {"images": "photos", "masks": "masks", "augment": {"flip": True, "crop": 2}}
    chosen = scenario([HEAD], data=block, watch=["loss"])
    made = task_of(chosen).build(chosen, 3, tmp_path)
    x, y = TrainingData(made.split, 3).batch(4)
    kept = Storage("statistics")
    places = [kept.member(name, each.shape) for name, each in (("x", x), ("y", y))]
    layout = Layout({"batch": [assign(each, place) for each, place in zip((x, y), places, strict=True)]})
    memory = layout.memory(layout.shared_memory("float32"), 3)
    run, seen, moved = bind(layout.plans["batch"], memory).run, [], 0
    for step in range(20):
        memory.state[STEP] = step
        run()
        images, labels = (layout.view(memory, place).copy() for place in places)
        np.testing.assert_allclose(images[..., 0], np.where(labels < 0, 0, (labels + 1) * 60 / 255), atol=1e-5)
        moved += (labels < 0).any(axis=(1, 2)).sum()
        seen.append(labels)
    assert moved > 20
    assert len(np.unique(np.concatenate(seen), axis=0)) > 40
    made = task_of(chosen).build(chosen, 3, tmp_path)
    prepare(made.kernels())
    made.prepare()
    made.advance(20)
    assert np.isfinite(made.measure()["loss"])


def test_a_committee_is_not_asked_of_pixels():
    chosen = scenario(watch=["mean_iou", "committee_accuracy", "thinned_distance"])
    made = task_of(chosen).build(chosen, 0, None)
    prepare(made.kernels())
    made.prepare()
    assert made.measure().keys() == set(made.metrics)
    assert not any(name.startswith(("committee", "thinned")) for name in made.metrics)
