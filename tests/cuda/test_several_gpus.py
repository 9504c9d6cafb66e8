"""How replicas are spread over devices and steered there, and what a device that fails leaves."""

from __future__ import annotations

import collections
import contextlib

import numpy as np
import pytest

pytest.importorskip("numba.cuda.np.arrayobj", reason="numba-cuda is not installed")

import lab
from kernels.targets.cuda.driver_answers import DeviceProblem
from kernels.targets.cuda.simulated_device import SimulatedDevice
from lab.errors import DeviceMissing
from lab.events import Failed, Measured
from lab.graph.devices import choose
from lab.session import Session
from lab.session.chunks import Chunks
from lab.session.keeping import begin, take_up
from lab.session.record import Record
from lab.session.recorder import Recorder
from lab.store import Store
from tests.cuda import host_device as host
from tests.cuda.host_device import host_device


def test_replicas_are_spread_over_all_gpus_and_give_the_same():
    loaded = lab.load("dead-relu", {"train.steps": 40})
    alone = Session(loaded, seeds=[0, 1, 2], variants=["good", "leaky"])
    alone.start()
    alone.wait()
    with host_device(gpus=2):
        spread = Session(loaded, seeds=[0, 1, 2], variants=["good", "leaky"], device=choose("cuda"))
        spread.start()
        spread.wait()
    counts = collections.Counter(each.device for each in spread.replicas)
    assert counts == {"cuda:0": 3, "cuda:1": 3}
    for variant, seed, metric in alone.history:
        np.testing.assert_array_equal(
            spread.history.curve(variant, seed, metric), alone.history.curve(variant, seed, metric)
        )


def test_a_gpu_without_a_replica_is_used_as_for_one():
    """More replicas may come, by branching; they are computed as the first ones are."""
    with host_device(gpus=3):
        session = Session(lab.load("dead-relu"), seeds=[0, 1, 2, 3], variants=["good"], device=choose("cuda"))
        assert [session._roster.sharing(f"cuda:{each}") for each in range(3)] == [2, 1, 1]
        few = Session(lab.load("dead-relu"), variants=["good"], device=choose("cuda"))
        assert [few._roster.sharing(f"cuda:{each}") for each in range(3)] == [1, 1, 1]


def test_one_gpu_can_be_chosen():
    with host_device(gpus=2):
        assert choose("cuda:1").devices == ("cuda:1",)
        assert choose("cuda").devices == ("cuda:0", "cuda:1")
        assert choose("auto").devices == ("cuda:0", "cuda:1")


def test_a_device_that_is_lost_ends_the_run_with_a_sentence_and_keeps_what_was_measured(monkeypatch):
    launches = 0

    def lost(jobs):
        nonlocal launches
        launches += 1
        if launches > 6:
            raise DeviceProblem("The GPU stopped in the middle of a launch and was lost to this process.")
        host.run(jobs)

    with host_device():
        monkeypatch.setattr("kernels.targets.cuda.block_launches.run", lost)
        session = Session(lab.load("dead-relu"), variants=["good"], device=choose("cuda"))
        seen = []
        session.also(seen.append)
        session.start()
        with pytest.raises(DeviceMissing, match="was lost") as problem:
            session.wait()
    assert problem.value.exit_code == 3
    assert isinstance(seen[-1], Failed)
    measured = [each for each in seen if isinstance(each, Measured)]
    assert measured
    assert len(session.history.curve("good", 0, "loss")[0]) == len(measured)


def test_steering_on_a_device_changes_nothing_but_what_was_asked():
    """Pauses, single steps and looks in between leave the same numbers; a rewind repeats them."""
    loaded = lab.load("dead-relu", {"train.steps": 60, "train.measure": 7})
    with host_device():
        plain = Session(loaded, variants=["good"], device=choose("cuda"))
        plain.start()
        plain.wait()
        steered = Session(loaded, variants=["good"], device=choose("cuda"))
        steered.pause()
        steered.start(keep_open=True)
        for _ in range(5):
            steered.single_step(3)
        steered.look("good", 0, lambda experiment: experiment.weights()).result(60)
        steered.resume()
        while not steered.finished:
            steered.wait(0.02)
        steered.rewind("good")
        while not steered.finished:
            steered.wait(0.02)
        steered.stop()
        steered.wait()
    steps, loss = plain.history.curve("good", 0, "loss")
    again, other = steered.history.curve("good", 0, "loss")
    np.testing.assert_array_equal(again, steps)
    np.testing.assert_array_equal(other, loss)


