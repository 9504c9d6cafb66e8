"""A device that fails on the way, and runs that stop: what was measured is kept, and a run goes on to the same bits."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

from kernels.targets.cuda.driver_answers import DeviceProblem
from kernels.targets.cuda.simulated_device import SimulatedDevice
from lab.cli import run
from lab.graph.devices import choose
from lab.session.keeping import begin, take_up
from lab.session.record import Record
from lab.store import Store
from tests.cuda.simulated.training import MODES, TINY, curves, finished, session, tiny
from tests.session.scenarios import SMALL
from tests.session.test_session import at, until

pytestmark = [pytest.mark.usefixtures("no_tiles"), pytest.mark.parametrize("mode", MODES)]

LOST = "The GPU stopped in the middle of a launch and was lost to this process."


def warned(sentence: str) -> None:
    raise AssertionError(sentence)


def call(folder, mode: str) -> int:
    """`lab run` of the small scenario on the device."""
    file = folder / "small.yaml"
    file.write_text(SMALL)
    changes = [f"--set={name}={value}" for name, value in TINY.items()]
    return run(["run", str(file), "--device", "cuda", "--cuda-mode", mode, "--plain", *changes])


def test_a_device_that_is_lost(mode, monkeypatch, tmp_path, capsys):
    """It is lost in the last third of what a run asks of it, whatever that is."""
    asked, last = [0], [1 << 30]
    wait = SimulatedDevice.download

    def download(self, array, address):
        asked[0] += 1
        if asked[0] > last[0]:
            raise DeviceProblem(LOST)
        wait(self, array, address)

    monkeypatch.setattr(SimulatedDevice, "download", download)
    monkeypatch.setattr("lab.session.chunks.CHUNK", 1e-9)  # one step at a time, however quick it is
    monkeypatch.setattr("lab.session.recorder.Recorder.show_pictures", lambda *arguments, **named: None)
    monkeypatch.setattr("lab.session.recorder.Recorder.draw", lambda *arguments: None)
    assert call(tmp_path, mode) in (0, 1)
    whole = Store.open().curves("small-1")
    last[0], asked[0] = asked[0] * 2 // 3, 0
    capsys.readouterr()
    assert call(tmp_path, mode) == 3
    *progress, last_line = capsys.readouterr().err.strip().splitlines()
    assert last_line == LOST
    assert all(" step " in line for line in progress)  # on a slow machine, a run says every few seconds how far it is
    kept = Store.open().curves("small-2")
    assert ("calm", 0) in kept
    for replica, metrics in kept.items():
        for name, (steps, values) in metrics.items():
            if name.startswith("step_time"):
                continue
            at_all = dict(zip(*whole[replica][name], strict=True))
            assert len(steps)
            np.testing.assert_array_equal(values, [at_all[step] for step in steps])
    assert Store.open().info("small-2").resumable


def test_an_interrupted_run_goes_on_to_the_same_bits(mode):
    undisturbed = curves(finished(tiny(), "cuda", mode))
    with contextlib.closing(Store.open()) as store:
        first = session(tiny(), "cuda", mode)
        writer = begin(first, store, warned)
        first.pause()
        first.start(writer, writer.name, keep_open=True)
        for variant in ("calm", "quick"):
            until(at(first, 0, variant), 120)
        first.single_step(3)
        for variant in ("calm", "quick"):
            until(at(first, 3, variant), 120)
        first.stop()
        assert first.wait(60)
        Record(store, writer, print, print).close_ended(first)
        second, writer, earlier = take_up(store, store.info("small-1"), None, warned, choose("cuda"))
        assert earlier
        assert second.mode == mode
        second.start(writer, writer.name)
        assert second.wait(120)
        Record(store, writer, print, print).close_ended(second)
        kept = store.curves("small-1")
    for (variant, seed, metric), (steps, values) in undisturbed.items():
        found = dict(zip(*kept[variant, seed][metric], strict=True))
        assert [found[step] for step in steps] == values.tolist(), (variant, metric)


def test_memory_that_the_device_does_not_have(mode, monkeypatch, tmp_path, capsys):
    def allocate(self, size):
        raise DeviceProblem("The GPU's memory is full: fewer replicas at once, or smaller batches, need less.")

    monkeypatch.setattr(SimulatedDevice, "allocate", allocate)
    assert call(tmp_path, mode) == 3
    assert "The GPU's memory is full" in capsys.readouterr().err
