"""Optimizers over many steps, against plain NumPy in float64 and, where it is installed, against PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import optimizers
from kernels.language import Kernel, specialise
from tests.kernels.running import Run

N = 37
STEPS = 50


def gradient_at(w: np.ndarray) -> np.ndarray:
    """Of an ill-conditioned quadratic with its minimum away from 0."""
    return np.linspace(0.1, 4, w.size) * (w - np.linspace(-1, 1, w.size))


def start() -> np.ndarray:
    return np.random.default_rng(0).standard_normal(N)


def trained(kernel: Kernel, dtype: str = "float64", integers: dict[str, int] | None = None, **settings: float):
    """The path of the parameters over STEPS steps; every state begins at 0."""
    states = {each.name: 0.0 for each in kernel.operands if each.updated}
    run = Run(kernel, {**states, "parameters": start(), **settings}, {"n": N}, integers, dtype=dtype)
    path = []
    for _ in range(STEPS):
        run["gradient"][...] = gradient_at(run["parameters"])
        run()
        path.append(run["parameters"].copy())
    return np.array(path)


def test_sgd_with_zero_momentum_is_sgd():
    plain = trained(optimizers.sgd, rate=0.1)
    for kernel in (optimizers.momentum_step, optimizers.nesterov_step):
        np.testing.assert_allclose(trained(kernel, rate=0.1, momentum=0.0), plain, rtol=1e-12)


def test_look_ahead_form_equals_the_change_of_variables():
    rate, momentum = 0.05, 0.9
    changed = trained(optimizers.nesterov_step, rate=rate, momentum=momentum)
    inputs = {"parameters": start(), "velocity": 0.0, "momentum": momentum, "rate": rate}
    ahead, back = (
        Run(kernel, inputs, {"n": N}, dtype="float64") for kernel in (optimizers.look_ahead, optimizers.look_ahead_step)
    )
    for step in range(STEPS):
        back["parameters"][...] = ahead()["parameters"]
        # Where the gradient is taken is what the other form calls the parameters.
        expected = changed[step - 1] if step else start()
        np.testing.assert_allclose(back["parameters"], expected, rtol=1e-9, atol=1e-12)
        back["gradient"][...] = gradient_at(back["parameters"])
        back()
        ahead["parameters"][...] = back["parameters"]
        ahead["velocity"][...] = back["velocity"]


def test_adam_without_correction_takes_a_different_first_step():
    settings = {"rate": 0.01, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 0.0}
    corrected = trained(optimizers.adam, integers={"corrected": 1}, **settings)[0] - start()
    plain = trained(optimizers.adam, integers={"corrected": 0}, **settings)[0] - start()
    np.testing.assert_allclose(np.abs(corrected), 0.01, rtol=1e-9)
    np.testing.assert_allclose(plain / corrected, 0.1 / np.sqrt(0.001), rtol=1e-9)


def test_bias_correction_keeps_its_digits_in_float32():
    settings = {"rate": 0.01, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-12}
    first = trained(optimizers.adam, "float32", {"corrected": 1}, **settings)[0].astype(np.float64) - start()
    np.testing.assert_allclose(np.abs(first), 0.01, rtol=1e-4)


def test_padding_stays_zero():
    settings = {"rate": 0.1, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8, "gradient": 0.0, "parameters": 0.0}
    run = Run(optimizers.adam, {**settings, "first": 0.0, "second": 0.0}, {"n": N}, {"corrected": 1})(10)
    assert (run["parameters"] == 0).all()


def test_clipping_by_the_norm():
    gradient = np.array([3.0, 4.0])
    for limit, right in ((1.0, gradient / 5), (5.0, gradient), (50.0, gradient)):
        run = Run(optimizers.clip_by_norm, {"gradient": gradient, "norm": 5.0, "limit": limit}, {"n": 2})()
        np.testing.assert_allclose(run["gradient"], right, rtol=1e-6)


def test_settings_may_change_while_training():
    run = Run(optimizers.sgd, {"parameters": 1.0, "gradient": 1.0, "rate": 0.5}, {"n": 3})()
    run["rate"][...] = 0.25
    np.testing.assert_array_equal(run()["parameters"], 0.25)


TORCH = {
    "sgd": (optimizers.sgd, {"rate": 0.1}, None, lambda t, p: t.optim.SGD(p, lr=0.1)),
    "momentum": (
        optimizers.momentum_step,
        {"rate": 0.05, "momentum": 0.9},
        None,
        lambda t, p: t.optim.SGD(p, lr=0.05, momentum=0.9),
    ),
    "nesterov": (
        optimizers.nesterov_step,
        {"rate": 0.05, "momentum": 0.9},
        None,
        lambda t, p: t.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    ),
    "adagrad": (
        optimizers.adagrad,
        {"rate": 0.1, "epsilon": 1e-8},
        None,
        lambda t, p: t.optim.Adagrad(p, lr=0.1, eps=1e-8),
    ),
    "rmsprop": (
        optimizers.rmsprop,
        {"rate": 0.01, "decay": 0.95, "epsilon": 1e-8},
        None,
        lambda t, p: t.optim.RMSprop(p, lr=0.01, alpha=0.95, eps=1e-8),
    ),
    "adam": (
        optimizers.adam,
        {"rate": 0.01, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8},
        {"corrected": 1},
        lambda t, p: t.optim.Adam(p, lr=0.01, eps=1e-8),
    ),
}


@pytest.mark.parametrize("name", TORCH)
def test_same_path_as_pytorch(name):
    torch = pytest.importorskip("torch")
    kernel, settings, integers, make = TORCH[name]
    w = torch.tensor(start(), requires_grad=True)
    optimizer = make(torch, [w])
    path = []
    for _ in range(STEPS):
        w.grad = torch.tensor(gradient_at(w.detach().numpy()))
        optimizer.step()
        path.append(w.detach().numpy().copy())
    np.testing.assert_allclose(trained(kernel, integers=integers, **settings), path, rtol=1e-9, atol=1e-12)


def test_decay_then_adam_is_adamw_of_pytorch():
    torch = pytest.importorskip("torch")
    w = torch.tensor(start(), requires_grad=True)
    optimizer = torch.optim.AdamW([w], lr=0.01, eps=1e-8, weight_decay=0.1)
    settings = {"rate": 0.01, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8, "first": 0.0, "second": 0.0}
    adam = Run(optimizers.adam, {**settings, "parameters": start()}, {"n": N}, {"corrected": 1}, dtype="float64")
    decay = Run(optimizers.decay_weights, {"rate": 0.01, "strength": 0.1}, {"n": N}, dtype="float64")
    for _ in range(STEPS):
        w.grad = torch.tensor(gradient_at(w.detach().numpy()))
        optimizer.step()
        adam["gradient"][...] = gradient_at(adam["parameters"])
        decay["parameters"][...] = adam["parameters"]
        adam["parameters"][...] = decay()["parameters"]
        adam()
        np.testing.assert_allclose(adam["parameters"], w.detach().numpy(), rtol=1e-9)


@pytest.mark.parametrize("keep", [1e-7, 0.5, 0.9, 0.99, 0.999, 0.99999])
def test_the_bias_of_running_means_on_a_gpu_is_right_without_float64(keep):
    """At any step, for which float64 there would multiply powers by all of its digits: within 1e-6 of what is exact."""
    gpu = specialise(optimizers.unbiased.body("cuda", "float32"), "cuda", "float32", lambda body, device: body)
    near = np.float32(keep)
    for step in (1, 2, 3, 10, 1000, 12_345, 10**6, 3 * 10**7):
        exact = 1 / -np.expm1(step * np.log1p(np.float64(near) - 1))
        np.testing.assert_allclose(gpu(np.float32(1), near, step), exact, rtol=1e-6)
