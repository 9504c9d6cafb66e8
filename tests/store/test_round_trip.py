"""What is written comes back: every event, every bit, in order."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lab.events import Claimed, Ended, Event, Measured, PictureTaken, Started
from lab.outcome import Outcome
from lab.pictures import Bars
from lab.store import Store, chunks, pictures
from lab.store.chunks import Chunk

from .strategies import any_event, any_picture, floats, names, same

# Every example is a run of its own in the store under `tmp_path`.
repeatable = settings(derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def expected(events: list[Event]) -> list[Event]:
    """What reading gives back: of pictures the newest of each replica and title, one beginning."""
    newest = {}
    for index, event in enumerate(events):
        if isinstance(event, PictureTaken):
            newest[event.variant, event.seed, event.picture.title] = index
    starts = [index for index, event in enumerate(events) if isinstance(event, Started)]
    kept = []
    for index, event in enumerate(events):
        if isinstance(event, PictureTaken) and newest[event.variant, event.seed, event.picture.title] != index:
            continue
        if isinstance(event, Started):
            if index != starts[0]:
                continue
            event = events[starts[-1]]
        kept.append(event)
    return kept


@settings(repeatable, max_examples=60)
@given(events=st.lists(any_event, max_size=25), flushes=st.sets(st.integers(0, 24)))
def test_any_events_come_back_in_order(tmp_path: Path, events: list[Event], flushes: set[int]) -> None:
    with Store.open(tmp_path) as store:
        writer = store.create("any")
        for index, event in enumerate(events):
            writer.write(event)
            if index in flushes:
                writer.flush()
        writer.close("finished")
        assert writer.warning is None
        found = list(store.events(writer.name or ""))
        assert same(found, expected(events))
        assert store.info(writer.name or "").measured == sum(isinstance(event, Measured) for event in events)


@given(picture=any_picture)
@settings(repeatable, max_examples=80)
def test_any_picture_keeps_every_bit(picture: object) -> None:
    assert same(pictures.decode(pictures.encode(picture)), picture)  # type: ignore[arg-type]  # any of the kinds


@given(
    heads=arrays.arrays(np.int64, st.tuples(st.just(3), st.integers(1, 9))),
    bits=arrays.arrays(np.uint64, st.tuples(st.integers(0, 4), st.integers(9, 9))),
)
@settings(repeatable)
def test_a_chunk_keeps_every_bit_even_of_nan(heads: np.ndarray, bits: np.ndarray) -> None:
    rows = heads.shape[1]
    chunk = Chunk(heads, bits[:, :rows].view(np.float64))
    again = chunks.decode(chunks.encode(chunk), rows, len(bits))
    assert again.heads.tobytes() == heads.tobytes()
    assert again.values.tobytes() == chunk.values.tobytes()


@settings(repeatable, max_examples=40)
@given(
    lines=st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 1), st.dictionaries(names, floats, max_size=3))),
    flush=st.integers(0, 10),
)
def test_curves_are_what_was_measured(
    tmp_path: Path, lines: list[tuple[str, int, dict[str, float]]], flush: int
) -> None:
    wanted: dict[tuple[str, int], dict[str, list[tuple[int, float]]]] = {}
    with Store.open(tmp_path) as store:
        writer = store.create("curves")
        for step, (variant, seed, values) in enumerate(lines):
            writer.write(Measured(variant, seed, step, values))
            replica = wanted.setdefault((variant, seed), {})
            for metric, value in values.items():
                replica.setdefault(metric, []).append((step, value))
            if step == flush:
                writer.flush()
        writer.close("finished")
        found = store.curves(writer.name or "")
    assert found.keys() == wanted.keys()
    for replica, curves in wanted.items():
        assert found[replica].keys() == curves.keys()
        for metric, points in curves.items():
            steps, values = found[replica][metric]
            assert steps.dtype == np.int64
            assert steps.tolist() == [step for step, _ in points]
            assert same(values.tolist(), [value for _, value in points])


def test_special_values_keep_their_bits(tmp_path: Path) -> None:
    payload = struct.unpack("<d", b"\x07\x00\x00\x00\x00\x00\xf8\xff")[0]
    special = [math.nan, payload, math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308, 0.1 + 0.2]
    with Store.open(tmp_path) as store:
        writer = store.create("special")
        for step, value in enumerate(special):
            writer.write(Measured("hot", 7, step, {"loss": value}))
        writer.close("diverged")
        values = store.curves("special-1")["hot", 7]["loss"][1]
    assert values.tobytes() == np.array(special).tobytes()


def test_a_run_of_many_events_is_small_and_read_in_pieces(tmp_path: Path) -> None:
    values = np.random.default_rng(0).standard_normal((20_000, 3)).astype(np.float32).astype(np.float64).tolist()
    with Store.open(tmp_path) as store:
        writer = store.create("many")
        for step, (loss, accuracy, norm) in enumerate(values):
            for variant in ("good", "hot"):
                writer.write(Measured(variant, 0, step, {"loss": loss, "accuracy": accuracy, "grad_norm": norm}))
        writer.close("finished")
        curves = store.curves("many-1")
        assert curves["hot", 0]["grad_norm"][1].tolist() == [line[2] for line in values]
        assert store.path.stat().st_size < 40_000 * 20
        order = [(event.variant, event.step) for event in store.events("many-1") if isinstance(event, Measured)]
    assert order == [(variant, step) for step in range(20_000) for variant in ("good", "hot")]


def test_slow_runs_do_not_leave_one_chunk_per_flush(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        writer = store.create("slow")
        for step in range(300):
            writer.write(Measured("good", 0, step, {"loss": 1.0 / (step + 1)}))
            writer.flush()
        connection = writer._connection
        assert connection is not None
        assert connection.execute("SELECT count(*) FROM chunks").fetchone()[0] == 1
        writer.close("finished")
        assert store.curves("slow-1")["good", 0]["loss"][0].tolist() == list(range(300))


def test_times_of_events_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("lab.store.writer.time.monotonic", lambda: now[0])
    with Store.open(tmp_path) as store:
        writer = store.create("timed")
        for step in range(3):
            now[0] = 100.0 + 1.5 * step
            writer.write(Measured("good", 0, step, {"loss": 1.0}))
        writer.close("finished")
        assert [seconds for seconds, _ in store.timed_events("timed-1")] == [0.0, 1.5, 3.0]
        assert [event.seconds for event in store.events("timed-1") if isinstance(event, Measured)] == [0.0, 1.5, 3.0]
        assert store.info("timed-1").seconds == 3.0


def test_a_run_took_no_longer_because_somebody_read_its_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("lab.store.writer.time.monotonic", lambda: now[0])
    with Store.open(tmp_path) as store:
        writer = store.create("read")
        for seconds in (100.0, 102.0):
            now[0] = seconds
            writer.write(Measured("good", 0, int(seconds), {"loss": 1.0}))
        now[0] = 700.0
        writer.flush()
        writer.write(Claimed("It falls.", "last(good.loss) < 2", True, {0: True}, {0: "1 < 2"}))
        writer.write(Ended(False, True, 1, 1, 600.0, ()))
        writer.close("finished")
        assert [seconds for seconds, _ in store.timed_events("read-1")] == [0.0, 2.0, 2.0, 2.0]
        assert store.info("read-1").seconds == 2.0
        now[0] = 1000.0
        writer = store.reopen("read-1")
        now[0] = 1001.0
        writer.write(Measured("good", 0, 200, {"loss": 1.0}))
        writer.close("finished")
        assert store.info("read-1").seconds == 3.0


def test_information_about_a_run(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        writer = store.create(
            "Dead ReLU",
            title="Dead ReLUs",
            text="title: Dead ReLUs\n",
            path="/somewhere/dead.yaml",
            overrides={"optimizer.rate": 0.5, "model": [1, {"dense": 2}]},
            options={"variant": None},
            variants=("good", "hot"),
            seeds=(0, 1),
            steps={"good": 5, "hot": 5},
            device="cpu",
        )
        assert writer.name == "dead-relu-1"
        assert store.info("dead-relu-1").state == "running"
        writer.write(Started("Dead ReLU", "Dead ReLUs", ("good", "hot"), (0, 1), {"good": 5, "hot": 5}, ("loss",)))
        outcomes = (Outcome("good", 0, 5, "finished", 0.1), Outcome("hot", 0, 3, "diverged", 0.1, "dense1 is NaN"))
        writer.write(Ended(False, True, 2, 3, 0.2, outcomes))
        writer.close("diverged")
        info = store.info("dead-relu-1")
    assert (info.slug, info.title, info.path) == ("Dead ReLU", "Dead ReLUs", "/somewhere/dead.yaml")
    assert info.text == "title: Dead ReLUs\n"
    assert info.overrides == {"optimizer.rate": 0.5, "model": [1, {"dense": 2}]}
    assert (info.variants, info.seeds, info.steps) == (("good", "hot"), (0, 1), {"good": 5, "hot": 5})
    assert (info.metrics, info.device, info.state, info.killed) == (("loss",), "cpu", "diverged", False)
    assert {"lab", "python", "numpy", "numba"} <= info.versions.keys()
    assert (info.outcomes, info.claims_held, info.claims) == (outcomes, 2, 3)
    assert info.ended is not None
    assert info.ended >= info.created


def test_only_the_newest_picture_is_kept(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        writer = store.create("pictures")
        for step in range(5):
            for title in ("one", "two"):
                writer.write(PictureTaken("good", 0, step, Bars(title, {"a": float(step)})))
            if step == 2:
                writer.flush()
        writer.close("finished")
        found = store.pictures("pictures-1")
    assert [(event.step, event.picture) for event in found] == [
        (4, Bars("one", {"a": 4.0})),
        (4, Bars("two", {"a": 4.0})),
    ]
