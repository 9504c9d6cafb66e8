"""`task: cluster`: k-means against scikit-learn's and NumPy, its starts, pictures, states, errors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import distance
from sklearn.cluster import KMeans

from lab.tasks.generative.cluster import METRICS
from tests.tasks.refusals import require_refusal
from tests.tasks.test_training import experiment, scenario

BLOBS = {"name": "blobs", "classes": 6, "spread": 0.3, "points": 240, "validation": 0.25}


def content(**changes):
    return {
        "task": "cluster", "data": BLOBS, "model": [], "train": {"steps": 200}, "watch": list(METRICS),
        "options": {"clusters": 6, "start": "examples", "restarts": 3} | changes.pop("options", {}),
    } | changes  # fmt: skip


def cluster(seed=0, **changes):
    return experiment(seed, **content(**changes))


def points(made):
    return made.train.numbers.reshape(made.train.count, -1).astype(np.float64)


def centres(made):
    return [array.astype(np.float64) for array in made.weights().values()]


@pytest.mark.parametrize("start", ["examples", "spread", "box"])
@pytest.mark.parametrize("steps", [1, 3, 200])
def test_every_start_ends_where_scikit_learn_does(start, steps):
    made = cluster(options={"start": start})
    x, begun = points(made), centres(made)
    made.advance(steps)
    inertias = []
    for begin, found in zip(begun, centres(made), strict=True):
        right = KMeans(6, init=begin, n_init=1, max_iter=steps, tol=0, algorithm="lloyd").fit(x)
        nearest = distance.cdist(x, begin).argmin(axis=1)
        if len({*nearest}) == 6:  # scikit-learn moves an empty cluster's centre, which here stays
            np.testing.assert_allclose(found, right.cluster_centers_, atol=1e-5)
        inertias.append((distance.cdist(x, found).min(axis=1) ** 2).mean())
    measured = made.measure()
    assert measured["inertia"] == pytest.approx(min(inertias), rel=1e-4)
    assert measured["worst_inertia"] == pytest.approx(max(inertias), rel=1e-4)
    if steps == 200:
        assert measured["moved"] == 0


def test_metrics_are_those_of_numpy():
    made = cluster()
    made.advance(1)
    before = centres(made)
    made.advance(1)
    x, held, found = points(made), made.split.validation, made.measure()
    after = centres(made)
    best = int(np.argmin([(distance.cdist(x, each).min(axis=1) ** 2).mean() for each in after]))
    chosen = distance.cdist(x, after[best]).argmin(axis=1)
    kinds = [np.bincount(made.train.targets[chosen == k], minlength=6) for k in range(6) if (chosen == k).any()]
    assert found["purity"] == pytest.approx(sum(each.max() for each in kinds) / len(x))
    assert found["classes_found"] == len({each.argmax() for each in kinds})
    assert found["moved"] == pytest.approx(np.linalg.norm(after[best] - before[best], axis=1).max(), rel=1e-3)
    right = (distance.cdist(held.numbers, after[best]).min(axis=1) ** 2).mean()
    assert found["val_inertia"] == pytest.approx(right, rel=1e-4)


def test_starts_are_what_their_names_say():
    x = points(cluster())
    for start in ("examples", "spread"):
        for begin in centres(cluster(options={"start": start})):
            assert distance.cdist(begin, x).min(axis=1).max() < 1e-6
            assert len(np.unique(begin, axis=0)) == 6
    box = np.concatenate([each for seed in range(5) for each in centres(cluster(seed, options={"start": "box"}))])
    assert (distance.cdist(box, x).min(axis=1) > 1e-6).all()
    assert (box.min(axis=0) >= -2.5).all()
    tight = BLOBS | {"spread": 0.01}
    spread = [len(np.unique(begin.round(1), axis=0)) for seed in range(10) for begin in
              centres(cluster(seed, data=tight, options={"start": "spread"}))]  # fmt: skip
    assert np.mean([each == 6 for each in spread]) > 0.9  # each cloud gets one: others are next to impossible


def test_drawing_with_chances_goes_on_where_all_points_lie_on_centres():
    made = cluster(data=BLOBS | {"spread": 0, "validation": 0.25}, options={"start": "spread", "clusters": 9})
    assert centres(made)[0].shape == (9, 2)
    assert made.measure()["inertia"] == pytest.approx(0, abs=1e-10)


def test_an_empty_cluster_stays_where_it_is():
    made = cluster(options={"restarts": 1})
    far = np.array([[9, 9], [0, 1], [1, 0], [-1, 0], [0, -1], [0, 0]], np.float32)
    made.put(made.centres[0], far)
    made.advance(2)
    assert centres(made)[0][0].tolist() == [9, 9]


def test_pictures_say_what_is_so():
    made = cluster()
    made.advance(4)
    (picture,) = made.pictures()
    drawn = np.concatenate([each for name, each in picture.groups.items() if name != "examples"])
    assert distance.cdist(drawn, centres(made)[made.best()]).min(axis=0).max() < 1e-6
    assert len(drawn) == 6
    assert distance.cdist(picture.groups["examples"], points(made)).min(axis=1).max() == 0
    digits = cluster(data={"name": "digits", "validation": 0.5, "examples": 300}, options={"clusters": 10})
    digits.advance(5)
    (images,) = digits.pictures()
    found = centres(digits)[digits.best()]
    np.testing.assert_allclose(images.images.reshape(10, 64), found, atol=1e-5)
    chosen = distance.cdist(points(digits), found).argmin(axis=1)
    for number, told in enumerate(images.captions):
        kinds = np.bincount(digits.train.targets[chosen == number], minlength=10)
        assert told == f"{kinds.argmax()} {kinds.max() / kinds.sum():.0%}"


def test_centres_are_told_apart_by_what_they_have():
    made = cluster(data=BLOBS | {"spread": 0.02}, options={"restarts": 1})
    angle = np.arange(6) * np.pi / 3
    own = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    begin = own.copy()
    begin[1, 0] += 0.01
    begin[2] = begin[1] - [0.02, 0]  # two in class 1, none in class 2
    begin[3] = (own[2] + own[3]) / 2  # one for classes 2 and 3
    made.put(made.centres[0], begin)
    made.advance(3)
    (picture,) = made.pictures()
    counts = {name: len(each) for name, each in picture.groups.items() if name != "examples"}
    assert counts == {"one for one class": 3, "several for one": 2, "one for several": 1}
    np.testing.assert_allclose(picture.groups["one for several"][0], (own[2] + own[3]) / 2, atol=0.02)


def test_same_steps_from_a_state_give_the_same_bits():
    made, other = cluster(), cluster()
    made.advance(2)
    other.restore(made.state())
    assert made.measure() == other.measure()
    for each in (made, other):
        each.advance(2)
    assert made.measure() == other.measure()


@pytest.mark.parametrize(("changes", "path", "message"), [
    ({"model": ["relu"]}, "model", "is not used by this task"),
    ({"options": {"clusters": 181}}, "options.clusters", "there are only 180 examples"),
    ({"data": {"name": "blobs"}}, "watch.1", "held back"),
    ({"options": {"start": "corner"}}, "options.start", "corner"),
])  # fmt: skip
def test_what_cannot_work_is_said_in_a_sentence(changes, path, message):
    require_refusal(scenario(**content(**changes)), path, message)
