"""Points in a plane: PCA against NumPy's singular value decomposition, t-SNE against scikit-learn's exact functions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import distance
from sklearn.manifold import _t_sne as reference

from lab.errors import InvalidValue
from lab.graph.running import prepare
from lab.scenario.model import Scenario
from lab.tasks import task_of

DIGITS = {"name": "digits", "examples": 120}
WATCH = ["neighbour_accuracy", "original_accuracy", "chance_accuracy", "explained", "divergence"]


def scenario(method, data=DIGITS, steps=60, **options):
    return Scenario.model_validate(
        {
            "title": "Plane",
            "task": "embed",
            "data": data,
            "options": {"method": method, **options},
            "train": {"steps": steps},
            "watch": WATCH,
        }
    )


def experiment(method, data=DIGITS, seed=0, **options):
    chosen = scenario(method, data, **options)
    made = task_of(chosen).build(chosen, seed, None)
    prepare(made.kernels())
    made.prepare()
    return made


def agreeing(points, targets):
    apart = distance.cdist(points, points)
    np.fill_diagonal(apart, np.inf)
    return (targets[apart.argmin(axis=1)] == targets).mean()


def centred(net):
    x = net.examples.numbers.reshape(net.examples.count, -1).astype(np.float64)
    return x - x.mean(axis=0)


@pytest.mark.parametrize("data", [DIGITS, {"name": "wine"}, {"name": "wine", "standardise": True}])
def test_pca_finds_the_plane_of_the_two_largest_singular_values(data):
    net = experiment("pca", data)
    net.advance(400)
    x = centred(net)
    _, singular, right = np.linalg.svd(x, full_matrices=False)
    found = net.read(net.directions).astype(np.float64)
    np.testing.assert_allclose(found.T @ found, np.eye(2), atol=1e-5)
    np.testing.assert_allclose(np.abs(right[:2] @ found), np.eye(2), atol=2e-3)
    np.testing.assert_allclose(net.read(net.points), x @ found, atol=1e-3 * np.abs(x).max())
    values = net.measure()
    assert values["explained"] == pytest.approx((singular[:2] ** 2).sum() / (singular**2).sum(), rel=1e-4)
    assert "divergence" not in values


def test_random_directions_are_orthogonal_and_stay_what_they_are():
    net = experiment("random")
    first = net.read(net.directions)
    np.testing.assert_allclose(first.T @ first, np.eye(2), atol=1e-6)
    net.advance(5)
    np.testing.assert_allclose(net.read(net.directions), first, atol=1e-6)
    other = experiment("random", seed=1)
    assert not np.allclose(other.read(other.directions), first)


def test_neighbours_are_counted_in_the_plane_with_all_features_and_by_chance():
    net = experiment("pca")
    net.advance(20)
    values, targets = net.measure(), net.examples.targets
    assert values["neighbour_accuracy"] == pytest.approx(agreeing(net.read(net.points), targets))
    assert values["original_accuracy"] == pytest.approx(agreeing(centred(net), targets))
    same = targets[:, None] == targets
    assert values["chance_accuracy"] == pytest.approx((same.sum() - 120) / (120 * 119))


@pytest.mark.parametrize("perplexity", [5, 20])
def test_who_is_near_whom_is_as_in_scikit_learn(perplexity):
    net = experiment("tsne", perplexity=perplexity)
    squares = distance.squareform(distance.pdist(centred(net), "sqeuclidean")).astype(np.float32)
    expected = distance.squareform(reference._joint_probabilities(squares, perplexity, 0))
    np.testing.assert_allclose(net.read(net.joint), expected, atol=2e-5 * expected.max() + 1e-9, rtol=2e-3)
    assert net.read(net.joint).sum() == pytest.approx(1, abs=1e-5)


def test_divergence_and_steps_are_those_of_scikit_learn():
    """The first steps written out, with its gradient of its divergence, gains and momentum."""
    options = {"perplexity": 15, "exaggeration": 4, "exaggerated_steps": 3, "learning_rate": 20}
    net = experiment("tsne", **options)
    net.put(net.points, np.random.default_rng(0).standard_normal((120, 2)))
    p = distance.squareform(net.read(net.joint).astype(np.float64), checks=False)
    y = net.read(net.points).astype(np.float64)
    velocity, gains = np.zeros_like(y), np.ones_like(y)
    for step in range(1, 7):
        stretch, momentum = (4, 0.5) if step <= 3 else (1, 0.8)
        _, gradient = reference._kl_divergence(y.ravel(), p * stretch, 1, 120, 2)
        gradient = gradient.reshape(y.shape)
        onwards = velocity * gradient < 0
        gains = np.maximum(np.where(onwards, gains + 0.2, gains * 0.8), 0.01)
        velocity = momentum * velocity - 20 * gains * gradient
        y = y + velocity
        net.advance(1)
        np.testing.assert_allclose(net.read(net.points), y, atol=2e-4 * np.abs(y).max())
        expected, _ = reference._kl_divergence(y.ravel(), p, 1, 120, 2)
        assert net.measure()["divergence"] == pytest.approx(expected, rel=1e-3)


def test_the_rate_is_that_of_the_number_of_examples():
    """As in scikit-learn: n / exaggeration / 4, at least 50."""
    for count, exaggeration, expected in ((120, 12, 50), (120, 1, 50), (700, 2, 87.5)):
        net = experiment("tsne", {"name": "digits", "examples": count}, exaggeration=exaggeration, exaggerated_steps=0)
        net.put(net.points, np.random.default_rng(0).standard_normal((count, 2)))
        before = net.read(net.points).astype(np.float64)
        p = distance.squareform(net.read(net.joint).astype(np.float64), checks=False)
        _, gradient = reference._kl_divergence(before.ravel(), p, 1, count, 2)
        net.advance(1)
        moved = net.read(net.points) - before
        np.testing.assert_allclose(moved, -expected * 0.8 * gradient.reshape(-1, 2), atol=2e-4 * np.abs(moved).max())


def test_the_picture_has_every_point_in_its_class():
    net = experiment("tsne", perplexity=10)
    net.advance(3)
    (scatter,) = net.pictures()
    assert scatter.name == "plane"
    assert list(scatter.groups) == list(net.examples.classes)
    points = net.read(net.points)
    points = points - points.mean(axis=0)
    points /= np.sqrt((points**2).sum() / 120)
    for number, name in enumerate(net.examples.classes):
        np.testing.assert_allclose(scatter.groups[name], points[net.examples.targets == number], atol=1e-5)


def test_a_state_brings_everything_back():
    net = experiment("tsne", perplexity=10)
    net.advance(10)
    state = net.state()
    net.advance(10)
    later = net.read(net.points)
    other = experiment("tsne", seed=0, perplexity=10)
    other.restore(state)
    other.advance(10)
    np.testing.assert_array_equal(other.read(other.points), later)


@pytest.mark.parametrize(
    ("changes", "place", "told"),
    [
        ({"options": {"method": "tsne", "perplexity": 119}}, ("options", "perplexity"), "below the number of other"),
        ({"data": {"name": "spiral", "points": 6000}}, ("data",), "compares all pairs"),
        ({"model": ["flatten"]}, ("model",), "not used"),
        ({"options": {"method": "umap"}}, ("options", "method"), "tsne"),
    ],
)
def test_what_cannot_work_is_refused(changes, place, told):
    chosen = scenario("tsne").model_copy(update=changes)
    with pytest.raises(InvalidValue, match=told) as error:
        task_of(chosen).check(chosen, None)
    assert error.value.path[: len(place)] == place


def test_steps_that_explode_are_said():
    net = experiment("tsne", learning_rate=1e6, exaggeration=1000)
    net.put(net.points, np.full((120, 2), np.nan))
    net.advance(5)
    assert "step 1" in net.diverged()
