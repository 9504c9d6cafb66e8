"""Scenarios that nobody has thought of: what a step computes is what PyTorch computes, or finite differences tell, and
in pieces, or taken up again from a file, a training has the same bits.

A few are tried each time; `pytest -m verify tests/random_scenarios` tries many, other ones each time.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, note, settings
from hypothesis import strategies as st

from lab.data.tables.encoding import embedded
from lab.store.files import load_arrays, save_arrays
from tests.random_scenarios.probed import Probed, accepted, experiment
from tests.random_scenarios.scenarios import FAMILIES, STEPS, scenario, write_table

FEW, MANY = 3, 100
SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much, HealthCheck.too_slow]
PHASES = [Phase.explicit, Phase.generate]  # what fails is told as it is: to make it smaller takes long
CHANCE = st.randoms(use_true_random=False)
LARGEST_LOSS = 1e6


def few(test: Any) -> Any:
    return settings(max_examples=FEW, derandomize=True, phases=PHASES, suppress_health_check=SLOW)(test)


def many(test: Any) -> Any:
    return settings(max_examples=MANY, database=None, phases=PHASES, suppress_health_check=SLOW)(test)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("random")
    write_table(found)
    return found


def drawn(chance: Any, family: str, folder: Path, random: bool) -> Any:
    content = scenario(chance, family, random)
    note(json.dumps(content))
    counted = accepted(content, folder)
    assume(counted is not None)
    return counted


# With PyTorch


def with_torch(chance: Any, family: str, folder: Path) -> None:
    torch = pytest.importorskip("torch")
    from tests.random_scenarios import steps_in_torch as steps
    from tests.random_scenarios.in_torch import Reading

    chosen = drawn(chance, family, folder, random=False)
    rule = {"name": chosen.optimizer.name, **chosen.optimizer.given}
    assume(rule.get("nesterov") != "look_ahead")  # takes its gradient elsewhere; tests/nets/test_optimizers.py has it
    probed = Probed(chosen, folder)
    made = probed.made
    table = made.split.train.table
    columns = embedded(table.columns) if table is not None else ()
    reading, following = None, steps.Steps(rule)
    for step in range(min(chosen.train.steps, 8)):
        seen = probed.look()
        if not abs(seen["loss"][0]) < LARGEST_LOSS:
            return
        weights = {name: torch.tensor(each, requires_grad=True) for name, each in probed.parameters().items()}
        running = {} if reading is None else reading.running
        reading = Reading(chosen.model, weights, columns)
        reading.running = running
        inputs, targets = torch.tensor(seen["inputs"]), torch.tensor(seen["targets"])
        output = reading(inputs)
        np.testing.assert_allclose(output.detach().numpy().ravel(), seen["output"].ravel(), rtol=1e-8, atol=1e-8)
        loss = steps.loss(chosen, output, targets, made.split.train)
        for other, share in reading.auxiliary:
            loss = loss + share * steps.loss(chosen, other, targets, made.split.train)
        np.testing.assert_allclose(loss.item(), seen["loss"][0], rtol=1e-9, atol=1e-10)
        found = torch.autograd.grad(loss, list(weights.values()), allow_unused=True)
        gradients = {
            name: torch.zeros_like(weight) if each is None else each
            for (name, weight), each in zip(weights.items(), found, strict=True)
        }
        with torch.no_grad():
            wanted = steps.finished(rule, weights, gradients)
            made.advance(1)
            mine = probed.gradients()
            scale = max(float(each.abs().max()) for each in wanted.values()) + 1e-9
            for name, each in wanted.items():
                np.testing.assert_allclose(mine[name], each, rtol=1e-6, atol=1e-8 * scale, err_msg=name)
            # From the gradient that was used, as some of them divide rounding errors by rounding errors.
            used = {name: torch.tensor(each) for name, each in mine.items()}
            stepped = following.step(weights, used, steps.rate(rule, step))
            for name, each in probed.parameters().items():
                np.testing.assert_allclose(each, stepped[name], rtol=1e-8, atol=1e-10, err_msg=f"{name} after a step")
    for name, pair in reading.running.items() if reading is not None else ():
        for which, each in zip(("mean", "variance"), pair, strict=True):
            kept = made.read(made.network.running.members[f"{name}.running_{which}"])
            np.testing.assert_allclose(kept, each, rtol=1e-7, atol=1e-9, err_msg=f"{name}.running_{which}")


# With finite differences


def with_differences(chance: Any, family: str, folder: Path) -> None:
    chosen = drawn(chance, family, folder, random=True)
    plain = {key: value for key, value in chosen.optimizer.given.items() if key in ("rate", "momentum", "schedule")}
    rule = type(chosen.optimizer).model_validate({"name": chosen.optimizer.name, "rate": plain["rate"]})
    probed = Probed(chosen.model_copy(update={"optimizer": rule}), folder)
    made, draw = probed.made, np.random.default_rng(chance.randint(0, 2**32 - 1))
    made.advance(2)
    here = {}
    for name, each in probed.parameters().items():
        here[name] = each + 0.01 * draw.standard_normal(each.shape)  # away from the kinks where all begins at 0
        probed.put(name, here[name])
    gradients, loss = probed.gradients(anew=True), probed.loss()
    assume(abs(loss) < 1e3)
    for name, each in here.items():
        way = draw.standard_normal(each.shape)
        way /= np.linalg.norm(way)
        slope = float((gradients[name] * way).sum())
        assert _agrees(probed, name, each, way, slope, loss), name


def _agrees(probed: Probed, name: str, here: np.ndarray, way: np.ndarray, slope: float, loss: float) -> bool:
    """Whether a slope is that of the loss along a way; where it has a kink, whether it lies between both sides."""
    for distance in (1e-4, 1e-5, 1e-6, 1e-7):
        probed.put(name, here + distance * way)
        up = (probed.loss() - loss) / distance
        probed.put(name, here - distance * way)
        down = (loss - probed.loss()) / distance
        probed.put(name, here)
        allowed = 1e-4 * (abs(slope) + abs(up)) + 1e-13 * (1 + abs(loss)) / distance + 1e-7
        if abs((up + down) / 2 - slope) <= allowed:
            return True
        if abs(up - down) > 10 * allowed and min(up, down) - allowed <= slope <= max(up, down) + allowed:
            return True
    return False


# With itself


def with_itself(chance: Any, family: str, folder: Path) -> None:
    chosen = drawn(chance, family, folder, random=True)
    chosen = chosen.model_copy(update={"train": chosen.train.model_copy(update={"stop": None})})
    every, at = chosen.train.measure, chance.randint(1, STEPS - 1)
    whole = experiment(chosen, folder)
    whole.measure()
    told = whole.advance(STEPS, every)
    ends = whole.weights(), whole.measure()
    pieces, on_the_way = experiment(chosen, folder), []
    pieces.measure()
    for step in range(1, STEPS + 1):
        pieces.advance(1)
        if step % every == 0:
            on_the_way.append((step, pieces.measure()))
        if step == at:
            save_arrays(folder / "state.safetensors", dict(pieces.state()))
            pieces.pictures()
    assert pieces.diverged() == whole.diverged()
    if whole.diverged():
        return
    _same(ends[0], pieces.weights())
    _same(ends[1], pieces.measure())
    for (step, mine), (other_step, other) in zip(told or (), on_the_way, strict=bool(told)):
        assert step == other_step
        _same(mine, other)
    again = experiment(chosen, folder)
    again.advance(chance.randint(0, 3))
    again.restore(load_arrays(folder / "state.safetensors"))
    again.advance(STEPS - at)
    _same(ends[0], again.weights())
    _same(ends[1], again.measure())


def _same(one: Any, other: Any) -> None:
    assert list(one) == list(other)
    for name, each in one.items():
        np.testing.assert_array_equal(each, other[name], err_msg=name)


CHECKS = {"torch": with_torch, "differences": with_differences, "itself": with_itself}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("check", CHECKS)
@few
@given(chance=CHANCE)
def test_a_few(check: str, family: str, folder: Path, chance: Any) -> None:
    CHECKS[check](chance, family, folder)


@pytest.mark.verify
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("check", CHECKS)
@many
@given(chance=CHANCE)
def test_many(check: str, family: str, folder: Path, chance: Any) -> None:
    CHECKS[check](chance, family, folder)
