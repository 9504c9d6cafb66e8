"""JAX at its fastest: all steps of a turn are one compiled call, a scan over the step."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lab.bench import contestant, nets
from lab.bench.contestants.shuffling import load, order

Parameters = list[tuple[jax.Array, jax.Array]]


def prepare(net: nets.Net, inputs: jax.Array, targets: jax.Array) -> contestant.Train:
    """A function that trains `net.steps` steps, whatever it is asked; batches are indexed as for the others."""
    random = np.random.default_rng(0)
    parameters: Parameters = [
        (jnp.asarray(random.standard_normal((m, n)) * np.sqrt(2 / m), jnp.float32), jnp.zeros(n, jnp.float32))
        for m, n in zip(net.sizes, net.sizes[1:], strict=False)
    ]
    update = {"sgd": _sgd, "adam": adam}[net.optimizer]
    nothing = jax.tree.map(jnp.zeros_like, parameters)
    carried = (parameters, nothing, jax.tree.map(jnp.copy, nothing), jnp.float32(0))

    def step(carried: Any, chosen: jax.Array) -> Any:
        parameters, first, second, count = carried
        loss, gradient = jax.value_and_grad(loss_of)(parameters, inputs[chosen], targets[chosen])
        return update(parameters, gradient, first, second, count + 1), loss

    run = jax.jit(lambda carried, batches: jax.lax.scan(step, carried, batches), donate_argnums=0)
    batches = jnp.asarray(order(net))

    def train(steps: int) -> None:
        nonlocal carried
        carried, losses = run(carried, batches[:steps])
        losses.block_until_ready()

    return train


def loss_of(parameters: Parameters, x: jax.Array, y: jax.Array) -> jax.Array:
    """Mean cross-entropy of a perceptron with ReLU."""
    for weight, bias in parameters[:-1]:
        x = jax.nn.relu(x @ weight + bias)
    logits = x @ parameters[-1][0] + parameters[-1][1]
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], axis=1).mean()


def _sgd(parameters: Any, gradient: Any, first: Any, second: Any, count: jax.Array) -> Any:
    return jax.tree.map(lambda w, g: w - nets.RATE * g, parameters, gradient), first, second, count


def adam(parameters: Any, gradient: Any, first: Any, second: Any, count: jax.Array) -> Any:
    """Parameters and states after a step, and how many there were."""
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
    second = jax.tree.map(lambda s, g: 0.999 * s + 0.001 * g * g, second, gradient)
    pace, stretch = nets.RATE / (1 - 0.9**count), 1 / (1 - 0.999**count)
    parameters = jax.tree.map(lambda w, m, s: w - pace * m / (jnp.sqrt(s * stretch) + 1e-8), parameters, first, second)
    return parameters, first, second, count


def main() -> None:
    """Serve a race."""
    folder = contestant.folder()

    def made(net: str, mode: str) -> contestant.Train:
        inputs, targets = load(folder, net)
        return prepare(nets.NETS[net], jnp.asarray(inputs), jnp.asarray(targets, jnp.int32))

    contestant.serve({"jax": jax.__version__}, made)


if __name__ == "__main__":
    main()
