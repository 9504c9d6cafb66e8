"""Images that are changed until a network sees in them what is wanted: each number against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from PIL import Image
from scipy import special

from lab.data import load
from lab.errors import InvalidValue
from lab.graph.running import prepare
from lab.scenario.loading import load_text
from lab.scenario.model import Scenario
from lab.session.sources import sources_of
from lab.tasks import task_of
from lab.tasks.image_optimisation.structure import autocovariance, structure_distance

CONV = [{"conv": 4, "kernel_size": 3}, "relu", "flatten", {"dense": 7}, "tanh", {"dense": "classes"}]
LINEAR = ["flatten", {"dense": "classes"}]
WATCH = [
    "score", "best_real_score", "above_real", "stuck", "activation", "total_variation", "real_total_variation",
    "content_distance", "content_recognised", "pixel_distance", "style_distance", "nearest_real", "network_accuracy",
    "loss",
]  # fmt: skip


def scenario(model=None, steps=20, optimizer=None, watch=WATCH, **options):
    content = {
        "title": "Images", "task": "optimise-image", "data": {"name": "digits", "examples": 80, "validation": 0.3},
        "model": model or CONV, "init": "he", "optimizer": optimizer or {"name": "adam", "rate": 0.05},
        "options": {"network": {"steps": 30}, **options}, "train": {"steps": steps, "measure": 5}, "watch": watch,
    }  # fmt: skip
    return Scenario.model_validate(content)


def made(seed=0, folder=None, **changes):
    chosen = scenario(**changes)
    experiment = task_of(chosen).build(chosen, seed, folder)
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


def test_structure_is_what_pixels_so_far_apart_have_to_do_with_each_other():
    random = np.random.default_rng(0)
    images, others = (random.standard_normal((2, 9, 11, 3)) for _ in range(2))

    def covariance(image, down, along):
        x = image - image.mean(axis=(0, 1))
        one = x[max(0, down) : 9 + min(0, down), max(0, along) : 11 + min(0, along)]
        other = x[max(0, -down) : 9 + min(0, -down), max(0, -along) : 11 + min(0, -along)]
        return (one * other).mean()

    found = autocovariance(images, 3)
    expected = [[[covariance(each, a, b) for b in range(-3, 4)] for a in range(-3, 4)] for each in images]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    lags = [(a, b) for a in range(-4, 5) for b in range(-4, 5) if max(abs(a), abs(b)) >= 2]
    apart = []
    for one, other in zip(images, others, strict=True):
        now, wanted = (np.array([covariance(each, *lag) for lag in lags]) for each in (one, other))
        apart.append(((now - wanted) ** 2).sum() / (wanted**2).sum())
    assert structure_distance(images, others, 2, 4) == pytest.approx(np.mean(apart))
    assert structure_distance(images, images[:, ::-1, ::-1], 1, 2) == pytest.approx(0, abs=1e-20)
    assert np.isnan(structure_distance(images, np.ones_like(images), 1, 2))
    assert np.isnan(structure_distance(images, others, 9, 12))


ANY_SIZE = [{"conv": 4, "kernel_size": 3}, "relu", "global_average_pool", {"dense": "classes"}]


def test_files_become_content_and_style_of_another_size(tmp_path):
    random = np.random.default_rng(0)
    for name, shape in (("content.png", (24, 24)), ("style.png", (48, 24))):
        Image.fromarray(random.integers(0, 256 if name == "content.png" else 40, shape, np.uint8)).save(tmp_path / name)
    given = {
        "start": "content", "style": 1, "style_layers": ["relu1"], "size": 24,
        "content_file": "content.png", "style_file": str(tmp_path / "style.png"), "watch": ["style_distance"],
    }  # fmt: skip
    run = made(folder=tmp_path, model=ANY_SIZE, **given)
    assert run.images.shape == (1, 24, 24, 1)
    expected = (
        np.asarray(Image.open(tmp_path / "content.png"), np.float64)[None, ..., None] / 255
    )  # digits: from 0 to 1
    np.testing.assert_allclose(images_of(run), expected, atol=1e-6)
    middle = np.asarray(Image.open(tmp_path / "style.png"), np.float64)[None, 12:36, :, None] / 255
    np.testing.assert_allclose(run.styles, middle, atol=1e-6)
    before = run.measure()["style_distance"]
    run.advance(20)
    assert run.measure()["style_distance"] < before / 2
    assert {source.name for source in sources_of(loaded(tmp_path, given), loaded(tmp_path, given).variants)} == {
        "content.png", str(tmp_path / "style.png"),
    }  # fmt: skip


def loaded(folder, options):
    chosen = scenario(model=ANY_SIZE, **options)
    content = chosen.model_dump(include={"title", "task", "data", "model", "options", "watch"})
    content |= {"optimizer": {"name": "adam", "rate": 0.05}, "train": {"steps": 20, "measure": 5}}
    return load_text(yaml.safe_dump(content), folder / "images.yaml")


def test_files_of_colours_are_prepared_as_the_data_are(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    chosen = scenario(model=ANY_SIZE, style=1, style_layers=["relu1"], style_file="photo.png", network={"steps": 0})
    data = {"name": "textures", "points": 64, "validation": 0.3, "standardise": True}
    run = task_of(chosen).build(chosen.model_copy(update={"data": data}), 0, tmp_path)
    plain = load({key: value for key, value in data.items() if key != "standardise"}, 0).train.numbers.astype(
        np.float64
    )
    expected = (pixels / 255 - plain.mean(axis=(0, 1, 2))) / plain.std(axis=(0, 1, 2))
    np.testing.assert_allclose(run.styles[0], expected, atol=1e-4)


@pytest.mark.parametrize(
    ("key", "name", "told"),
    [
        ("content_file", "gone.png", r"there is no file 'gone.png' in /.*test_a_file"),
        ("style_file", "text.png", "is damaged, cut off, or no image"),
        ("style_file", ".", "is a folder, not a file"),
        ("content_file", "large.png", "9,000 × 9,000 pixels; at most 67,108,864"),
    ],
)
def test_a_file_that_is_no_image_is_told_in_a_sentence(tmp_path, key, name, told):
    (tmp_path / "text.png").write_text("text")
    Image.new("1", (9_000, 9_000)).save(tmp_path / "large.png")
    chosen = scenario(style=1, style_layers=["relu1"], **{key: name})
    with pytest.raises(InvalidValue, match=told) as caught:
        task_of(chosen).build(chosen, 0, tmp_path)
    assert caught.value.path == ("options", key)


def test_another_size_needs_a_network_for_any_size():
    chosen = scenario(style=1, style_layers=["relu1"], size=24, watch=["style_distance"])
    with pytest.raises(InvalidValue, match=r"takes no images of this size: dense1") as caught:
        task_of(chosen).build(chosen, 0, None)
    assert caught.value.path == ("options", "size")
    other = scenario(model=ANY_SIZE, style=1, style_layers=["relu1"], size=24)
    with pytest.raises(InvalidValue, match="real images, which have another size"):
        task_of(other).build(other, 0, None)


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


def test_a_style_for_all_stands_once_before_pairs_of_content_and_image():
    run = made(content=1, content_layer="relu1", style=1, style_layers=["relu1"], style_class="3", images=3)
    run.advance(3)
    beside = next(each for each in run.pictures() if each.name == "beside")
    assert beside.title == "The style; content, made"
    assert len(beside.images) == 4
    np.testing.assert_allclose(beside.images[0][:, :8], run.styles[0, ..., 0], atol=1e-6)
    assert len(np.unique(beside.images[0][:, 8:])) == 1
    for number, strip in enumerate(beside.images[1:]):
        np.testing.assert_allclose(strip[:, :8], run.contents[number, ..., 0], atol=1e-6)
        np.testing.assert_allclose(strip[:, 9:17], images_of(run)[number, ..., 0], atol=1e-6)


def test_content_is_recognised_by_what_sets_its_features_apart():
    run = made(content=1, content_layer="relu1", images=6, steps=5)
    for _ in range(3):
        now, content = (forward(run, each)["relu1"] for each in (images_of(run), run.contents))
        one, other = ((each - each.mean(axis=0)).reshape(6, -1) for each in (now, content))
        likeness = [[(own @ each) / np.sqrt((own @ own) * (each @ each)) for each in other] for own in one]
        expected = (np.argmax(likeness, axis=1) == np.arange(6)).mean()
        assert run.measure()["content_recognised"] == pytest.approx(expected)
        run.advance(5)
    assert expected > 0.5


def test_content_of_other_data_is_in_the_numbers_of_the_data():
    chosen = scenario(model=ANY_SIZE, content=1, network={"steps": 0}, content_data={"name": "shapes", "points": 20})
    data = {"name": "textures", "points": 64, "validation": 0.3, "standardise": True}
    run = task_of(chosen).build(chosen.model_copy(update={"data": data}), 0, None)
    plain = load({key: value for key, value in data.items() if key != "standardise"}, 0).train.numbers.astype(
        np.float64
    )
    shapes = load({"name": "shapes", "points": 20}, 0).train.numbers.astype(np.float64)
    every = (shapes - plain.mean(axis=(0, 1, 2))) / plain.std(axis=(0, 1, 2))
    for each in run.contents:
        assert np.abs(every - each).max(axis=(1, 2, 3)).min() < 1e-3


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
        ({"score": 1, "network": {"batch": 999}}, ("options", "network", "batch"), "there are only"),
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
