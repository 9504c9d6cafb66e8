"""Images that are changed until a network sees in them what is wanted: each number against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from lab.errors import InvalidValue
from lab.graph.running import prepare
from lab.scenario.model import Scenario
from lab.tasks import task_of

CONV = [{"conv": 4, "kernel_size": 3}, "relu", "flatten", {"dense": 7}, "tanh", {"dense": "classes"}]
LINEAR = ["flatten", {"dense": "classes"}]
WATCH = [
    "score", "best_real_score", "above_real", "stuck", "activation", "total_variation", "real_total_variation",
    "content_distance", "pixel_distance", "style_distance", "nearest_real", "network_accuracy", "loss",
]  # fmt: skip


def scenario(model=None, steps=20, optimizer=None, **options):
    content = {
        "title": "Images", "task": "optimise-image", "data": {"name": "digits", "examples": 80, "validation": 0.3},
        "model": model or CONV, "init": "he", "optimizer": optimizer or {"name": "adam", "rate": 0.05},
        "options": {"network": {"steps": 30}, **options}, "train": {"steps": steps, "measure": 5}, "watch": WATCH,
    }  # fmt: skip
    return Scenario.model_validate(content)


def made(seed=0, **changes):
    chosen = scenario(**changes)
    experiment = task_of(chosen).build(chosen, seed, None)
    prepare(experiment.kernels())
    experiment.prepare()
    return experiment


def images_of(experiment):
    return experiment.read(experiment.images).astype(np.float64)


def forward(experiment, images):
    """What each layer gives, by name, in float64."""
    w = {name: value.astype(np.float64) for name, value in experiment.weights().items()}
    conv = np.zeros((len(images), 6, 6, 4))
    for a in range(3):
        for b in range(3):
            conv += images[:, a : a + 6, b : b + 6] @ w["conv1.weight"][a, b]
    conv += w["conv1.bias"]
    relu = np.maximum(conv, 0)
    hidden = np.tanh(relu.reshape(len(images), -1) @ w["dense1.weight"] + w["dense1.bias"])
    return {"conv1": conv, "relu1": relu, "tanh1": hidden, "output": hidden @ w["dense2.weight"] + w["dense2.bias"]}


def variation(images):
    _, height, width, _ = images.shape
    both = [np.abs(np.diff(images, axis=axis)).sum(axis=(1, 2, 3)) for axis in (1, 2)]
    return sum(both) / (height * width)


def test_scores_are_those_of_each_images_class_and_of_the_best_real_image():
    run = made(score=1)
    run.advance(20)
    values, images = run.measure(), images_of(run)
    own = forward(run, images)["output"][np.arange(10), np.arange(10)]
    assert values["score"] == pytest.approx(own.mean(), rel=1e-4)
    real = np.concatenate([run.split.train.numbers, run.split.validation.numbers]).astype(np.float64)
    best = forward(run, real)["output"].max(axis=0)
    assert values["best_real_score"] == pytest.approx(best.mean(), rel=1e-4)
    assert values["above_real"] == pytest.approx((own > best).mean())
    assert values["above_real"] > 0.5
    assert values["stuck"] == 0
    assert values["loss"] == pytest.approx(-own.mean(), rel=1e-4)
    answers = forward(run, run.split.validation.numbers.astype(np.float64))["output"].argmax(axis=1)
    assert values["network_accuracy"] == pytest.approx((answers == run.split.validation.targets).mean())
    assert values["network_accuracy"] > 0.3


def test_a_step_goes_along_the_weights_of_a_linear_network_and_stops_at_the_range_of_real_images():
    run = made(model=LINEAR, score=1, optimizer={"name": "sgd", "rate": 10.0}, start="grey")
    before = images_of(run)
    np.testing.assert_allclose(before, run.split.train.numbers.mean(), atol=1e-6)
    run.advance(1)
    weight = run.weights()["dense1.weight"].astype(np.float64)
    moved = before + 10.0 * weight.T.reshape(10, 8, 8, 1) / 10  # the loss is a mean over ten images
    np.testing.assert_allclose(images_of(run), np.clip(moved, 0, 1), atol=1e-5)
    run.advance(19)
    assert images_of(run).min() == 0
    assert images_of(run).max() == 1


def test_the_network_is_trained_before_and_stays_as_it_is():
    run, untrained = made(score=1), made(score=1, network={"steps": 0})
    before = run.weights()
    assert not np.allclose(before["conv1.weight"], untrained.weights()["conv1.weight"])
    run.advance(5)
    after = run.weights()
    for name in before:
        assert np.array_equal(before[name], after[name]) == (name != "images")
    assert list(run.settings()) == ["options.score", "optimizer.rate", *list(run.settings())[2:]]
    assert not any(name.startswith("network.") for name in run.settings())


def test_priors_are_counted_and_keep_images_smooth():
    rough, smooth, jittered = made(score=1), made(score=1, total_variation=5, l2=0.1), made(score=1, jitter=2)
    for run in (rough, smooth, jittered):
        run.advance(20)
    values, images = smooth.measure(), images_of(smooth)
    assert values["total_variation"] == pytest.approx(variation(images).mean(), rel=1e-4)
    held = smooth.split.validation.numbers.astype(np.float64)
    assert values["real_total_variation"] == pytest.approx(variation(held).mean(), rel=1e-5)
    score = forward(smooth, images)["output"][np.arange(10), np.arange(10)].mean()
    expected = 5 * variation(images).mean() + 0.1 * (images**2).mean() - score
    assert values["loss"] == pytest.approx(expected, rel=1e-4)
    assert values["total_variation"] < 0.7 * rough.measure()["total_variation"]
    assert not np.array_equal(images_of(jittered), images_of(rough))


def test_blur_takes_every_pixel_part_of_the_way_to_its_neighbours():
    still = made(score=1e-9, blur=0.5, optimizer={"name": "sgd", "rate": 1e-9}, start_deviation=0.3)
    before = images_of(still)
    padded, ones = (np.pad(each, ((0, 0), (1, 1), (1, 1), (0, 0))) for each in (before, np.ones_like(before)))
    window = np.outer([1, 2, 1], [1, 2, 1])
    sums = [
        sum(window[a, b] * each[:, a : a + 8, b : b + 8] for a in range(3) for b in range(3)) for each in (padded, ones)
    ]
    still.advance(1)
    np.testing.assert_allclose(images_of(still), before + 0.5 * (sums[0] / sums[1] - before), atol=1e-5)


def test_content_and_style_are_distances_of_features_and_of_gram_matrices():
    run = made(content=1, content_layer="relu1", style=2, style_layers=["conv1", "relu1"], images=4)
    run.advance(20)
    values, images = run.measure(), images_of(run)
    now, content, style = (forward(run, each) for each in (images, run.contents, run.styles))

    def relative(one, other):
        axes = tuple(range(1, one.ndim))
        return (((one - other) ** 2).sum(axis=axes) / (other**2).sum(axis=axes)).mean()

    assert values["content_distance"] == pytest.approx(relative(now["relu1"], content["relu1"]), rel=1e-3)
    grams = [[np.einsum("nijc,nijd->ncd", each[name], each[name]) / 36 for name in ("conv1", "relu1")]
             for each in (now, style)]  # fmt: skip
    expected = np.mean([relative(one, other) for one, other in zip(*grams, strict=True)])
    assert values["style_distance"] == pytest.approx(expected, rel=1e-3)
    assert values["loss"] == pytest.approx(values["content_distance"] + 2 * values["style_distance"], rel=1e-3)
    middle = run.contents - run.contents.mean(axis=(1, 2, 3), keepdims=True)
    pixels = (((images - run.contents) ** 2).sum(axis=(1, 2, 3)) / (middle**2).sum(axis=(1, 2, 3))).mean()
    assert values["pixel_distance"] == pytest.approx(pixels, rel=1e-4)
    # One image of each class: so also what they are made of.
    assert {each.tobytes() for each in run.contents.astype(np.float32)} <= {
        each.tobytes() for each in run.split.validation.numbers
    }


def test_an_image_is_found_again_from_the_first_layer():
    run = made(content=1, content_layer="conv1", steps=300, images=3)
    before = run.measure()["pixel_distance"]
    run.advance(300)
    assert run.measure()["pixel_distance"] < 0.05 < before


def test_a_layers_activations_grow_from_a_photograph():
    run = made(activation=1, activation_layer="relu1", start="content", images=5)
    np.testing.assert_allclose(images_of(run), run.contents, atol=1e-6)
    before = run.measure()["activation"]
    run.advance(20)
    values = run.measure()
    relu = forward(run, images_of(run))["relu1"]
    assert values["activation"] == pytest.approx((relu**2).mean(), rel=1e-4)
    assert values["activation"] > 1.5 * before


def test_a_unit_whose_input_is_below_0_is_stuck_and_one_before_its_activation_is_not():
    for layer, stuck in (("relu1", 0.5), ("conv1", 0.0)):
        run = made(score=1, target_layer=layer, start="grey")
        run.put(run.network.kept["conv1.bias"], np.array([-100, 5, -100, 5], np.float32))
        before = images_of(run)
        run.advance(5)
        assert run.measure()["stuck"] == stuck
        assert np.array_equal(images_of(run)[[0, 2]], before[[0, 2]]) == (stuck > 0)
        assert not np.array_equal(images_of(run)[[1, 3]], before[[1, 3]])
        table = next(each for each in run.pictures() if each.name == "ascent")
        assert [row[0] for row in table.rows] == [f"channel {number}" for number in range(4)]
        assert [row[-1].startswith("stuck") for row in table.rows] == [stuck > 0, False, stuck > 0, False]


def test_nearest_real_is_the_distance_of_the_nearest_training_image():
    run = made(score=1)
    run.advance(5)
    images = images_of(run).reshape(10, -1)
    real = run.split.train.numbers.reshape(run.split.train.count, -1).astype(np.float64)
    nearest = np.mean([min(((image - each) ** 2).sum() for each in real) for image in images])
    one, other = np.random.default_rng(0).integers(len(real), size=(2, 500))
    by_chance = ((real[one] - real[other]) ** 2).sum(axis=1).mean()
    assert run.measure()["nearest_real"] == pytest.approx(nearest / by_chance, rel=1e-4)


def test_pictures_show_the_images_now_beside_what_they_are_made_of():
    run = made(content=1, content_layer="relu1", style=1, style_layers=["relu1"], images=3)
    for _ in range(6):
        run.measure()
        run.advance(3)
    run.measure()
    now, beside, over_time = run.pictures()
    images = images_of(run)
    np.testing.assert_allclose(now.images, images[..., 0], atol=1e-6)
    shares = special.softmax(forward(run, images)["output"], axis=1)
    expected = [f"{row.argmax()} {100 * row.max():.0f} %" for row in shares]
    assert list(now.captions) == expected
    for number, strip in enumerate(beside.images):
        for place, each in enumerate((run.styles[number], run.contents[number], images[number])):
            np.testing.assert_allclose(strip[:, 9 * place : 9 * place + 8], each[..., 0], atol=1e-6)
    assert over_time.captions[0] == "steps 0, 3, 6, 9, 18"
    np.testing.assert_allclose(over_time.images[:, :, -8:], images[..., 0], atol=1e-6)


def test_it_goes_on_from_a_state_to_the_same_bits():
    whole, part, resumed = (made(score=1, jitter=1) for _ in range(3))
    whole.measure()
    whole.advance(20)
    part.measure()
    part.advance(8)
    state = part.state()
    resumed.restore(state)
    resumed.advance(12)
    np.testing.assert_array_equal(images_of(resumed), images_of(whole))
    assert resumed.measure() == whole.measure()


@pytest.mark.parametrize(
    ("options", "place", "told"),
    [
        ({}, ("options", "score"), "give one of score, activation, content and style a weight"),
        ({"style": 1}, ("options", "style_layers"), "must name the layers"),
        ({"activation": 1}, ("options", "activation_layer"), "must name the layer"),
        ({"score": 1, "target_layer": "relu9"}, ("options", "target_layer"), "there is no layer 'relu9'"),
        ({"style": 1, "style_layers": ["tanh1"]}, ("options", "style_layers", 0), "gives no maps"),
        ({"content": 1, "content_data": {"name": "shapes"}}, ("options", "content_data"), "has images of"),
        ({"style": 1, "style_layers": ["relu1"], "style_class": "boot"}, ("options", "style_class"), "no class 'boot'"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(options, place, told):
    chosen = scenario(**options)
    with pytest.raises(InvalidValue, match=told) as caught:
        task_of(chosen).build(chosen, 0, None)
    assert caught.value.path == place


def test_images_and_some_held_back_are_needed():
    for data in ({"name": "spiral", "validation": 0.2}, {"name": "digits"}):
        chosen = scenario(score=1).model_copy(update={"data": data})
        with pytest.raises(InvalidValue, match="needs images, some of them held back"):
            task_of(chosen).build(chosen, 0, None)
