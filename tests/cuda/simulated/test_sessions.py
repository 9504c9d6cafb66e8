"""Sessions on the simulated device: however they are steered, the numbers are those of a run that nobody disturbed."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from kernels.targets.cuda.memory import Memory
from lab.tasks.programs import ProgramExperiment
from tests.cuda.simulated.training import MODES, TINY, curves, finished, same, session, tiny
from tests.session.test_session import at, end, until

pytestmark = [pytest.mark.usefixtures("no_tiles"), pytest.mark.parametrize("mode", MODES)]

LAST = TINY["train.steps"]


@functools.cache
def undisturbed(mode: str) -> dict:
    return curves(finished(tiny(), "cuda", mode))


def begun(mode: str, paused: bool = False):
    made = session(tiny(), "cuda", mode)
    if paused:
        made.pause()
    made.start(keep_open=True)
    for variant in ("calm", "quick"):
        until(at(made, 0 if paused else LAST, variant), 120)
    return made


def test_memory_lies_on_the_device(mode):
    run = finished(tiny(**{"train.steps": 1}), "cuda", mode)
    for replica in run.replicas:
        assert isinstance(replica.experiment.memory, Memory)
        assert replica.experiment.memory.whole_gpu == (mode == "grid")


def test_the_same_again(mode):
    same(curves(finished(tiny(), "cuda", mode)), undisturbed(mode))


def test_measured_on_the_way_as_when_stopping_at_each(mode, monkeypatch):
    monkeypatch.setattr(ProgramExperiment, "measures_on_the_way", False)
    same(curves(finished(tiny(), "cuda", mode)), undisturbed(mode))


def test_chunks_of_one_step(mode, monkeypatch):
    monkeypatch.setattr("lab.session.chunks.CHUNK", 1e-9)
    same(curves(finished(tiny(), "cuda", mode)), undisturbed(mode))


def test_single_steps_while_paused_then_on(mode):
    run = begun(mode, paused=True)
    for step in (1, 2):
        run.single_step()
        until(at(run, step), 120)
    run.resume()
    until(at(run, LAST), 120)
    until(at(run, LAST, "quick"), 120)
    found = curves(run)
    end(run)
    for key, (steps, values) in undisturbed(mode).items():
        ours = dict(zip(*found[key], strict=True))
        assert {1, 2} <= set(ours) or key[2] == "diverged"
        np.testing.assert_array_equal([ours[step] for step in steps], values, err_msg=str(key))


def test_rewind_repeats_the_run(mode):
    run = begun(mode)
    run.rewind("calm", step=2)
    until(lambda: all(each.state == "finished" and not each.commands for each in run.replicas), 120)
    found = curves(run)
    end(run)
    for key, (steps, values) in undisturbed(mode).items():
        ours = dict(zip(*found[key], strict=True))
        np.testing.assert_array_equal([ours[step] for step in steps], values, err_msg=str(key))


def test_a_change_and_a_branch_with_the_same_change_agree(mode):
    run = begun(mode, paused=True)
    run.single_step(2)
    until(at(run, 2), 120)
    run.change("optimizer.rate", 0.02, "calm")
    run.resume()
    until(at(run, LAST), 120)
    run.branch("calm", "other", 2, {"optimizer.rate": 0.02})
    until(lambda: "loss" in run.history.metrics("other"), 120)
    until(at(run, LAST, "other"), 120)
    changed, other = (dict(zip(*run.history.curve(each, 0, "loss"), strict=True)) for each in ("calm", "other"))
    end(run)
    assert changed == {0: changed[0]} | other
    before = dict(zip(*undisturbed(mode)["calm", 0, "loss"], strict=True))
    assert changed[2] == before[2]
    assert changed[LAST] != before[LAST]


def test_a_saved_state_goes_on_to_the_same_bits(mode):
    """As a run does that was killed and is resumed; the state is that of one replica, the other begins anew."""
    run = begun(mode, paused=True)
    run.single_step(4)
    until(at(run, 4), 120)
    until(at(run, 4, "quick"), 120)
    state = next(each.experiment.state() for each in run.replicas if each.name == "calm")
    end(run)
    resumed = session(tiny(), "cuda", mode)
    resumed.restore("calm", 0, 4, state)
    resumed.start()
    assert resumed.wait(120)
    for key, (steps, values) in undisturbed(mode).items():
        ours = dict(zip(*resumed.history.curve(*key), strict=True))
        wanted = {step: value for step, value in zip(steps, values, strict=True) if step > 4 or key[0] == "quick"}
        assert ours == wanted, key


def test_a_replica_does_not_depend_on_its_neighbours(mode):
    among = curves(finished(tiny(), "cuda", mode, seeds=[0, 1]))
    for key, curve in undisturbed(mode).items():
        same({key: among[key]}, {key: curve})
