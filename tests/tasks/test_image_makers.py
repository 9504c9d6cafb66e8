"""What images are made from, beside pixels: codes of a generator, and contents by a network that learned a style."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from lab.errors import InvalidValue
from lab.graph.running import prepare
from lab.scenario.model import Scenario
from lab.tasks import task_of

LATENT, COUNT = 3, 10
CONV = [{"conv": 4, "kernel_size": 3}, "relu", "global_average_pool", {"dense": "classes"}]
JUDGE = {"steps": 60, "layers": ["flatten", {"dense": 7}, "tanh", {"dense": "classes"}]}
GENERATOR = {
    "steps": 200, "latent": LATENT, "encoder": ["flatten", {"dense": 16}, "tanh", {"dense": "outputs"}],
    "decoder": [{"dense": 16}, "tanh", {"dense": "outputs"}],
}  # fmt: skip
TRANSFORMER = {"layers": [{"conv": 5, "kernel_size": 1}, "tanh", {"conv": "outputs", "kernel_size": 1}], "batch": 3}
STYLED = {"style": 1, "style_layers": ["relu1"], "style_class": "3", "content": 0.1, "content_layer": "conv1"}


def scenario(steps=20, watch=("score",), **options):
    content = {
        "title": "Images", "task": "optimise-image", "data": {"name": "digits", "examples": 80, "validation": 0.3},
        "model": CONV, "init": "he", "optimizer": {"name": "adam", "rate": 0.05},
        "options": {"network": {"steps": 30}, **options}, "train": {"steps": steps, "measure": 5}, "watch": watch,
    }  # fmt: skip
    return Scenario.model_validate(content)


def made(seed=0, folder=None, **changes):
    chosen = scenario(**changes)
    experiment = task_of(chosen).build(chosen, seed, folder)
    prepare(experiment.kernels())
    experiment.prepare()
    return experiment


def dense(w, name, x):
    return x @ w[f"{name}.weight"].astype(np.float64) + w[f"{name}.bias"]


def seen_by(run, images):
    """Maps of the first convolution, and the network's answer."""
    w = {name: value.astype(np.float64) for name, value in run.numbers(run.network.kept).items()}
    conv = np.zeros((len(images), 6, 6, 4)) + w["conv1.bias"]
    for a in range(3):
        for b in range(3):
            conv += images[:, a : a + 6, b : b + 6] @ w["conv1.weight"][a, b]
    return conv, dense(w, "dense1", np.maximum(conv, 0).mean(axis=(1, 2)))


def judged_by(run, images):
    w = run.numbers(run.judge.kept)
    hidden = np.tanh(dense(w, "judge.dense1", images.reshape(len(images), -1)))
    return dense(w, "judge.dense2", hidden)


def painted(run):
    """What the decoder makes of the codes."""
    w = run.numbers(run.generator.decoder.kept)
    codes = run.read(run.maker.codes).astype(np.float64)
    hidden = np.tanh(dense(w, "generator.decoder.dense1", codes))
    low, high = run.value_range
    shares = special.expit(dense(w, "generator.decoder.dense2", hidden))
    return codes, (low + (high - low) * shares).reshape(-1, 8, 8, 1)


LATENT_ASCENT = {
    "score": 1, "generator": GENERATOR, "judge": JUDGE, "code_l2": 0.5, "start_deviation": 1,
    "watch": ["score", "loss", "code_size", "judge_agrees", "judge_accuracy", "nearest_real", "real_nearest_real"],
}  # fmt: skip


def test_codes_climb_and_the_decoder_paints():
    run = made(**LATENT_ASCENT)
    codes, images = painted(run)
    assert codes.shape == (COUNT, LATENT)
    assert 0.5 < codes.std() < 1.6
    np.testing.assert_allclose(run.found()["images"], images, atol=1e-5)
    before, first = run.numbers(run.generator.decoder.kept), run.measure()["score"]
    run.advance(20)
    values, (codes, images) = run.measure(), painted(run)
    np.testing.assert_allclose(run.found()["images"], images, atol=1e-5)
    after = run.numbers(run.generator.decoder.kept)
    assert all(np.array_equal(before[name], after[name]) for name in before)
    own = seen_by(run, images)[1][np.arange(COUNT), np.arange(COUNT)]
    assert values["score"] == pytest.approx(own.mean(), rel=1e-3)
    assert values["score"] > first
    assert values["code_size"] == pytest.approx((codes**2).mean(), rel=1e-4)
    assert values["loss"] == pytest.approx(0.5 * (codes**2).mean() - own.mean(), rel=1e-3)


