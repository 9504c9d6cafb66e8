"""`task: pixels`: a probability over all images, counted; who sees whom; samples, pictures, baselines, errors."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.special import expit, log_expit

from lab.nets.initialisers import generator
from lab.tasks.generative.pixel_by_pixel import SAMPLES, independent_bits, previous_pixel_bits
from lab.tasks.generative.pixels_shown import FRAMES, ROWS, UNKNOWN, known_after
from tests.tasks.refusals import require_refusal
from tests.tasks.states import require_same_after_restoring
from tests.tasks.test_training import experiment, scenario

RNN = [{"previous_pixels": 3}, {"gru": 5}, {"dense": "outputs"}]
CNN = [
    {"masked_conv": 4, "kernel_size": 3, "mask": "A"}, "tanh",
    {"residual": [{"masked_conv": 4, "kernel_size": 5, "mask": "B"}, "tanh"]},
    {"masked_conv": "outputs", "kernel_size": 1, "mask": "B"},
]  # fmt: skip
LEAKING = [{"masked_conv": 4, "kernel_size": 3, "mask": "B"}, "tanh", {"masked_conv": 1, "kernel_size": 1, "mask": "B"}]
SMALL = 3
BITS = [
    "bits_per_pixel", "train_bits_per_pixel", "independent_bits", "previous_pixel_bits", "leaks", "context",
]  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """All images of 3×3 pixels of 0 and 1, in a file; so many are trained on and held back."""
    every = np.array(list(itertools.product((0, 1), repeat=SMALL**2)), np.float32).reshape(-1, SMALL, SMALL, 1)
    path = tmp_path_factory.mktemp("images") / "every.npz"
    np.savez(path, inputs=every, targets=np.arange(len(every)) % 2)
    return {"npz": str(path), "kind": "classes", "validation": 0.3}


def content(**changes):
    return {
        "task": "pixels", "data": {"name": "digits", "binarise": 0.5, "validation": 0.3, "examples": 120},
        "model": RNN, "train": {"batch": 20, "steps": 40, "measure": 10}, "watch": BITS,
        "optimizer": {"name": "adam", "rate": 0.02}, "init": "xavier",
    } | changes  # fmt: skip


def pixels(seed=0, **changes):
    return experiment(seed, **content(**changes))


def logits_of(made, images):
    """What the network says of images [n, pixels], SAMPLES of them at a time."""
    found = []
    for first in range(0, len(images), SAMPLES):
        some = images[first : first + SAMPLES]
        filled = np.zeros((SAMPLES, made.pixels), np.float32)
        filled[: len(some)] = some
        made.put(made._drawn, filled.reshape(SAMPLES, *made.held.inputs.shape[1:]))
        made.run_beside("draw")
        chances = made.read(made._looked.members["chances"]).astype(np.float64)[: len(some)]
        found.append(np.log(chances) - np.log1p(-chances))
    return np.concatenate(found)


def log_p(made, images):
    logits = logits_of(made, images)
    return np.where(images > 0, log_expit(logits), log_expit(-logits))


@pytest.mark.parametrize("model", [RNN, CNN])
@pytest.mark.parametrize("order", ["raster", "shuffled"])
def test_the_probabilities_of_all_images_add_up_to_one(small, model, order):
    made = pixels(data=small, model=model, options={"order": order}, init={"normal": 0.7})
    every = np.array(list(itertools.product((0.0, 1.0), repeat=SMALL**2)))
    for _ in range(2):
        assert np.exp(log_p(made, every).sum(axis=1)).sum() == pytest.approx(1, abs=1e-4)
        made.advance(30)
    assert made.measure()["leaks"] == 0


def test_with_a_leak_they_do_not(small):
    made = pixels(data=small, model=LEAKING, init={"normal": 0.7})
    made.advance(40)
    every = np.array(list(itertools.product((0.0, 1.0), repeat=SMALL**2)))
    assert np.exp(log_p(made, every).sum(axis=1)).sum() > 1.5
    assert made.measure()["leaks"] == SMALL**2


@pytest.mark.parametrize("model", [RNN, CNN])
def test_no_logit_changes_with_its_own_pixel_or_a_later_one(model):
    made = pixels(model=model, init={"normal": 0.5})
    random = np.random.default_rng(3)
    image = (random.random(64) < 0.4).astype(float)
    changed = np.repeat(image[None], 64, axis=0)
    changed[np.arange(64), np.arange(64)] = 1 - image
    by = np.abs(logits_of(made, changed) - logits_of(made, image[None]))
    own_or_later = np.arange(64)[:, None] >= np.arange(64)
    assert by[own_or_later].max() < 1e-5
    # Each counts for the next one, or, at the end of a row, for the one below.
    assert all(by[place, place + 1 :].max() > 1e-4 for place in range(63))


def test_what_counts_is_what_the_windows_reach():
    alone = [{"masked_conv": 1, "kernel_size": 3, "mask": "A"}]
    made = pixels(model=alone, init={"normal": 1})
    found = made.measure()
    reached = sum(
        sum(1 for down, right in ((-1, -1), (-1, 0), (-1, 1), (0, -1)) if row + down >= 0 and 0 <= column + right < 8)
        for row, column in np.ndindex(8, 8)
    )
    assert found["context"] == pytest.approx(reached / (64 * 63 / 2), abs=1e-9)
    every = pixels(model=[{"previous_pixels": 63}, {"dense": "outputs"}], init={"normal": 1})
    assert every.measure()["context"] == 1


def test_bits_are_those_of_numpy():
    made = pixels()
    made.advance(20)
    found = made.measure()
    for name, part in (("bits_per_pixel", made.held), ("train_bits_per_pixel", made.split.train)):
        right = -log_p(made, part.numbers.reshape(part.count, -1)).mean() / math.log(2)
        assert found[name] == pytest.approx(right, rel=1e-4)


def test_baselines_are_counts():
    train, held = np.array([[1, 0, 1], [1, 1, 1]]), np.array([[1, 1, 0]])
    chances = [3 / 4, 2 / 4, 1 / 4]  # with one more of each kind
    assert independent_bits(train, held) == pytest.approx(-np.log2(chances).mean())
    # Behind the 0 before the first pixel are two ones; behind a 1 one and a 0; behind a 1 a one.
    chances = [3 / 4, 2 / 4, 1 / 3]
    assert previous_pixel_bits(train, held) == pytest.approx(-np.log2(chances).mean())


def test_on_digits_they_are_the_known_ones():
    found = pixels(data={"name": "digits", "binarise": 0.5, "validation": 0.3}).measure()
    assert found["independent_bits"] == pytest.approx(0.566, abs=0.01)
    assert found["previous_pixel_bits"] == pytest.approx(0.541, abs=0.01)


def test_training_lowers_bits_and_the_same_seed_gives_the_same():
    one, other = pixels(), pixels()
    begun = one.measure()
    one.advance(40)
    other.advance(40)
    assert one.measure() == other.measure()
    assert one.measure()["bits_per_pixel"] < begun["bits_per_pixel"] - 0.2


@pytest.mark.parametrize("order", ["raster", "shuffled"])
def test_each_pixel_of_a_sample_was_drawn_by_its_chance_given_those_before(order):
    made = pixels(model=CNN, options={"order": order}, watch=["passes", "on_data", "modes"])
    made.advance(30)
    drawn = made.draw()
    assert made.passes == 64
    # Given the whole image the network says the same chances as when each pixel was drawn: it does not look ahead.
    chances = expit(logits_of(made, drawn.astype(float)))
    lots = generator(0, "samples").random((SAMPLES, 64))
    clear = np.abs(lots - chances) > 1e-4
    assert np.array_equal(drawn[clear] > 0, (lots < chances)[clear])
    assert clear.mean() > 0.99
    found = made.measure()
    assert found["passes"] == 64
    assert 0 <= found["on_data"] <= 1


def test_a_network_that_copies_draws_black_images():
    made = pixels(model=LEAKING, watch=["bits_per_pixel", "leaks", "on_data"], train={"batch": 50, "steps": 400})
    made.advance(400)
    found = made.measure()
    assert found["bits_per_pixel"] < 0.05
    assert found["leaks"] == 64
    assert found["on_data"] == 0
    assert made.draw().sum() == 0


def test_pictures_show_samples_as_they_grow_and_what_counts():
    made = pixels(model=CNN, options={"order": "shuffled"})
    made.advance(10)
    growing, live, seen = made.pictures()
    drawn = made.draw()
    whole = np.zeros((SAMPLES, 64), np.float32)
    whole[:, made.order] = drawn
    assert growing.images.shape == (ROWS, 8, 8 * FRAMES)
    assert np.array_equal(growing.images[:, :, -8:].reshape(ROWS, 64), whole[:ROWS])
    for frame in range(FRAMES):
        unknown = growing.images[2, :, 8 * frame : 8 * frame + 8] == np.float32(UNKNOWN)
        assert unknown.sum() == 64 - math.ceil(64 * (frame + 1) / FRAMES)
    known = known_after(10, 40, 64)
    assert live.captions[0] == f"pixel {known}"
    assert (live.images == np.float32(UNKNOWN)).sum(axis=(1, 2)).tolist() == [64 - known] * len(live.images)
    for image, caption in zip(seen.images, seen.captions, strict=True):
        row, column = (int(word.split()[1]) - 1 for word in caption.split("\n"))
        assert image[row, column, 0] == 1
        assert image[row, column, 1] == 0  # no leak
        before = np.zeros(64, bool)
        before[made.order[: list(made.order).index(row * 8 + column)]] = True
        assert not (image[..., 1].ravel() > 0)[~before].any()
        assert image[..., 1].max() == pytest.approx(1)


def test_samples_grow_four_times_and_end_whole():
    found = [known_after(step, 800, 64) for step in range(801)]
    assert found[-1] == 64
    assert min(found) == 1
    assert max(found) == 64
    assert sum(later < sooner for sooner, later in itertools.pairwise(found)) == 3


def test_the_state_brings_everything_back():
    require_same_after_restoring(pixels())


def test_the_masked_weights_do_not_exist():
    made = pixels(model=CNN)
    shapes = {name: value.shape for name, value in made.weights().items() if name.endswith("weight")}
    assert shapes == {
        "masked_conv1.weight": (4, 1, 4), "residual1.masked_conv1.weight": (13, 4, 4), "masked_conv2.weight": (1, 4, 1)
    }  # fmt: skip


@pytest.mark.parametrize(("changes", "path", "message"), [
    ({"data": {"name": "digits", "validation": 0.3}}, "data", "set binarise: 0.5"),
    ({"data": {"name": "digits", "binarise": 0.5}}, "data", "set validation: 0.3"),
    ({"data": {"name": "wine", "binarise": 0.5, "validation": 0.3}}, "data", "images of one channel"),
    ({"model": [{"previous_pixels": 1}, {"gru": 5}]}, "model.1", "gives 320 numbers, but there is one logit"),
    ({"model": [{"masked_conv": 1, "kernel_size": 4, "mask": "A"}]}, "model.0.kernel_size", "needs a middle"),
    ({"model": [{"masked_conv": 1, "kernel_size": 1, "mask": "A"}]}, "model.0.kernel_size", "nothing of such a window"),
    ({"optimizer": {"name": "lbfgs"}}, "optimizer.name", "batches are drawn anew"),
    ({"watch": ["elbo"]}, "watch.0", "no metric"),
])  # fmt: skip
def test_what_cannot_work_is_said_in_a_sentence(changes, path, message):
    require_refusal(scenario(**content(**changes)), path, message)
