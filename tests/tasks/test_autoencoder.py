"""`task: autoencoder`: pretraining and classifiers against the same ones written in NumPy, pictures, states, errors."""

from __future__ import annotations

import numpy as np
import pytest

from lab.tasks.generative.autoencoder import METRICS
from tests.tasks.refusals import require_refusal
from tests.tasks.test_training import experiment, scenario

ENCODER, DECODER = [{"dense": 4}, "tanh"], [{"dense": "outputs"}]
LABELS = [1, 3]


def content(**changes):
    options = {
        "encoder": ENCODER, "decoder": DECODER, "loss": "l2", "pretraining": 5, "labels": LABELS,
        "classifiers_optimizer": {"rate": 0.2}, "heads_optimizer": {"rate": 0.3},
    } | changes.pop("options", {})  # fmt: skip
    return {
        "task": "autoencoder", "data": {"name": "blobs", "points": 45, "validation": 0.4}, "model": [],
        "init": "xavier", "train": {"batch": "all", "steps": 20}, "watch": list(METRICS), "options": options,
        "optimizer": {"name": "sgd", "rate": 0.1},
    } | changes  # fmt: skip


def autoencoder(seed=0, **changes):
    return experiment(seed, **content(**changes))


def softmax_errors(scores, targets):
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    shares[np.arange(len(targets)), targets] -= 1
    return shares / len(targets)


def of(weights, *names):
    return [weights[name].astype(np.float64) for layer in names for name in (f"{layer}.weight", f"{layer}.bias")]


def pretrained(weights, x, steps, rate):
    """Encoder and decoder after so many steps on all examples."""
    w1, b1, w2, b2 = of(weights, "autoencoder.dense1", "autoencoder.dense2")
    for _ in range(steps):
        code = np.tanh(x @ w1 + b1)
        d = 2 * (code @ w2 + b2 - x) / x.size
        d_code = d @ w2.T * (1 - code**2)
        for parameter, gradient in ((w1, x.T @ d_code), (b1, d_code.sum(0)), (w2, code.T @ d), (b2, d.sum(0))):
            parameter -= rate * gradient
    return w1, b1, w2, b2


def classified(parameters, x, y, steps, rate, frozen=False):
    """Encoder and last layer after so many steps on all labelled examples."""
    w1, b1, w2, b2 = (each.copy() for each in parameters)
    for _ in range(steps):
        code = np.tanh(x @ w1 + b1)
        d = softmax_errors(code @ w2 + b2, y)
        d_code = d @ w2.T * (1 - code**2)
        changed = [(w2, code.T @ d), (b2, d.sum(0))]
        changed += [] if frozen else [(w1, x.T @ d_code), (b1, d_code.sum(0))]
        for parameter, gradient in changed:
            parameter -= rate * gradient
    return w1, b1, w2, b2


def test_pretraining_and_every_classifier_are_those_written_in_numpy():
    made = autoencoder()
    first, x = made.weights(), made.split.train.numbers.astype(np.float64)
    made.advance(12)
    after, found = made.weights(), made.measure()
    w1, b1, w2, b2 = pretrained(first, x, 5, 0.1)
    for name, right in zip(
        ("dense1.weight", "dense1.bias", "dense2.weight", "dense2.bias"), (w1, b1, w2, b2), strict=True
    ):
        np.testing.assert_allclose(after[f"autoencoder.{name}"], right, rtol=1e-4, atol=1e-5)
    held, right_class = made.held.numbers.astype(np.float64), made.held.targets
    for count in LABELS:
        rows = made._labelled(count)
        inputs, targets = x[rows], made.split.train.targets[rows]
        assert np.bincount(targets).tolist() == [count] * 3
        heads = {start: of(first, f"{start}.labels{count}.dense{1 if start == 'frozen' else 2}") for start in
                 ("scratch", "frozen", "tuned")}  # fmt: skip
        begun = {
            "scratch": (of(first, f"scratch.labels{count}.dense1"), 0.2), "frozen": ([w1, b1], 0.3),
            "tuned": ([w1, b1], 0.2),
        }  # fmt: skip
        for start, (encoder, rate) in begun.items():
            end = classified([*encoder, *heads[start]], inputs, targets, 7, rate, start == "frozen")
            name = f"{start}.labels{count}.dense"
            np.testing.assert_allclose(
                after[f"{name}{1 if start == 'frozen' else 2}.weight"], end[2], rtol=1e-3, atol=1e-5
            )
            if start != "frozen":
                np.testing.assert_allclose(after[f"{name}1.weight"], end[0], rtol=1e-3, atol=1e-5)
            answers = (np.tanh(held @ end[0] + end[1]) @ end[2] + end[3]).argmax(axis=1)
            assert found[f"{start}_accuracy.labels{count}"] == pytest.approx((answers == right_class).mean(), abs=1e-6)
    for name, examples in (("reconstruction_loss", x), ("val_reconstruction_loss", held)):
        error = np.tanh(examples @ w1 + b1) @ w2 + b2 - examples
        assert found[name] == pytest.approx((error**2).mean(), rel=1e-4)
    mean = np.mean([found[f"tuned_accuracy.labels{count}"] for count in LABELS])
    assert found["tuned_accuracy"] == pytest.approx(mean)


