"""JAX at its fastest on a GPU: all replicas in one vectorised call, a scan over the steps."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lab.bench import contestant, nets
from lab.bench.contestants.jax_scan import adam, loss_of
from lab.bench.contestants.shuffling import load, order


def prepare(net: nets.Net, inputs: jax.Array, targets: jax.Array) -> contestant.Train:
    """A function that trains `net.steps` steps of all replicas, whatever it is asked."""
    random = np.random.default_rng(0)
    parameters = [
        (
            jnp.asarray(random.standard_normal((net.replicas, m, n)) * np.sqrt(2 / m), jnp.float32),
            jnp.zeros((net.replicas, n), jnp.float32),
        )
        for m, n in zip(net.sizes, net.sizes[1:], strict=False)
    ]
    nothing = jax.tree.map(jnp.zeros_like, parameters)
    carried = (parameters, nothing, jax.tree.map(jnp.copy, nothing), jnp.zeros(net.replicas, jnp.float32))

    def step(carried: Any, chosen: jax.Array) -> Any:
        parameters, first, second, count = carried
        loss, gradient = jax.value_and_grad(loss_of)(parameters, inputs[chosen], targets[chosen])
        return adam(parameters, gradient, first, second, count + 1), loss

    together = jax.vmap(step, in_axes=(0, None))
    run = jax.jit(lambda carried, batches: jax.lax.scan(together, carried, batches), donate_argnums=0)
    batches = jnp.asarray(order(net), jnp.int32)

    def train(steps: int) -> None:
        nonlocal carried
        carried, losses = run(carried, batches[:steps])
        losses.block_until_ready()

    return train


def main() -> None:
    """Serve a race."""
    folder = contestant.folder()

    def made(net: str, mode: str) -> contestant.Train | None:
        inputs, targets = load(folder, net)
        return prepare(nets.ON_A_GPU[net], jnp.asarray(inputs), jnp.asarray(targets, jnp.int32))

    contestant.serve({"jax": jax.__version__, "on": jax.devices()[0].device_kind}, made)


if __name__ == "__main__":
    main()
