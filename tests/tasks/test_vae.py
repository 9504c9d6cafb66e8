"""`task: vae`: its step and bounds against ones written in NumPy, exact likelihoods, pictures, states, errors."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from scipy.spatial import distance
from scipy.special import expit, log_expit, logsumexp
from scipy.stats import multivariate_normal

from lab.nets.initialisers import generator
from lab.tasks.generative.vae import METRICS
from lab.tasks.generative.variational import ACTIVE, CODE_STREAM, WALK_STEPS, WALKS
from lab.tasks.generative.variational_shown import GRID, grid_of_codes
from lab.tasks.generative.variational_shown import WALK_STEPS as FRAMES
from tests.kernels.generative_cases import normal
from tests.tasks.refusals import require_refusal
from tests.tasks.test_training import experiment, scenario

LINEAR = [{"dense": "outputs"}]
DIGITS = {"name": "digits", "binarise": 0.5, "validation": 0.3, "examples": 150}
IMAGES = {
    "data": DIGITS,
    "options": {"encoder": ["flatten", {"dense": 9}, "tanh", {"dense": "outputs"}], "likelihood": "bernoulli",
                "decoder": [{"dense": 7}, "tanh", {"dense": "outputs"}], "samples": 50},
}  # fmt: skip


def content(**changes):
    options = {"encoder": LINEAR, "decoder": LINEAR, "likelihood": "normal", "latent": 2, "deviation": 0.5}
    options |= changes.pop("options", {})
    return {
        "task": "vae", "data": {"name": "wine", "standardise": True, "validation": 0.3}, "model": [],
        "init": "xavier", "train": {"batch": "all", "steps": 300}, "watch": list(METRICS), "options": options,
        "optimizer": {"name": "sgd", "rate": 0.01},
    } | changes  # fmt: skip


def vae(seed=0, **changes):
    return experiment(seed, **content(**changes))


def parameters(made):
    weights = {name: value.astype(np.float64) for name, value in made.weights().items()}
    return [weights[f"{net}.dense1.{kind}"] for net in ("encoder", "decoder") for kind in ("weight", "bias")]


@pytest.mark.parametrize(("weight", "reconstruction"), [(1.0, "sum"), (0.3, "mean")])
def test_steps_are_those_written_in_numpy(weight, reconstruction):
    made = vae(options={"kl_weight": weight, "reconstruction": reconstruction})
    we, be, wd, bd = parameters(made)
    x = made.split.train.numbers.astype(np.float64)
    n, features = x.shape
    over = features if reconstruction == "mean" else 1
    for step in range(1, 6):
        noise = normal(n * 2, step, CODE_STREAM).reshape(n, 2)
        both = x @ we + be
        mean, deviation = both[:, :2], np.exp(both[:, 2:] / 2)
        z = mean + deviation * noise
        d = (z @ wd + bd - x) / (0.5**2 * n * over)
        d_z = d @ wd.T
        d_mean = d_z + weight * mean / n
        d_log_variance = d_z * noise * deviation / 2 + weight * (deviation**2 - 1) / 2 / n
        d_both = np.concatenate([d_mean, d_log_variance], axis=1)
        for each, gradient in ((we, x.T @ d_both), (be, d_both.sum(0)), (wd, z.T @ d), (bd, d.sum(0))):
            each -= 0.01 * gradient
    made.advance(5)
    for found, right in zip(parameters(made), (we, be, wd, bd), strict=True):
        np.testing.assert_allclose(found, right, rtol=2e-3, atol=1e-5)


def exact(made, x):
    """log p(x) of a linear decoder with normal noise."""
    _, _, w, b = parameters(made)
    return multivariate_normal(b, w.T @ w + 0.5**2 * np.eye(x.shape[1])).logpdf(x).mean()


def put(made, values):
    names = [f"{net}.dense1.{kind}" for net in ("encoder", "decoder") for kind in ("weight", "bias")]
    for name, value in zip(names, values, strict=True):
        made.put(made.parameters.members[name], value)


def test_where_the_encoder_gives_the_true_posterior_both_bounds_are_the_likelihood():
    made = vae()
    random = np.random.default_rng(3)
    columns, _ = np.linalg.qr(random.standard_normal((13, 2)))
    w, b = (columns * [1.5, 0.9]).T, 0.1 * random.standard_normal(13)
    variance = 1 / (1 + (w**2).sum(axis=1) / 0.5**2)  # of the posterior, whose numbers are independent here
    to_mean = w.T / 0.5**2 * variance
    encoder = np.concatenate([to_mean, np.zeros((13, 2))], axis=1)
    put(made, [encoder, np.concatenate([-b @ to_mean, np.log(variance)]), w, b])
    found, right = made.measure(), exact(made, made.held.numbers.astype(np.float64))
    # One is exact for any noise. Of the other only the reconstruction is a mean over noise.
    assert found["log_likelihood"] == pytest.approx(right, abs=1e-3)
    assert found["exact_log_likelihood"] == pytest.approx(right, abs=1e-3)
    assert found["elbo"] == pytest.approx(right, abs=0.1)
    both = made.held.numbers @ encoder + np.concatenate([-b @ to_mean, np.log(variance)])
    mean = both[:, :2].astype(np.float64)
    assert found["kl"] == pytest.approx(0.5 * (mean**2 + variance - np.log(variance) - 1).sum(axis=1).mean(), rel=1e-4)


def test_elsewhere_they_lie_below_it_in_their_order():
    few, many = (vae(options={"samples": samples}) for samples in (2, 1000))
    for made in (few, many):
        made.advance(20)
    right = exact(few, few.held.numbers.astype(np.float64))
    two, thousand = few.measure(), many.measure()
    assert two["elbo"] < two["log_likelihood"] < thousand["log_likelihood"] < right + 0.05
    assert two["exact_log_likelihood"] == pytest.approx(right, abs=1e-3)
    assert thousand["log_likelihood"] > two["elbo"] + 0.5
    assert two["gap"] == pytest.approx(two["log_likelihood"] - two["elbo"], abs=1e-4)


def layers(made, x, net):
    weights = {name: value.astype(np.float64) for name, value in made.weights().items()}
    hidden = np.tanh(x @ weights[f"{net}.dense1.weight"] + weights[f"{net}.dense1.bias"])
    return hidden @ weights[f"{net}.dense2.weight"] + weights[f"{net}.dense2.bias"]


def test_of_binary_pixels_the_bounds_are_those_of_numpy_and_below_the_integral():
    made = vae(**IMAGES, optimizer={"name": "adam", "rate": 0.01})
    made.advance(120)
    found = made.measure()
    x = made.held.numbers.reshape(len(made.held.numbers), -1).astype(np.float64)
    both = layers(made, x, "encoder")
    mean, log_variance = both[:, :2], both[:, 2:]
    kl = 0.5 * (mean**2 + np.exp(log_variance) - log_variance - 1)
    assert found["kl"] == pytest.approx(kl.sum(axis=1).mean(), rel=1e-4)
    assert found["active_units"] == (kl.mean(axis=0) > ACTIVE).sum()

    def log_p(z):
        logits = layers(made, z, "decoder")
        return x @ log_expit(logits).T + (1 - x) @ log_expit(-logits).T  # of each example, with each code

    noise = np.random.default_rng(5).standard_normal((50, len(x), 2))
    codes = mean + np.exp(log_variance / 2) * noise
    given = np.array([np.diag(log_p(each)) for each in codes])
    weights = given + 0.5 * ((noise**2).sum(-1) - (codes**2).sum(-1)) + 0.5 * log_variance.sum(-1)
    assert found["reconstruction"] == pytest.approx(-given.mean(), rel=0.01)  # other noise
    assert found["log_likelihood"] == pytest.approx((logsumexp(weights, axis=0) - np.log(50)).mean(), rel=0.01)
    assert found["elbo"] == pytest.approx(-found["reconstruction"] - found["kl"], rel=1e-5)
    line = np.linspace(-6, 6, 121)
    grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    prior = -0.5 * (grid**2).sum(axis=1) - np.log(2 * np.pi) + 2 * np.log(line[1] - line[0])
    integral = logsumexp(log_p(grid) + prior, axis=1).mean()
    assert found["elbo"] + 0.1 < found["log_likelihood"] < integral + 0.02
    assert found["log_likelihood"] > integral - 0.5
    assert found["exact_log_likelihood"] == pytest.approx(integral, abs=2e-3)


def test_walks_and_samples_are_measured_as_numpy_does():
    made = vae(**IMAGES)
    made.advance(30)
    found = made.measure()
    begins, ends = made.ends_of_walks(WALKS)
    kinds, x = made.held.targets, made.held.numbers.reshape(len(made.held.numbers), -1)
    assert len(begins) == len(ends) == len({*begins, *ends}) / 2 == WALKS
    assert (kinds[begins] != kinds[ends]).all()
    codes = layers(made, x, "encoder")[:, :2]
    along = np.linspace(0, 1, WALK_STEPS)[:, None, None]
    images = expit(layers(made, codes[begins] + along * (codes[ends] - codes[begins]), "decoder"))
    changes = np.linalg.norm(np.diff(images, axis=0), axis=2)
    assert found["walk_jump"] == pytest.approx((changes.max(axis=0) / changes.mean(axis=0)).mean(), rel=1e-3)
    examples = made._data.evaluation_sample
    points = examples.numbers.reshape(examples.count, -1)
    noise = generator(0, "samples").standard_normal((200, 2))
    apart = distance.cdist(expit(layers(made, noise, "decoder")), points)
    own = distance.cdist(points, points)
    np.fill_diagonal(own, np.inf)
    near = apart.min(axis=1) <= np.quantile(own.min(axis=1), 0.99)
    made_of = np.bincount(examples.targets[apart.argmin(axis=1)[near]], minlength=10) / 200
    assert found["on_data"] == pytest.approx(near.mean(), abs=0.011)
    assert found["modes"] == ((made_of >= 0.1 * np.bincount(examples.targets) / examples.count) & (made_of > 0)).sum()


def test_pictures_say_what_is_so():
    made = vae(**IMAGES)
    made.advance(30)
    grid, walks, codes, bars = made.pictures()
    assert [each.name for each in (grid, walks, codes, bars)] == ["latent_grid", "latent_walk", "codes", "kl_of_units"]
    x, kinds = made.held.numbers.reshape(len(made.held.numbers), -1), made.held.targets
    both = layers(made, x, "encoder")
    for name, points in codes.groups.items():
        np.testing.assert_allclose(points, both[kinds == int(name), :2], atol=1e-4)
    kl = 0.5 * (both[:, :2] ** 2 + np.exp(both[:, 2:]) - both[:, 2:] - 1).mean(axis=0)
    np.testing.assert_allclose(list(bars.values.values()), kl, rtol=1e-3)
    quantile = NormalDist().inv_cdf(0.9)
    corner = expit(layers(made, np.array([[-quantile, quantile]]), "decoder")).reshape(8, 8)
    np.testing.assert_allclose(grid.images[0, :8, :8], corner, atol=1e-4)
    assert grid.images.shape == (1, 8 * GRID, 8 * GRID)
    begins, ends = made.ends_of_walks(len(walks.images))
    for strip, begin, end in zip(walks.images, begins, ends, strict=True):
        middle = (both[begin, :2] + both[end, :2]) / 2
        for place, code in ((0, both[begin, :2]), (FRAMES // 2, middle), (FRAMES - 1, both[end, :2])):
            right = expit(layers(made, code, "decoder")).reshape(8, 8)
            np.testing.assert_allclose(strip[:, 8 * place : 8 * place + 8], right, atol=1e-4)


def test_a_grid_changes_the_numbers_that_tell_most():
    codes = grid_of_codes(4, np.array([1, 3])).reshape(GRID, GRID, 4)
    assert (codes[..., [0, 2]] == 0).all()
    assert (np.diff(codes[..., 1], axis=1) > 0).all()
    assert (np.diff(codes[..., 3], axis=0) < 0).all()
    assert grid_of_codes(1, np.array([0])).shape == (GRID, 1)


@pytest.mark.parametrize("options", [{"latent": 1}, {"latent": 5}])
def test_there_may_be_fewer_or_more_numbers_than_a_plane_has(options):
    made = vae(data=DIGITS, options=IMAGES["options"] | options, watch=["elbo"])
    made.advance(3)
    assert len(made.pictures()) == (3 if options["latent"] == 1 else 4)
    assert np.isfinite(made.measure()["elbo"])


def test_same_steps_from_a_state_give_the_same_bits():
    settings = IMAGES | {"optimizer": {"name": "adam", "rate": 0.01}, "train": {"batch": 20, "steps": 50}}
    made, other = vae(**settings), vae(**settings)
    made.advance(5)
    state = made.state()
    made.advance(5)
    other.restore(state)
    other.advance(5)
    for name, array in made.weights().items():
        np.testing.assert_array_equal(array, other.weights()[name], err_msg=name)
    assert made.measure() == other.measure()


def test_the_weight_of_the_kl_can_be_changed_while_it_trains():
    made, other = vae(), vae(options={"kl_weight": 0.2})
    made.change("options.kl_weight", 0.2)
    for each in (made, other):
        each.advance(3)
    assert made.measure() == other.measure()


@pytest.mark.parametrize(("changes", "path", "message"), [
    ({"model": ["relu"]}, "model", "is not used by this task"),
    ({"options": {"decoder": [{"dense": 3}]}}, "options.decoder.0", "gives 3 numbers, but an example has 13"),
    ({"options": {"encoder": [{"dense": 3}]}}, "options.encoder.0", "there are mean and variance of 2 each"),
    ({"options": {"encoder": ["rule"]}}, "options.encoder.0", "there is no layer"),
    ({"options": {"likelihood": "bernoulli"}}, "options.likelihood", "set data.binarise"),
    ({"options": {"latent": 3}, "watch": ["elbo", "exact_log_likelihood"]}, "watch.1", "one or two numbers only"),
    ({"data": {"name": "wine"}}, "data", "held back"),
    ({"optimizer": {"name": "lbfgs"}}, "optimizer.name", "each loss is of other noise"),
    ({"optimizer": {"name": "sgd", "momentum": 0.9, "nesterov": "look_ahead"}}, "optimizer", "looks ahead"),
])  # fmt: skip
def test_what_cannot_work_is_said_in_a_sentence(changes, path, message):
    require_refusal(scenario(**content(**changes)), path, message)
