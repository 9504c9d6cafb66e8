"""Whole scenarios, made small, for a few steps: by a thread group or by the whole GPU, as on the CPU."""

from __future__ import annotations

import pytest

from kernels.targets.cuda import block_launches
from kernels.targets.cuda.simulated_device import SimulatedDevice
from kernels.targets.cuda.specialized_kernels import SpecializedKernel
from lab.graph.devices import on
from lab.tasks import task_of
from tests.cuda.simulated.training import OTHER_MODES, SCENARIOS, alike, finished, loaded, tiny
from tests.session.scenarios import small

OTHERS = sorted(set(SCENARIOS) - {"dead-relu"})
PLACES = (("cuda", "grid"), ("cpu",))


@pytest.fixture(scope="module")
def on_the_cpu():
    made = {}

    def run(name):
        if name not in made:
            scenario, options = loaded(name)
            made[name] = finished(scenario, "cpu", **options)
        return made[name]

    return run


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        *(("dead-relu", mode) for mode in ("specialized", *OTHER_MODES)),
        *((name, "specialized") for name in OTHERS),
        *(pytest.param(name, mode, marks=pytest.mark.verify) for name in OTHERS for mode in OTHER_MODES),
    ],
)
def test_as_on_the_cpu(name, mode, on_the_cpu, no_tiles, monkeypatch):
    """By code that is made for the network where that is wished, and only there."""
    used = []
    launch = block_launches.Launch.__init__

    def launched(self, jobs, *others, code=None, **named):
        used.append((all(job.programs.kept for job in jobs), type(code)))
        launch(self, jobs, *others, code=code, **named)

    monkeypatch.setattr(block_launches.Launch, "__init__", launched)
    scenario, options = loaded(name)
    there = finished(scenario, "cuda", mode, **options)
    alike(there, on_the_cpu(name))
    if name != "stochastic-depth":  # whose steps the host times one by one, in launches like those that only measure
        made = {"specialized": {SpecializedKernel}, "block": {type(None)}, "grid": set()}
        assert {code for trains, code in used if trains} == made[mode]
        assert ("with code made for its network" in there.device) == (mode == "specialized")
    for ours, theirs in zip(there.ended.outcomes, on_the_cpu(name).ended.outcomes, strict=True):
        assert (ours.variant, ours.state, ours.steps, ours.message) == (
            theirs.variant,
            theirs.state,
            theirs.steps,
            theirs.message,
        )


def test_divergence_is_named(on_the_cpu):
    (outcome,) = on_the_cpu("learning-rates").ended.outcomes
    assert outcome.state == "diverged"
    assert "dense" in outcome.message
    assert outcome.message.endswith(f"at step {outcome.steps}.")


def test_divergence_is_found_by_the_whole_gpu_alone(no_tiles, monkeypatch):
    """Row by row, without an interpreter, which would first have to be compiled."""

    def launch(*arguments):
        raise AssertionError("a thread group was asked")

    monkeypatch.setattr(block_launches, "Launch", launch)
    monkeypatch.setattr("lab.session.recorder.Recorder.draw", lambda *arguments: None)
    scenario, options = loaded("learning-rates")
    (outcome,) = finished(scenario, "cuda", "grid", **options).ended.outcomes
    assert outcome.state == "diverged"
    assert "dense" in outcome.message


@pytest.mark.verify
def test_in_tiles_as_on_the_cpu():
    changes = {"data.points": 6, "train.batch": 3, "model": [{"dense": "classes"}], "watch": ["loss", "accuracy"]}
    there, here = (finished(small(overrides=changes), *where, variants=["calm"], steps=1) for where in PLACES)
    alike(there, here)


def test_a_network_has_all_its_memory_before_it_trains(monkeypatch):
    """Whoever asks whether there is room for a further network finds what those before it will need taken."""
    variant = tiny().variants[0]
    with on("cuda:0", "block"):
        network = task_of(variant.scenario).build(variant.scenario, 0, None)
        network.prepare()
        taken, allocate = [], SimulatedDevice.allocate
        monkeypatch.setattr(SimulatedDevice, "allocate", lambda self, size: taken.append(size) or allocate(self, size))
        network.advance(1)
    assert taken
    assert network.layout.kept * network.memory.arena.itemsize not in taken
