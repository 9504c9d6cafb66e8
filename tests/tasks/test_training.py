"""Training against the same network written out in NumPy: batches, gradients, updates and every metric."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.plan import STEP
from lab.errors import InvalidValue
from lab.graph.running import bind, prepare
from lab.scenario.model import Scenario
from lab.tasks import task_of

WATCH = [
    "loss", "val_loss", "accuracy", "val_accuracy", "rate", "grad_norm", "dead_relu", "activation_mean",
    "activation_std", "saturation", "weight_norm", "update_ratio",
]  # fmt: skip


def scenario(**changes) -> Scenario:
    content = {
        "title": "Net",
        "task": "classify",
        "data": {"name": "spiral", "points": 90, "validation": 0.2},
        "model": [{"dense": 12}, "relu", {"dense": 6}, "tanh", {"dense": "classes"}],
        "init": {"name": "he", "bias": -0.2},
        "optimizer": {"name": "sgd", "rate": 0.1, "momentum": 0.9},
        "train": {"batch": 16, "steps": 50},
        "watch": WATCH,
    }
    return Scenario.model_validate(content | changes)


def experiment(seed=0, **changes):
    chosen = scenario(**changes)
    made = task_of(chosen).build(chosen, seed, None)
    prepare(made.kernels())
    made.prepare()
    return made


def forward(weights, inputs, targets):
    """(layer outputs, loss, right answers) in float64."""
    w = {name: value.astype(np.float64) for name, value in weights.items()}
    relu = np.maximum(inputs @ w["dense1.weight"] + w["dense1.bias"], 0)
    tanh = np.tanh(relu @ w["dense2.weight"] + w["dense2.bias"])
    logits = tanh @ w["dense3.weight"] + w["dense3.bias"]
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    rows = np.arange(len(targets))
    return relu, tanh, shares, -np.log(shares[rows, targets]).mean(), (logits.argmax(axis=1) == targets).mean()


def gradients(weights, inputs, targets):
    w = {name: value.astype(np.float64) for name, value in weights.items()}
    relu, tanh, shares, _, _ = forward(weights, inputs, targets)
    d = shares.copy()
    d[np.arange(len(targets)), targets] -= 1
    d /= len(targets)
    found = {"dense3.weight": tanh.T @ d, "dense3.bias": d.sum(axis=0)}
    d = d @ w["dense3.weight"].T * (1 - tanh**2)
    found |= {"dense2.weight": relu.T @ d, "dense2.bias": d.sum(axis=0)}
    d = d @ w["dense2.weight"].T * (relu > 0)
    return found | {"dense1.weight": inputs.T @ d, "dense1.bias": d.sum(axis=0)}


def norm(arrays):
    return np.sqrt(sum((each.astype(np.float64) ** 2).sum() for each in arrays))


def test_full_batch_steps_follow_sgd_with_momentum_written_in_numpy():
    net = experiment(train={"batch": "all", "steps": 50})
    inputs, targets = net.split.train.inputs, net.split.train.targets
    weights = {name: value.astype(np.float64) for name, value in net.weights().items()}
    velocity = {name: np.zeros_like(value) for name, value in weights.items()}
    for _ in range(10):
        for name, gradient in gradients(weights, inputs, targets).items():
            velocity[name] = 0.9 * velocity[name] + gradient
        weights = {name: value - 0.1 * velocity[name] for name, value in weights.items()}
    net.advance(10)
    for name, value in net.weights().items():
        np.testing.assert_allclose(value, weights[name], rtol=2e-4, atol=2e-5, err_msg=name)


def test_every_metric_means_what_it_says():
    net = experiment()
    net.advance(6)
    before = net.weights()
    net.advance(1)
    after = net.weights()
    values = net.measure()
    train, held = net.split.train, net.split.validation
    relu, tanh, _, loss, accuracy = forward(after, train.inputs, train.targets)
    _, _, _, held_loss, held_accuracy = forward(after, held.inputs, held.targets)
    dead = (relu == 0).all(axis=0)
    both = np.concatenate([relu.ravel(), tanh.ravel()])
    expected = {
        "loss": loss,
        "val_loss": held_loss,
        "accuracy": accuracy,
        "val_accuracy": held_accuracy,
        "rate": 0.1,
        "dead_relu": dead.mean(),
        "dead_relu.relu1": dead.mean(),
        "activation_mean": both.mean(),
        "activation_mean.relu1": relu.mean(),
        "activation_mean.tanh1": tanh.mean(),
        "activation_std": both.std(),
        "activation_std.relu1": relu.std(),
        "activation_std.tanh1": tanh.std(),
        "saturation": (np.abs(tanh) > 0.99).mean(),
        "saturation.tanh1": (np.abs(tanh) > 0.99).mean(),
        "weight_norm": norm(after[name] for name in after if name.endswith("weight")),
        "weight_norm.dense2": norm([after["dense2.weight"]]),
        "update_ratio": norm(after[name] - before[name] for name in after) / norm(before.values()),
        "update_ratio.dense1": norm(after[f"dense1.{each}"] - before[f"dense1.{each}"] for each in ("weight", "bias"))
        / norm(before[f"dense1.{each}"] for each in ("weight", "bias")),
    }
    for name, value in expected.items():
        assert values[name] == pytest.approx(value, rel=2e-4, abs=1e-6), name
    assert set(values) == set(net.metrics)
    layers = [values[f"grad_norm.dense{number}"] for number in (1, 2, 3)]
    assert np.sqrt(np.square(layers).sum()) == pytest.approx(values["grad_norm"], rel=1e-5)


def test_gradient_norm_is_that_of_the_batch_just_used():
    net = experiment(optimizer={"name": "sgd", "rate": 0.1})
    net.advance(4)
    before = net.weights()
    net.advance(1)
    update = {name: (before[name].astype(np.float64) - value) / 0.1 for name, value in net.weights().items()}
    assert net.measure()["grad_norm"] == pytest.approx(norm(update.values()), rel=1e-3)


def test_at_step_0_the_gradient_is_the_first_one_and_there_is_no_update_yet():
    net = experiment(train={"batch": "all", "steps": 5})
    values = net.measure()
    expected = gradients(net.weights(), net.split.train.inputs, net.split.train.targets)
    assert values["grad_norm"] == pytest.approx(norm(expected.values()), rel=1e-4)
    assert "update_ratio" not in values


def test_measuring_and_looking_change_nothing():
    quiet, watched = experiment(), experiment()
    for _ in range(10):
        quiet.advance(3)
        watched.advance(3)
        watched.measure()
        watched.pictures()
    assert all(np.array_equal(watched.weights()[name], value) for name, value in quiet.weights().items())


def test_every_example_is_used_once_per_epoch():
    net = experiment(data={"name": "spiral", "points": 60}, train={"batch": 20, "steps": 9}, watch=["loss"])
    rows = net.layout.plans["step"].rows
    index = next(number for number, row in enumerate(rows) if row.kernel.name == "choose_batch")
    offset = rows[index].operands[0][1]
    program = bind(net.layout.plans["step"], net.memory)
    seen = []
    for step in range(1, 10):
        net.memory.state[STEP] = step
        program.run_row(index)
        seen.append(net.memory.arena[offset : offset + 20].astype(int))
    epochs = [np.concatenate(seen[first : first + 3]) for first in (0, 3, 6)]
    for epoch in epochs:
        assert sorted(epoch.tolist()) == list(range(60))
    assert not np.array_equal(epochs[0], epochs[1])


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({"data": None}, ("data",), "needs data"),
        ({"data": {"name": "diabetes"}}, ("data",), "classes"),
        ({"model": [{"dense": 5}]}, ("model", 0), "5 numbers"),
        ({"model": [{"dense": 10**9}, {"dense": "classes"}]}, ("model", 0), "GiB"),
        ({"train": {"batch": 5000}}, ("train", "batch"), "5000"),
        ({"optimizer": {"name": "adm"}}, ("optimizer", "name"), "adam"),
        ({"optimizer": {"name": "sgd", "momentun": 0.9}}, ("optimizer", "momentun"), "momentum"),
        ({"optimizer": {"name": "sgd", "momentum": 1.5}}, ("optimizer", "momentum"), "1"),
        ({"model": [{"dense": 8}, "rellu", {"dense": "classes"}]}, ("model", 1), "relu"),
        ({"init": "hee"}, ("init",), "he"),
        ({"watch": ["los"]}, ("watch", 0), "loss"),
        ({"options": {"loss": "softmaxx"}}, ("options", "loss"), "softmax"),
    ],
)
def test_what_cannot_work_is_refused_with_its_place(changes, place, words):
    chosen = scenario(**changes)
    with pytest.raises(InvalidValue) as caught:
        task_of(chosen).check(chosen, None)
    assert caught.value.path[: len(place)] == place
    assert words in caught.value.message


def test_weights_begin_as_a_file_says_and_one_that_does_not_fit_is_refused(tmp_path):
    from safetensors.numpy import save_file

    trained = experiment()
    trained.advance(5)
    save_file({name: value.astype(np.float32) for name, value in trained.weights().items()}, tmp_path / "w.safetensors")
    chosen = scenario(init={"from": "w.safetensors"})
    again = task_of(chosen).build(chosen, 3, tmp_path)
    prepare(again.kernels())
    again.prepare()
    assert all(np.array_equal(again.weights()[name], value) for name, value in trained.weights().items())
    smaller = scenario(init={"from": "w.safetensors"}, model=[{"dense": 5}, {"dense": "classes"}])
    with pytest.raises(InvalidValue, match="shape"):
        task_of(smaller).check(smaller, tmp_path)


def test_a_network_that_needs_more_than_is_free_is_refused_before_it_is_taken(monkeypatch):
    monkeypatch.setattr("lab.tasks.programs.free_memory", lambda: 100 * 2**20)
    chosen = scenario(model=[{"dense": 3000}, "relu", {"dense": 3000}, "relu", {"dense": "classes"}])
    with pytest.raises(InvalidValue, match=r"about \d+ MiB .* only 100 MiB of memory are free"):
        task_of(chosen).check(chosen, None)
    monkeypatch.setattr("lab.tasks.programs.free_memory", lambda: None)
    task_of(chosen).check(chosen, None)


def test_a_network_that_does_not_fit_into_memory_is_refused_with_the_estimate():
    chosen = scenario(
        data={"name": "spiral", "points": 200_000},
        train={"batch": "all"},
        model=[{"dense": 9000}, {"dense": "classes"}],
    )
    with pytest.raises(InvalidValue, match=r"GiB"):
        task_of(chosen).check(chosen, None)


def test_weights_and_step_go_together_where_the_search_for_a_divergence_fails(monkeypatch):
    """As on a GPU whose memory is full: what is saved afterwards must not be new weights with an old step."""

    def full(*arguments):
        raise RuntimeError("The GPU's memory is full.")

    monkeypatch.setattr("lab.tasks.programs.first_bad_tensor", full)
    hot = {"model": [{"dense": 12}, {"dense": "classes"}], "optimizer": {"name": "sgd", "rate": 1e4}}
    net, beside = experiment(**hot), experiment(**hot)
    for each in (net, beside):
        with pytest.raises(RuntimeError, match="memory is full"):
            each.advance(50 if each is net else 10**6)
    assert 1 < net.step == net.memory.state[STEP] < 50
    np.testing.assert_array_equal(net.state()["arena"], beside.state()["arena"])


def test_what_is_0_and_stays_0_has_not_changed():
    net = experiment(model=[{"dense": "classes"}], init="zero", optimizer={"rate": 0.0}, watch=["update_ratio"])
    net.advance(1)
    assert net.measure()["update_ratio.dense1"] == 0