def test_settings_are_shown_without_a_look_at_the_device(monkeypatch):
    """Somebody who watches asks for them from another thread while it trains."""
    with host_device():
        session = Session(lab.load("dead-relu", {"train.steps": 2}), variants=["good"], device=choose("cuda"))
        session.start()
        session.wait()
        rate = session.settings("good")["optimizer.rate"]
        (replica,) = session.replicas
        replica.experiment.advance(1)

        def look(self, array, address):
            raise AssertionError("the device was looked at")

        monkeypatch.setattr(SimulatedDevice, "download", look)
        assert session.settings("good")["optimizer.rate"] == rate
        monkeypatch.undo()
        before = replica.experiment.state()
        replica.experiment.change("optimizer.rate", 0.25)
        assert session.settings("good")["optimizer.rate"] == 0.25
        replica.experiment.restore(before)
        assert session.settings("good")["optimizer.rate"] == rate


def test_a_stop_is_answered_before_all_replicas_are_built(monkeypatch):
    with host_device():
        session = Session(lab.load("dead-relu"), seeds=range(20), variants=["good"], device=choose("cuda"))
        begin = Chunks.begin

        def begin_and_stop(self, replica, let_run):
            begin(self, replica, let_run)
            session.stop()

        monkeypatch.setattr(Chunks, "begin", begin_and_stop)
        session.start()
        session.wait()
    assert session.ended.interrupted
    assert sum(each.experiment is not None for each in session.replicas) == 1


def test_a_variant_that_is_added_knows_its_device_before_it_is_built(monkeypatch):
    """What it needs is found out for that GPU, not for one that nobody asked for."""
    asked = []
    monkeypatch.setattr("lab.session.compilation.use_of", lambda device, *others: asked.append(device) or "block")
    loaded = lab.load("dead-relu", {"train.steps": 5})
    with host_device(gpus=2):
        session = Session(loaded, variants=["good"], device=choose("cuda:1"))
        session.start(keep_open=True)
        session.add_variant(next(each for each in loaded.variants if each.name == "leaky"))
        session.stop()
        session.wait()
    assert set(asked) == {"cuda:1"}


def test_a_run_goes_on_where_it_began():
    with host_device(gpus=2), contextlib.closing(Store.open()) as store:
        loaded = lab.load("dead-relu", {"train.steps": 50_000})
        session = Session(loaded, variants=["good"], device=choose("cuda:1"))
        writer = begin(session, store, print)
        session.start(writer, writer.name)
        session.stop()
        session.wait()
        Record(store, writer, print, print).close_ended(session)
        again, writer, _ = take_up(store, store.info(writer.name), None, print)
        writer.close("interrupted")
    assert again.devices == ("cuda:1",)


def test_a_run_that_was_kept_with_a_mode_that_is_called_otherwise_now_goes_on():
    with host_device(), contextlib.closing(Store.open()) as store:
        loaded = lab.load("dead-relu", {"train.steps": 50_000})
        session = Session(loaded, variants=["good"], device=choose("cuda"), mode="written")
        writer = begin(session, store, print)
        session.start(writer, writer.name)
        session.stop()
        session.wait()
        Record(store, writer, print, print).close_ended(session)
        again, writer, _ = take_up(store, store.info(writer.name), None, print)
        writer.close("interrupted")
    assert again.mode == "specialized"


def test_a_device_that_fails_while_a_run_is_left_off_is_named(monkeypatch):
    def full(self, replica):
        raise DeviceProblem("The GPU's memory is full.")

    with host_device():
        session = Session(lab.load("dead-relu"), variants=["good"], device=choose("cuda"))
        session.pause()
        session.start()
        while session.replicas[0].measured_at < 0:
            session.wait(0.02)
        monkeypatch.setattr(Recorder, "draw", full)
        session.stop()
        with pytest.raises(DeviceMissing, match="memory is full"):
            session.wait()