def test_the_judge_is_trained_and_then_only_asked():
    run = made(**LATENT_ASCENT)
    before = run.numbers(run.judge.kept)
    run.advance(20)
    values, held = run.measure(), run.split.validation
    assert all(np.array_equal(each, before[name]) for name, each in run.numbers(run.judge.kept).items())
    answers = judged_by(run, held.numbers.astype(np.float64)).argmax(axis=1)
    assert values["judge_accuracy"] == pytest.approx((answers == held.targets).mean())
    assert values["judge_accuracy"] > 0.4
    said = judged_by(run, run.found()["images"])
    assert values["judge_agrees"] == pytest.approx((said.argmax(axis=1) == np.arange(COUNT)).mean())
    shares = special.softmax(said, axis=1)
    expected = [
        f"{row.argmax()} {100 * row.max():.0f} %" if row.argmax() == number else
        f"{number}:\n{row.argmax()} {100 * row.max():.0f} %"
        for number, row in enumerate(shares)
    ]  # fmt: skip
    picture = run.pictures()[0]
    assert list(picture.captions) == expected
    assert picture.title == "The images now, and what the judge says"


def test_a_generator_learns_what_images_are_like():
    watch = ["nearest_real", "real_nearest_real"]
    learned, hardly = (
        made(score=1, generator=GENERATOR | {"steps": n}, watch=watch, start_deviation=1) for n in (400, 1)
    )
    assert learned.measure()["nearest_real"] < 0.8 * hardly.measure()["nearest_real"]
    train = learned.split.train.numbers.reshape(-1, 64).astype(np.float64)
    held = learned.split.validation.numbers.reshape(-1, 64).astype(np.float64)
    held = held[np.random.default_rng(1).permutation(len(held))[:200]]
    nearest = np.mean([((train - each) ** 2).sum(axis=1).min() for each in held])
    one, other = np.random.default_rng(0).integers(len(train), size=(2, 500))
    by_chance = ((train[one] - train[other]) ** 2).sum(axis=1).mean()
    assert learned.measure()["real_nearest_real"] == pytest.approx(nearest / by_chance, rel=1e-5)


def transformed(run, contents):
    w = {name: each.astype(np.float64) for name, each in run.numbers(run.maker.network.kept).items()}
    hidden = np.tanh(contents @ w["transformer.conv1.weight"][0, 0] + w["transformer.conv1.bias"])
    output = hidden @ w["transformer.conv2.weight"][0, 0] + w["transformer.conv2.bias"]
    low, high = run.value_range
    return low + (high - low) * special.expit(output)


def test_a_network_learns_a_style_on_other_images_than_those_it_is_measured_on():
    watch = ["loss", "style_distance", "content_distance", "time_per_image", "steps_time"]
    run = made(transformer=TRANSFORMER, images=4, steps=150, watch=watch, **STYLED)
    train = {each.tobytes() for each in run.chosen.to_train_with.astype(np.float32)}
    assert train == {each.tobytes() for each in run.split.train.numbers}
    assert not train & {each.tobytes() for each in run.contents.astype(np.float32)}
    before, first = run.numbers(run.network.kept), run.measure()["loss"]
    run.advance(150)
    values, images = run.measure(), transformed(run, run.contents)
    np.testing.assert_allclose(run.found()["images"], images, atol=1e-5)
    assert all(np.array_equal(each, before[name]) for name, each in run.numbers(run.network.kept).items())
    (now, content, style) = (seen_by(run, each)[0] for each in (images, run.contents, run.styles))
    far = ((now - content) ** 2).sum(axis=(1, 2, 3)) / (content**2).sum(axis=(1, 2, 3))
    assert values["content_distance"] == pytest.approx(far.mean(), rel=1e-3)
    grams = [np.einsum("nijc,nijd->ncd", *[np.maximum(each, 0)] * 2) / 36 for each in (now, style)]
    apart = ((grams[0] - grams[1]) ** 2).sum(axis=(1, 2)) / (grams[1] ** 2).sum(axis=(1, 2))
    assert values["style_distance"] == pytest.approx(apart.mean(), rel=1e-3)
    assert values["loss"] == pytest.approx(apart.mean() + 0.1 * far.mean(), rel=1e-3)
    assert values["loss"] < first / 2
    assert 0 < values["time_per_image"] < values["steps_time"]


