"""Checkpoints and weights: complete or absent, thinned, and forgotten when a replica is rewound."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from lab.errors import BadInput
from lab.events import Claimed, Ended, Measured, PictureTaken, Started
from lab.pictures import Bars
from lab.store import Store
from lab.store.files import load_arrays, load_metadata, superfluous, write_atomically
from lab.store.process import Process, is_alive

from .strategies import same


def state(step: int) -> dict[str, np.ndarray]:
    return {
        "dense1.weight": np.full((3, 2), step + 0.5, np.float32),
        "moment": np.array([np.nan, -0.0, 1e-300]),
        "step": np.array(step, np.int64),
        "key": np.array([2**64 - 1], np.uint64),
        "mask": np.array([True, False]),
        "order": np.arange(6, dtype=np.int32).reshape(2, 3).T,
        "empty": np.zeros((0, 4), np.float32),
    }


def test_a_state_comes_back_with_shape_type_and_bits(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        writer = store.create("states")
        given_state = state(40)
        writer.checkpoint("a/b ü", 3, 40, given_state)
        given_state["dense1.weight"][:] = 0  # training goes on in the same arrays
        writer.weights("a/b ü", 3, {"dense1.weight": np.eye(2, dtype=np.float32)})
        writer.close("finished")
        found = store.latest_checkpoint("states-1", "a/b ü", 3)
        assert found is not None
        assert found[0] == 40
        assert same(dict(sorted(found[1].items())), dict(sorted(state(40).items())))
        assert same(store.weights("states-1"), {("a/b ü", 3): {"dense1.weight": np.eye(2, dtype=np.float32)}})
        assert store.latest_checkpoint("states-1", "a/b ü", 4) is None


def test_many_checkpoints_are_thinned_and_any_kept_one_can_be_loaded(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        writer = store.create("many")
        for step in range(0, 1000, 10):
            writer.checkpoint("good", 0, step, state(step))
            writer.flush()
        writer.close("finished")
        steps = store.checkpoints("many-1")["good", 0]
        assert len(steps) == 20
        assert (steps[0], steps[-2:]) == (0, [980, 990])
        assert max(np.diff(steps)) <= 100
        for step in steps:
            assert store.checkpoint("many-1", "good", 0, step)["step"] == step
        assert len(list((tmp_path / "runs" / "many-1" / "checkpoints").iterdir())) == 20
        with pytest.raises(BadInput, match="no checkpoint of good, seed 0, at step 15"):
            store.checkpoint("many-1", "good", 0, 15)


@settings(derandomize=True, deadline=None)
@given(st.sets(st.integers(0, 10**6), max_size=60), st.integers(3, 25))
def test_thinning_keeps_the_ends_and_the_limit(found: set[int], limit: int) -> None:
    steps = sorted(found)
    left = sorted(found - set(superfluous(steps, limit)))
    assert len(left) == min(limit, len(steps))
    assert left[:1] == steps[:1]
    assert left[-2:] == steps[-2:]


@pytest.mark.parametrize("count", [50, 333, 2000])
def test_thinning_spreads_evenly(count: int) -> None:
    steps: list[int] = []
    for step in range(count):
        steps.append(step)
        for each in superfluous(steps):
            steps.remove(each)
    assert max(np.diff(steps)) <= 3 * count / 20


def test_a_damaged_checkpoint_gives_way_to_the_one_before(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        writer = store.create("damage")
        for step in (10, 20, 30):
            writer.checkpoint("good", 0, step, state(step))
            writer.flush()
        writer.close("interrupted")
        files = sorted((tmp_path / "runs" / "damage-1" / "checkpoints").iterdir())
        files[2].write_bytes(files[2].read_bytes()[:50])
        files[1].unlink()
        found = store.latest_checkpoint("damage-1", "good", 0)
        assert found is not None
        assert found[0] == 10
        with pytest.raises(BadInput, match=r"step30\.safetensors is damaged"):
            store.checkpoint("damage-1", "good", 0, 30)
        with pytest.raises(BadInput, match="cannot be read: No such file"):
            store.checkpoint("damage-1", "good", 0, 20)


def test_rewinding_forgets_one_replica_from_a_step_on(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        writer = store.create("rewound")
        for step in range(0, 100, 10):
            for variant in ("good", "hot"):
                writer.write(Measured(variant, 0, step, {"loss": float(step)}, changed={"rate": 0.1}))
        writer.write(PictureTaken("good", 0, 90, Bars("late", {})))
        writer.write(PictureTaken("good", 0, 30, Bars("early", {})))
        for step in (0, 40, 80):
            writer.checkpoint("good", 0, step, state(step))
            writer.flush()
        writer.rewind("good", 0, 40)
        writer.write(Measured("good", 0, 50, {"loss": -1.0}))
        writer.close("finished")
        curves = store.curves("rewound-1")
        assert curves["good", 0]["loss"][0].tolist() == [0, 10, 20, 30, 40, 50]
        assert curves["good", 0]["loss"][1][-1] == -1.0
        assert len(curves["hot", 0]["loss"][0]) == 10
        assert store.checkpoints("rewound-1") == {("good", 0): [0, 40]}
        assert [event.picture.title for event in store.pictures("rewound-1")] == ["early"]
        assert store.info("rewound-1").measured == 16
        again = [event for event in store.events("rewound-1") if isinstance(event, Measured)]
        assert len(again) == 16
        assert sum(bool(event.changed) for event in again) == 15
        assert len(list((tmp_path / "runs" / "rewound-1" / "checkpoints").iterdir())) == 2


def test_a_reopened_run_goes_on_where_it_was(tmp_path: Path) -> None:
    started = Started("s", "S", ("good",), (0,), {"good": 20}, ("loss",))
    with Store.open(tmp_path) as store:
        writer = store.create("again")
        writer.write(started)
        for step in range(10):
            writer.write(Measured("good", 0, step, {"loss": 1.0}))
        writer.checkpoint("good", 0, 5, state(5))
        writer.write(Claimed("says", "that", False, {0: False}, {0: "1 > 2"}))
        writer.write(Ended(True, False, 0, 1, 1.0, ()))
        writer.close("interrupted")
        assert store.info("again-1").resumable

        writer = store.reopen("again-1")
        assert store.info("again-1").state == "running"
        found = store.latest_checkpoint("again-1", "good", 0)
        assert found is not None
        writer.rewind("good", 0, found[0])
        writer.write(started)
        for step in range(6, 20):
            writer.write(Measured("good", 0, step, {"loss": 2.0}))
        writer.write(Ended(False, True, 1, 1, 2.0, ()))
        writer.close("finished")
        events = list(store.events("again-1"))
        assert events[0] == started
        assert [event.step for event in events if isinstance(event, Measured)] == list(range(20))
        assert [event.event for event in events if not isinstance(event, Measured)] == ["started", "ended"]
        assert store.info("again-1").state == "finished"
        assert store.claims("again-1") == []


@pytest.mark.parametrize("keep", ["checkpoint", "weights"])
def test_a_file_that_was_cut_off_anywhere_or_has_a_rotten_bit_is_never_taken_for_whole(
    tmp_path: Path, keep: str
) -> None:
    arrays = {"dense1.weight": np.array([[0.5, -1.25]], np.float32), "mask": np.array([True]), "none": np.zeros((0, 2))}
    with Store.open(tmp_path) as store:
        writer = store.create("rot")
        if keep == "checkpoint":
            writer.checkpoint("good", 0, 7, arrays)
        else:
            writer.weights("good", 0, arrays, {"predicting": "{}"})
        writer.close("finished")
        (path,) = (tmp_path / "runs" / "rot-1").rglob("*.safetensors")
        whole = path.read_bytes()

        def read() -> dict[str, np.ndarray]:
            if keep == "checkpoint":
                return dict(sorted(store.checkpoint("rot-1", "good", 0, 7).items()))
            assert store.weights_metadata("rot-1", "good", 0)["predicting"] == "{}"
            return dict(sorted(store.weights_of("rot-1", "good", 0).items()))

        assert same(read(), arrays)
        for length in range(len(whole)):
            path.write_bytes(whole[:length])
            with pytest.raises(BadInput, match=rf"is damaged: its {length} bytes are no whole file of weights"):
                read()
        harmless = 0
        for place in range(len(whole)):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
            try:
                assert same(read(), arrays)  # the bit was of a blank, or of the word "checksum" itself
                harmless += 1
            except BadInput:
                assert keep == "weights" or store.latest_checkpoint("rot-1", "good", 0) is None
        assert harmless < 20


def test_weights_without_a_checksum_are_read_as_ever(tmp_path: Path) -> None:
    save_file({"weight": np.ones(3, np.float32)}, tmp_path / "own.safetensors", {"author": "somebody"})
    assert load_arrays(tmp_path / "own.safetensors")["weight"].tolist() == [1, 1, 1]
    assert load_metadata(tmp_path / "own.safetensors") == {"author": "somebody"}


def test_files_of_a_database_that_was_lost_are_never_overwritten(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        for name in ("first", "other"):
            writer = store.create(name)
            writer.weights("good", 0, {"weight": np.ones(2)})
            writer.close("finished")
    for each in tmp_path.glob("runs.sqlite*"):
        each.unlink()
    kept = {path: path.read_bytes() for path in tmp_path.rglob("*.safetensors")}
    with Store.open(tmp_path) as store:
        writer = store.create("first")
        assert writer.name == "first-2"
        writer.close("finished")
        assert store.copy("first-2").name == "first-3"
        with pytest.raises(BadInput, match="other-1 has files of a run that is not known any more: move it away"):
            store.rename("first-2", "other-1")
        store.remove("first-2")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.safetensors")} == kept


@pytest.mark.parametrize("there", ["runs.sqlite", "runs.sqlite with files"])
def test_an_emptied_database_is_not_taken_for_one_without_runs(tmp_path: Path, there: str) -> None:
    with Store.open(tmp_path) as store:
        writer = store.create("kept")
        if "files" in there:
            writer.weights("good", 0, {"weight": np.ones(2)})
        writer.close("finished")
    (tmp_path / "runs.sqlite").write_bytes(b"")
    with Store.open(tmp_path) as store:
        if "files" not in there:
            assert store.runs() == []
            return
        for use in (store.runs, lambda: store.find("latest"), lambda: store.create("kept")):
            with pytest.raises(BadInput, match=r"runs\.sqlite is empty, but .*runs has files of runs that it knew"):
                use()
    assert (tmp_path / "runs.sqlite").read_bytes() == b""


def test_the_newest_run_is_the_one_that_began_last_though_the_clock_was_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    with Store.open(tmp_path) as store:
        for day in (0, -1, -400, 1, -2):
            monkeypatch.setattr(time, "time", lambda day=day: now + 86400 * day)
            store.create("clock").close("finished")
        assert [info.name for info in store.runs()] == [f"clock-{n}" for n in (5, 4, 3, 2, 1)]
        assert store.find("latest").name == "clock-5"


def test_a_writer_elsewhere_is_not_alive_for_ever_because_the_clock_was_set_back() -> None:
    assert is_alive(Process("another", 1, "5"), time.time() - 20)
    assert is_alive(Process("another", 1, "5"), time.time() + 20)
    assert not is_alive(Process("another", 1, "5"), time.time() + 86400)


def test_a_pipe_is_written_to_and_not_replaced_by_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_atomically(pipe, b"all of it")
        assert os.read(reader, 100) == b"all of it"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert [each.name for each in tmp_path.iterdir()] == ["pipe"]


def test_what_a_link_leads_to_is_written_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "real" / "file.csv")
    for content in (b"first", b"second"):
        write_atomically(link, content)
        assert (tmp_path / "real" / "file.csv").read_bytes() == content
    assert link.is_symlink()
