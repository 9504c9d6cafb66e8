"""Checkpoints and weights: complete or absent, thinned, and forgotten when a replica is rewound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.errors import BadInput
from lab.events import Claimed, Ended, Measured, PictureTaken, Started
from lab.pictures import Bars
from lab.store import Store
from lab.store.files import superfluous

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