def test_the_time_of_an_image_made_by_steps_is_its_share_of_them():
    run = made(images=4, steps=10, watch=["time_per_image", "steps_time"], **STYLED)
    assert run.measure() == {"time_per_image": 0, "steps_time": 0}
    run.advance(10)
    values = run.measure()
    assert values["time_per_image"] == pytest.approx(values["steps_time"] / 4)
    assert values["steps_time"] > 0


def test_instance_norm_takes_each_channel_of_each_image_by_itself():
    layers = ["instance_norm", {"conv": "outputs", "kernel_size": 1}]
    run = made(transformer={"layers": layers, "batch": 3}, images=4, steps=20, watch=["loss"], **STYLED)
    run.advance(20)
    x, w = run.contents, run.numbers(run.maker.network.kept)
    normal = (x - x.mean(axis=(1, 2), keepdims=True)) / np.sqrt(x.var(axis=(1, 2), keepdims=True) + 1e-5)
    name = "transformer.instance_norm1"
    y = (w[f"{name}.gamma"] * normal + w[f"{name}.beta"]) @ w["transformer.conv1.weight"][0, 0]
    low, high = run.value_range
    expected = low + (high - low) * special.expit(y + w["transformer.conv1.bias"])
    np.testing.assert_allclose(run.found()["images"], expected, atol=1e-5)
    louder = 3 * x + 1
    again = (louder - louder.mean(axis=(1, 2), keepdims=True)) / louder.std(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(again, normal, atol=1e-3)


@pytest.mark.parametrize("options", [LATENT_ASCENT, {"transformer": TRANSFORMER, "watch": ["loss"], **STYLED}])
def test_it_goes_on_from_a_state_to_the_same_bits(options):
    whole, part, resumed = (made(**options) for _ in range(3))
    whole.advance(20)
    part.advance(8)
    resumed.restore(part.state())
    resumed.advance(12)
    np.testing.assert_array_equal(resumed.found()["images"], whole.found()["images"])
    assert resumed.measure() == whole.measure()


WRONG_DECODER = {**GENERATOR, "decoder": [{"dense": 3}]}
SMALLER = {"layers": [{"conv": "outputs", "kernel_size": 3}]}


@pytest.mark.parametrize(
    ("options", "place", "told"),
    [
        ({"score": 1, "code_l2": 1}, ("code_l2",), "only with a generator"),
        ({"score": 1, "generator": GENERATOR, "blur": 0.1}, ("blur",), "something else makes them"),
        ({"transformer": TRANSFORMER, "generator": GENERATOR, **STYLED}, ("transformer",), "not by both"),
        ({"transformer": TRANSFORMER, "score": 1}, ("transformer",), "give style a weight"),
        ({"score": 1, "generator": WRONG_DECODER}, ("generator", "decoder", 0), "gives 3 numbers, but an image has 64"),
        ({"transformer": SMALLER, **STYLED}, ("transformer", "layers", 0), "gives 36 numbers, but an image has 8 × 8"),
        (
            {"transformer": {"layers": ["flatten", {"conv": 3, "kernel_size": 1}]}, **STYLED},
            ("transformer", "layers", 1), "conv",
        ),
        (
            {"score": 1, "judge": JUDGE | {"layers": ["flatten", {"dense": 4}]}}, ("judge", "layers", 1),
            "gives 4 numbers, but there are 10 classes",
        ),
        ({"score": 1, "judge": JUDGE | {"batch": 999}}, ("judge", "batch"), "there are only"),
        ({"score": 1, "generator": GENERATOR | {"batch": 999}}, ("generator", "batch"), "there are only"),
        ({"transformer": TRANSFORMER, **STYLED, "style_class": None}, ("transformer",), "learns one style"),
        (
            {"transformer": TRANSFORMER, **STYLED, "content_data": {"name": "digits", "examples": 40}},
            ("content_data",), "has none held back",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_in_a_sentence(options, place, told):
    chosen = scenario(**options)
    with pytest.raises(InvalidValue, match=told) as caught:
        task_of(chosen).build(chosen, 0, None)
    assert caught.value.path == ("options", *place)
