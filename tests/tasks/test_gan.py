"""`task: gan`: its steps against ones written in NumPy, its counts against SciPy's, its pictures and errors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import KDTree

from lab.graph.running import prepare
from lab.tasks import task_of
from lab.tasks.generative.adversaries import DISCRIMINATOR_STREAM, GENERATOR_STREAM
from lab.tasks.generative.gan import METRICS
from tests.kernels.generative_cases import normal
from tests.tasks.refusals import require_refusal
from tests.tasks.test_training import experiment, scenario

POINTS = 24
GENERATOR = {"model": [{"dense": 5}, "tanh", {"dense": "outputs"}]}
DISCRIMINATOR = {"model": [{"dense": 6}, "tanh", {"dense": 1}]}


def content(**changes):
    options = {"generator": GENERATOR, "discriminator": DISCRIMINATOR, "latent": 3}
    options |= changes.pop("options", {})
    settings = {
        "task": "gan", "data": {"name": "blobs", "classes": 3, "spread": 0.1, "points": POINTS}, "model": [],
        "init": "xavier", "train": {"batch": "all", "steps": 100}, "watch": list(METRICS), "options": options,
    }  # fmt: skip
    return settings | changes


def gan(seed=0, **changes):
    return experiment(seed, **content(**changes))


# A GAN in NumPy, in float64


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


class Player:
    """Two dense layers with tanh between them: output, and gradients of parameters and input."""

    def __init__(self, weights, name):
        self.names = [f"{name}.dense{n}.{kind}" for n in (1, 2) for kind in ("weight", "bias")]
        self.parameters = [weights[each].astype(np.float64) for each in self.names]

    def __call__(self, x):
        w1, b1, w2, b2 = self.parameters
        self.x, self.hidden = x, np.tanh(x @ w1 + b1)
        return self.hidden @ w2 + b2

    def backward(self, d):
        w1, _, w2, _ = self.parameters
        d_hidden = d @ w2.T * (1 - self.hidden**2)
        return [self.x.T @ d_hidden, d_hidden.sum(0), self.hidden.T @ d, d.sum(0)], d_hidden @ w1.T


class Sgd:
    def __init__(self, player, rate):
        self.player, self.rate = player, rate

    def step(self, gradients):
        for parameter, gradient in zip(self.player.parameters, gradients, strict=True):
            parameter -= self.rate * gradient


class Adam(Sgd):
    def __init__(self, player, rate):
        super().__init__(player, rate)
        self.t = 0
        self.first, self.second = ([np.zeros_like(each) for each in player.parameters] for _ in range(2))

    def step(self, gradients):
        self.t += 1
        for n, gradient in enumerate(gradients):
            self.first[n] = 0.5 * self.first[n] + 0.5 * gradient
            self.second[n] = 0.999 * self.second[n] + 0.001 * gradient**2
            mean, square = self.first[n] / (1 - 0.5**self.t), self.second[n] / (1 - 0.999**self.t)
            self.player.parameters[n] -= self.rate * mean / (np.sqrt(square) + 1e-8)


def trained(weights, inputs, steps, loss, optimizer, rate, late=0, every=1):
    """The networks after so many steps in turns."""
    generator, judge = Player(weights, "generator"), Player(weights, "discriminator")
    making, judging = optimizer(generator, rate), optimizer(judge, rate)
    count = len(inputs)
    for step in range(1, steps + 1):
        fake = generator(normal(3 * count, step, DISCRIMINATOR_STREAM).reshape(count, 3))
        of_real, _ = judge.backward((sigmoid(judge(inputs)) - 1) / count)
        of_fake, _ = judge.backward(sigmoid(judge(fake)) / count)
        judging.step([real + made for real, made in zip(of_real, of_fake, strict=True)])
        if step <= late or (step - late) % every:
            continue
        fake = generator(normal(3 * count, step, GENERATOR_STREAM).reshape(count, 3))
        probable = sigmoid(judge(fake))
        _, d_fake = judge.backward(((probable - 1) if loss == "non-saturating" else -probable) / count)
        making.step(generator.backward(d_fake)[0])
    return generator, judge


@pytest.mark.parametrize("loss", ["minimax", "non-saturating"])
@pytest.mark.parametrize(("optimizer", "rate"), [(Sgd, 0.1), (Adam, 0.01)])
@pytest.mark.parametrize(("late", "every"), [(0, 1), (5, 3)])
def test_steps_are_those_written_in_numpy(loss, optimizer, rate, late, every):
    chosen = {"name": "sgd", "rate": rate} if optimizer is Sgd else {"name": "adam", "rate": rate, "beta_1": 0.5}
    options = {"loss": loss, "head_start": late, "discriminator_steps": every}
    made = gan(optimizer=chosen, options=options)
    before, inputs = made.weights(), made.split.train.numbers.astype(np.float64)
    made.advance(20)
    after = made.weights()
    for player in trained(before, inputs, 20, loss, optimizer, rate, late, every):
        for name, right in zip(player.names, player.parameters, strict=True):
            assert not np.array_equal(after[name], before[name])
            np.testing.assert_allclose(after[name], right, rtol=2e-4, atol=2e-5, err_msg=name)


def test_what_is_measured_is_so():
    made = gan(optimizer={"name": "adam", "rate": 0.01})
    made.advance(30)
    found, weights = made.measure(), made.weights()
    assert list(found) == list(METRICS)
    judge = Player(weights, "discriminator")
    inputs = made.split.train.numbers.astype(np.float64)
    real, samples = judge(inputs), made.read(made.samples).astype(np.float64)
    np.testing.assert_allclose(samples, Player(weights, "generator")(made.read(made.noise)), atol=1e-5)
    fake = judge(samples)
    right = {
        "discriminator_loss": -np.log(sigmoid(real)).mean() - np.log(1 - sigmoid(fake)).mean(),
        "generator_loss": -np.log(sigmoid(fake)).mean(),
        "real_score": sigmoid(real).mean(),
        "fake_score": sigmoid(fake).mean(),
    }
    for name, value in right.items():
        assert found[name] == pytest.approx(value, rel=1e-4), name
    assert found["generator_gradient"] == found["non_saturating_gradient"]
    nearest = KDTree(inputs)
    reach = np.quantile(nearest.query(inputs, 2)[0][:, 1] ** 2, 0.99) ** 0.5
    apart, chosen = nearest.query(samples)
    kinds = np.bincount(made.split.train.targets[chosen[apart <= reach]], minlength=3) / 512
    assert found["on_data"] == pytest.approx(kinds.sum(), abs=1e-6)
    assert found["modes"] == (kinds >= 0.1 / 3).sum()
    assert found["coverage"] == pytest.approx((KDTree(samples).query(inputs)[0] <= reach).mean())
    _, shares = made.recording.history("shares")
    np.testing.assert_allclose(shares[-1], kinds, atol=1e-6)


@pytest.mark.parametrize("loss", ["minimax", "non-saturating"])
def test_gradient_norms_are_those_of_finite_differences_in_the_last_bias(loss):
    """A generator of nothing but a bias: its gradient is that of the bias."""
    options = {"generator": {"model": [{"dense": "outputs"}], "init": {"constant": 0}}, "loss": loss, "latent": 1}
    made = gan(options=options, optimizer={"name": "sgd", "rate": 0})
    made.put(made.generator.parameters.members["generator.dense1.bias"], [0.3, -0.2])
    judge = Player(made.weights(), "discriminator")

    def value(bias):
        fake = sigmoid(judge(np.tile(bias, (512, 1))))
        return -np.log(fake).mean() if loss == "non-saturating" else np.log(1 - fake).mean()

    bias, step = np.array([0.3, -0.2]), 1e-6
    slopes = [(value(bias + each) - value(bias - each)) / (2 * step) for each in step * np.eye(2)]
    made_of = made.measure()
    noise = made.read(made.noise).astype(np.float64).ravel()
    # The weights multiply the noise, so that their gradient is the bias's times the mean of the noise.
    expected = np.hypot(*slopes) * np.sqrt(1 + noise.mean() ** 2)
    assert made_of["generator_gradient"] == pytest.approx(expected, rel=1e-3)
    name = {"minimax": "minimax_gradient", "non-saturating": "non_saturating_gradient"}[loss]
    assert made_of[name] == made_of["generator_gradient"]


def test_same_steps_from_a_state_give_the_same_bits():
    settings = {"optimizer": {"name": "adam", "rate": 0.01}, "options": {"head_start": 4, "discriminator_steps": 2}}
    made, other = gan(**settings), gan(**settings)
    for _ in range(3):
        made.advance(4)
        made.measure()
    state = made.state()
    made.advance(9)
    other.restore(state)
    other.advance(9)
    for name, array in made.weights().items():
        np.testing.assert_array_equal(array, other.weights()[name])
    assert made.measure() == other.measure()
    np.testing.assert_array_equal(made.pictures()[1].values, other.pictures()[1].values)


def test_who_is_trained_when_can_be_changed_while_it_runs():
    made = gan(options={"head_start": 10}, optimizer={"name": "sgd", "rate": 0.1})
    start = made.weights()["generator.dense1.weight"]
    made.advance(5)
    np.testing.assert_array_equal(made.weights()["generator.dense1.weight"], start)
    made.change("options.head_start", 0)
    made.change("discriminator.optimizer.rate", 0)
    judge = made.weights()["discriminator.dense1.weight"]
    made.advance(1)
    assert not np.array_equal(made.weights()["generator.dense1.weight"], start)
    np.testing.assert_array_equal(made.weights()["discriminator.dense1.weight"], judge)
    assert made.settings()["generator.optimizer.rate"] == np.float32(0.1)


def test_pictures_say_what_is_so():
    made = gan(optimizer={"name": "adam", "rate": 0.01})
    for _ in range(4):
        made.advance(5)
        made.measure()
    plane, over_time = made.pictures()
    left, right, bottom, top = plane.extent
    judge = Player(made.weights(), "discriminator")
    x, y = np.meshgrid(np.linspace(left, right, 60), np.linspace(top, bottom, 40))
    real = sigmoid(judge(np.stack([x.ravel(), y.ravel()], axis=1))).reshape(40, 60)
    sure = np.abs(real - 0.5) > 1e-4
    np.testing.assert_array_equal(plane.classes[sure], (real > 0.5)[sure])
    np.testing.assert_allclose(plane.confidence, np.maximum(real, 1 - real), atol=1e-4)
    np.testing.assert_array_equal(plane.points[plane.labels == 1], made.split.train.numbers)
    samples = made.read(made.samples)
    assert all((samples == each).all(axis=1).any() for each in plane.points[plane.labels == 0])
    steps, shares = made.recording.history("shares")
    assert steps.tolist() == [5, 10, 15, 20]
    assert over_time.extent == (5, 20, -0.5, 2.5)
    np.testing.assert_array_equal(over_time.values[::-1, -1], shares[-1])
    np.testing.assert_array_equal(over_time.values[::-1, 0], shares[0])


def test_images_are_shown_with_what_the_discriminator_says():
    options = {
        "generator": {"model": [{"dense": "outputs"}, "sigmoid"]},
        "discriminator": {"model": ["flatten", {"dense": 6}, "tanh", {"dense": 1}]},
    }
    made = gan(data={"name": "digits", "examples": 100}, options=options)
    images, over_time = made.pictures()
    samples = made.read(made.samples)[:12]
    low, high = made.split.train.numbers.min(), made.split.train.numbers.max()
    np.testing.assert_allclose(images.images, np.clip((samples[..., 0] - low) / (high - low), 0, 1), atol=1e-6)
    scores = sigmoid(Player(made.weights(), "discriminator")(samples.reshape(12, -1).astype(np.float64)))
    assert images.captions == tuple(f"{each:.2f}" for each in scores.ravel())
    assert over_time.values.shape[0] == 10


@pytest.mark.parametrize(("changes", "path", "message"), [
    ({"model": ["relu"]}, "model", "is not used by this task"),
    ({"options": {"generator": {"model": [{"dense": 3}]}}}, "options.generator.model.0",
     "gives 3 numbers per example, but an example has 2"),
    ({"options": {"discriminator": {"model": [{"dense": 2}]}}}, "options.discriminator.model.0",
     "has to give one, the logit of being real"),
    ({"options": {"generator": {"model": ["rule"]}}}, "options.generator.model.0", "there is no layer"),
    ({"options": {"generator": GENERATOR | {"init": "hee"}}}, "options.generator.init", "did you mean he"),
    ({"options": {"generator": GENERATOR | {"optimizer": {"name": "lbfgs"}}}}, "options.generator.optimizer.name",
     "searches along a line"),
    ({"options": {"generator": GENERATOR | {"optimizer": {"rates": 1}}}}, "options.generator.optimizer.rates", "rate"),
    ({"optimizer": {"name": "sgd", "momentum": 0.9, "nesterov": "look_ahead"}}, "optimizer", "looks ahead"),
    ({"options": {"latent": 0}}, "options.latent", "at least 1"),
    ({"data": {"name": "linear"}}, "data", "has values as targets"),
    ({"train": {"batch": 25}}, "train.batch", "only 24"),
])  # fmt: skip
def test_what_cannot_work_is_said_in_a_sentence(changes, path, message):
    require_refusal(scenario(**content(**changes)), path, message)


def test_a_generator_may_begin_as_a_kept_one(tmp_path):
    from safetensors.numpy import save_file

    first = gan(optimizer={"name": "adam", "rate": 0.01})
    first.advance(10)
    save_file(first.weights(), tmp_path / "gan.safetensors")
    chosen = scenario(**content(options={"generator": GENERATOR | {"init": {"from": "gan.safetensors"}}}))
    made = task_of(chosen).build(chosen, 1, tmp_path)
    prepare(made.kernels())
    made.prepare()
    for name, array in first.weights().items():
        assert np.array_equal(made.weights()[name], array) == name.startswith("generator")
