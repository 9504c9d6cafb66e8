"""What acts on the host between steps: its part of checkpoints, and that inputs are none of theirs."""

from __future__ import annotations

import numpy as np
import pytest

from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.network import Network
from tests.nets.test_gan_on_a_ring import Gan


def test_goes_on_from_a_state_to_the_same_bits_without_its_inputs():
    gan, other = Gan(40, seed=3), Gan(40, seed=3)
    gan.advance(10)
    state = gan.state()
    gan.advance(20)
    other.advance(3)
    other.restore(state)
    other.advance(20)
    for network, same in ((gan.generator, other.generator), (gan.judge, other.judge)):
        for name, value in gan.numbers(network.kept).items():
            np.testing.assert_array_equal(other.numbers(same.kept)[name], value, err_msg=name)
    assert state["arena"].size == gan.layout.kept
    assert gan.layout.place(gan.real)[1] >= gan.layout.kept


def test_names_and_numbers_of_two_networks_are_apart():
    gan = Gan(10, seed=0)
    rates = {name for name in gan.settings() if name.endswith("optimizer.rate")}
    assert rates == {"generator.optimizer.rate", "discriminator.optimizer.rate"}
    assert set(gan.generator.kept) == {
        f"generator.dense{number}.{name}" for number in (1, 2, 3) for name in ("weight", "bias")
    }
    assert "generator.leaky_relu1.slope" in gan.settings()
    before = gan.numbers(gan.generator.kept)
    gan.change("generator.optimizer.rate", 0.0)
    gan.advance(5)
    for name, value in gan.numbers(gan.generator.kept).items():
        np.testing.assert_array_equal(value, before[name])
    weights = gan.read(gan.judge.kept["discriminator.dense1.weight"])
    assert not np.array_equal(weights, gan.judge.first_values()["discriminator.dense1.weight"].astype(np.float32))


def test_two_optimizers_cannot_share_their_numbers():
    adjustable = AdjustableNumbers()
    adjustable.take("optimizer")
    with pytest.raises(ValueError, match="names of their own"):
        adjustable.take("optimizer")
    adjustable.take("generator.optimizer")


def test_a_network_without_a_name_draws_what_it_always_drew_and_one_with_a_name_something_else():
    from lab.graph import data

    def drawn(name):
        network = Network([{"dense": 3}], None, 2, 0, AdjustableNumbers(), name)
        network.apply(data(np.zeros((4, 2), np.float32), "inputs"), training=True)
        return network.first_values()

    alone, named = drawn(""), drawn("generator")
    assert set(alone) == {"dense1.weight", "dense1.bias"}
    assert set(named) == {"generator.dense1.weight", "generator.dense1.bias"}
    assert not np.array_equal(alone["dense1.weight"], named["generator.dense1.weight"])