def test_few_labels_are_among_the_many_and_belong_to_the_seed_alone():
    made, other = autoencoder(), autoencoder(options={"pretraining": 7})
    assert set(made._labelled(1)) < set(made._labelled(3))
    np.testing.assert_array_equal(made._labelled(3), other._labelled(3))
    assert not np.array_equal(made._labelled(3), autoencoder(1)._labelled(3))


def test_erased_numbers_are_seen_in_pretraining_only():
    whole, erased = autoencoder(), autoencoder(options={"corruption": 0.5})
    for made in (whole, erased):
        made.advance(3)
    weights = whole.weights(), erased.weights()
    assert not np.array_equal(*(each["autoencoder.dense1.weight"] for each in weights))
    x = erased.split.train.numbers.astype(np.float64)
    w1, b1, w2, b2 = of(weights[1], "autoencoder.dense1", "autoencoder.dense2")
    right = ((np.tanh(x @ w1 + b1) @ w2 + b2 - x) ** 2).mean()
    assert erased.measure()["reconstruction_loss"] == pytest.approx(right, rel=1e-4)


@pytest.mark.parametrize("at", [3, 9])
def test_same_steps_from_a_state_give_the_same_bits(at):
    settings = {"optimizer": {"name": "adam", "rate": 0.01}, "options": {"corruption": 0.3}}
    made, other = autoencoder(**settings), autoencoder(**settings)
    made.advance(at)
    state = made.state()
    made.advance(9)
    other.restore(state)
    other.advance(9)
    for name, array in made.weights().items():
        np.testing.assert_array_equal(array, other.weights()[name], err_msg=name)
    assert made.measure() == other.measure()


def test_pictures_say_what_is_so():
    options = {"encoder": ["flatten", {"dense": 6}, "relu"], "loss": "logistic"}
    made = autoencoder(data={"name": "digits", "validation": 0.4, "examples": 200}, options=options)
    made.advance(12)
    curves, images = made.pictures()
    found = made.measure()
    assert curves.x.tolist() == LABELS
    for start, line in curves.lines.items():
        np.testing.assert_allclose(line, [found[f"{start}_accuracy.labels{count}"] for count in LABELS])
    w1, b1, w2, b2 = of(made.weights(), "autoencoder.dense1", "autoencoder.dense2")
    for image, kind in zip(images.images, images.captions, strict=True):
        x = image[:, :8].astype(np.float64)
        assert kind in made.held.classes
        assert (np.abs(made.held.numbers[..., 0] - x).max(axis=(1, 2)) < 1e-6).any()
        right = 1 / (1 + np.exp(-(np.maximum(x.ravel() @ w1 + b1, 0) @ w2 + b2)))
        np.testing.assert_allclose(image[:, 9:].ravel(), right, atol=1e-4)


@pytest.mark.parametrize(("changes", "path", "message"), [
    ({"model": ["relu"]}, "model", "is not used by this task"),
    ({"options": {"pretraining": 20}}, "options.pretraining", "leaves no step"),
    ({"options": {"decoder": [{"dense": 3}]}}, "options.decoder.0", "gives 3 numbers, but an example has 2"),
    ({"options": {"decoder": ["rule"]}}, "options.decoder.0", "there is no layer"),
    ({"options": {"encoder": [{"dense": 4}, "rule"]}}, "options.encoder.1", "there is no layer"),
    ({"options": {"loss": "logistic"}}, "options.loss", "needs numbers from 0 to 1"),
    ({"options": {"labels": [1, 1]}}, "options.labels", "different whole numbers"),
    ({"options": {"labels": [10]}}, "options.labels", "there are not 10 examples of the class"),
    ({"options": {"heads_optimizer": {"name": "lbfgs"}}}, "options.heads_optimizer.name", "this is the sum of many"),
    ({"data": {"name": "blobs", "points": 45}}, "data", "held back"),
    ({"optimizer": {"name": "sgd", "momentum": 0.9, "nesterov": "look_ahead"}}, "optimizer", "looks ahead"),
])  # fmt: skip
def test_what_cannot_work_is_said_in_a_sentence(changes, path, message):
    require_refusal(scenario(**content(**changes)), path, message)
