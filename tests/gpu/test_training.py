"""Whole trainings on a real GPU: as on the CPU, whatever the launch, and repeatable."""

from __future__ import annotations

import numpy as np
import pytest

import lab

pytestmark = pytest.mark.gpu

CALM = ["dead-relu", "vanishing-gradient", "xavier-init", "dropout", "momentum", "adam", "l2"]
"""Scenarios whose first steps amplify no rounding."""


@pytest.mark.parametrize("name", CALM)
def test_first_steps_are_those_of_the_cpu(name):
    there, here = (lab.run(name, device=device, steps=10) for device in ("cuda:0", "cpu"))
    compared = 0
    for variant in here.variants:
        seed = here.seeds[0]
        if "loss" not in here.curves[variant][seed]:
            continue
        ours, theirs = here.curve(variant, "loss", seed=seed), there.curve(variant, "loss", seed=seed)
        np.testing.assert_array_equal(ours[0], theirs[0])
        finite = np.isfinite(ours[1]) & (np.abs(ours[1]) < 1e3)
        np.testing.assert_allclose(theirs[1][finite], ours[1][finite], rtol=2e-3, atol=1e-5)
        compared += 1
    assert compared


def test_the_same_again_bit_for_bit():
    first, second = (lab.run("dead-relu", device="cuda:0", steps=200, seeds=[0, 1]) for _ in range(2))
    for variant in first.variants:
        for name, values in first.weights[variant][1].items():
            np.testing.assert_array_equal(values, second.weights[variant][1][name])


def test_a_replica_does_not_depend_on_its_neighbours():
    alone = lab.run("dead-relu", device="cuda:0", steps=100, seeds=[3], variants=["good"])
    among = lab.run("dead-relu", device="cuda:0", steps=100, seeds=range(40), variants=["good"])
    steps, loss = alone.curve("good", "loss", seed=3)
    np.testing.assert_allclose(among.curve("good", "loss", seed=3)[1], loss, rtol=1e-6)
    assert len(steps) > 3


def test_measured_on_the_way_as_by_itself():
    """A launch that passes many measurements tells what stopping at each would have told."""
    long = lab.run("dead-relu", device="cuda:0", steps=400)
    short = lab.run("dead-relu", device="cuda:0", steps=200)
    for variant in ("good", "leaky"):
        _, loss = short.curve(variant, "loss", seed=0)
        np.testing.assert_array_equal(long.curve(variant, "loss", seed=0)[1][: len(loss)], loss)


def test_divergence_is_named():
    ended = lab.run("learning-rates", device="cuda:0", steps=400)
    diverged = [each for each in ended.outcomes if each.state == "diverged"]
    assert diverged
    assert all("at step" in each.message for each in diverged)
