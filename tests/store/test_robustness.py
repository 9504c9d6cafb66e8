"""Killed processes, several writers, full disks, folders that cannot be written, damaged files."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lab.errors import BadInput
from lab.events import Measured, PictureTaken
from lab.pictures import Bars
from lab.store import Store, database, files, writer
from lab.store.process import this_process

from .runs import make


def start(program: str, *arguments: object, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(program), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)


ENDLESS = """
    import sys, time
    import numpy as np
    from lab.events import Measured
    from lab.store import Store
    writer = Store.open(sys.argv[1]).create("endless", variants=["good"], seeds=[0], steps={"good": 10**9})
    for step in range(10**9):
        writer.write(Measured("good", 0, step, {"loss": 1 / (step + 1)}))
        if step % 50 == 0:
            writer.checkpoint("good", 0, step, {"weight": np.full(200_000, step, np.float32)})
        print(step, time.time(), flush=True)
        time.sleep(0.002)
"""


@pytest.mark.parametrize("after", [0.3, 1.7])
def test_a_killed_run_loses_at_most_the_last_second(tmp_path: Path, after: float) -> None:
    process = start(ENDLESS, tmp_path)
    assert process.stdout is not None
    lines = [process.stdout.readline()]
    until = time.time() + after
    while time.time() < until:
        lines.append(process.stdout.readline())
    with Store.open(tmp_path) as store:
        assert store.info("endless-1").state == "running"
        with pytest.raises(BadInput, match="still running"):
            store.remove("endless-1")
        process.send_signal(signal.SIGKILL)
        killed = time.time()
        lines += process.stdout.readlines()
        process.wait()
        written = [(int(step), float(at)) for step, at in (line.split() for line in lines if line.count(" ") == 1)]
        must = [step for step, at in written if at < killed - 1.0]

        info = store.info("endless-1")
        assert (info.state, info.killed, info.shown_state) == ("interrupted", True, "interrupted")
        assert info.resumable
        curves = store.curves("endless-1")
        steps = curves["good", 0]["loss"][0].tolist() if curves else []
        assert steps == list(range(len(steps)))
        assert len(steps) >= len(must)
        if must:
            found = store.latest_checkpoint("endless-1", "good", 0)
            assert found is not None
            step, state = found
            assert (state["weight"] == step).all()
            # One state: what is told of the run ends where it goes on.
            assert steps[-1] == step
            assert store.info("endless-1").reached == {"good": {0: step}}
            told = [each.step for each in store.events("endless-1") if isinstance(each, Measured)]
            assert told == steps
        again = store.reopen("endless-1")  # what was measured beyond that does not come back
        again.write(Measured("good", 0, 10**6, {"loss": 0.0}))
        again.close("finished")
        assert store.curves("endless-1")["good", 0]["loss"][0].tolist() == [*steps, 10**6]
        assert store.info("endless-1").state == "finished"


def test_four_processes_write_at_once(tmp_path: Path) -> None:
    program = """
        import sys
        import numpy as np
        from lab.events import Measured
        from lab.store import Store
        writer = Store.open(sys.argv[1]).create("shared", warn=print)
        for step in range(4000):
            writer.write(Measured("good", 0, step, {"loss": float(sys.argv[2])}))
            if step % 400 == 0:
                writer.flush()
                writer.checkpoint("good", 0, step, {"who": np.array(int(sys.argv[2]))})
        writer.close("finished")
        print(writer.name)
    """
    processes = [start(program, tmp_path, number) for number in range(4)]
    names = [process.communicate()[0].strip() for process in processes]
    assert sorted(names) == ["shared-1", "shared-2", "shared-3", "shared-4"]
    with Store.open(tmp_path) as store:
        for number, name in enumerate(names):
            steps, values = store.curves(name)["good", 0]["loss"]
            assert steps.tolist() == list(range(4000))
            assert set(values.tolist()) == {float(number)}
            found = store.latest_checkpoint(name, "good", 0)
            assert found is not None
            assert (found[0], int(found[1]["who"])) == (3600, number)


def test_a_process_that_holds_the_database_only_delays_saving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.05)
    with Store.open(tmp_path) as store:
        run = store.create("patient")
        other = database.connect(store.path)
        other.execute("BEGIN IMMEDIATE")
        for step in range(100):
            run.write(Measured("good", 0, step, {"loss": 1.0}))
        run.write(PictureTaken("good", 0, 1, Bars("bars", {})))
        run.checkpoint("good", 0, 99, {"weight": np.zeros(2)})
        run.flush()
        run.write(Measured("good", 0, 100, {"loss": 1.0}))
        assert run.saving
        other.execute("ROLLBACK")
        other.close()
        run.close("finished")
        assert run.warning is None
        assert store.curves("patient-1")["good", 0]["loss"][0].tolist() == list(range(101))
        assert len(store.pictures("patient-1")) == 1
        assert store.checkpoints("patient-1") == {("good", 0): [99]}


def test_memory_stays_bounded_while_the_database_is_held_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(writer, "LIMIT", 500)
    warnings: list[str] = []
    with Store.open(tmp_path) as store:
        run = store.create("held", warn=warnings.append)
        other = database.connect(store.path)
        other.execute("BEGIN IMMEDIATE")
        for step in range(2000):
            run.write(Measured("good", 0, step, {"loss": 1.0}))
        run.close("finished")
        other.close()
    assert len(warnings) == 1
    assert "another process has held its database for too long" in warnings[0]


def test_a_full_disk_stops_saving_with_one_warning(tmp_path: Path) -> None:
    warnings: list[str] = []
    with Store.open(tmp_path) as store:
        run = store.create("full", warn=warnings.append)
        assert run._connection is not None
        pages = run._connection.execute("PRAGMA page_count").fetchone()[0]
        run._connection.execute(f"PRAGMA max_page_count = {pages + 20}")
        values = np.random.default_rng(0).random((20_000, 2)).tolist()
        for step, (loss, norm) in enumerate(values):
            run.write(Measured("good", 0, step, {"loss": loss, "grad_norm": norm}))
            if step % 1000 == 0:
                run.flush()
        run.checkpoint("good", 0, 5, {"weight": np.zeros(5)})
        run.weights("good", 0, {"weight": np.zeros(5)})
        run.rewind("good", 0, 5)
        run.close("finished")
        assert warnings == [f"This run is no longer saved in {tmp_path}: the disk is full. Training goes on."]
        assert run.warning == warnings[0]
        assert not run.saving
        info = store.info("full-1")
        assert (info.problem, info.state, info.killed) == ("the disk is full", "interrupted", False)
        steps = store.curves("full-1")["good", 0]["loss"][0].tolist()
        assert steps
        assert steps == list(range(len(steps)))  # what was saved before is whole


def test_no_space_for_a_checkpoint_stops_saving_with_one_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(path: Path, data: bytes) -> None:
        path.write_bytes(data[:10])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files, "_write", no_space)
    warnings: list[str] = []
    with Store.open(tmp_path) as store:
        run = store.create("full", warn=warnings.append)
        run.write(Measured("good", 0, 1, {"loss": 1.0}))
        run.checkpoint("good", 0, 1, {"weight": np.zeros(5)})
        run.checkpoint("hot", 0, 1, {"weight": np.zeros(5)})
        run.flush()
        run.write(Measured("good", 0, 2, {"loss": 1.0}))
        run.close("finished")
        assert warnings == [f"This run is no longer saved in {tmp_path}: No space left on device. Training goes on."]
        assert store.curves("full-1")["good", 0]["loss"][0].tolist() == [1]
        assert store.latest_checkpoint("full-1", "good", 0) is None
        assert not [path for path in (tmp_path / "runs").rglob("*") if path.is_file()]


def unwritable(tmp_path: Path) -> list[Path]:
    """Homes that nobody can write, not even root: under a file, and in a file system of the kernel's own."""
    (tmp_path / "file").write_text("no folder")
    return [tmp_path / "file" / "home", *(Path(each) / "backprop-lab" for each in ["/proc"] if Path(each).exists())]


def test_a_home_that_cannot_be_written_gives_one_warning(tmp_path: Path) -> None:
    for home in unwritable(tmp_path):
        warnings: list[str] = []
        run = Store.open(home).create("anything", warn=warnings.append)
        assert run.name is None
        assert not run.saving
        run.write(Measured("good", 0, 1, {"loss": 1.0}))
        run.checkpoint("good", 0, 1, {"weight": np.zeros(5)})
        run.weights("good", 0, {"weight": np.zeros(5)})
        run.rewind("good", 0, 0)
        run.flush()
        run.close("finished")
        run.discard()
        assert len(warnings) == 1
        assert warnings[0].startswith(f"This run is not saved in {home}: ")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_home_can_be_read(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        store.create("kept").close("finished")
    tmp_path.chmod(0o500)
    try:
        with Store.open(tmp_path) as store:
            assert [info.name for info in store.runs()] == ["kept-1"]
            assert store.create("not-kept").name is None
    finally:
        tmp_path.chmod(0o700)


def everything(store: Store) -> None:
    for info in store.runs():
        store.curves(info.name)
        list(store.events(info.name))
        store.pictures(info.name)
        store.claims(info.name)
        for variant, seed in store.checkpoints(info.name):
            store.latest_checkpoint(info.name, variant, seed)


@pytest.mark.parametrize(
    "content",
    [b"this is not a database, but it is long enough to look at" * 100, b"SQLite format 3\0" + b"\xff" * 5000],
)
def test_another_file_in_the_place_of_the_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "runs.sqlite").write_bytes(content)
    with Store.open(tmp_path) as store:
        for use in (store.runs, lambda: store.create("new"), lambda: store.find("latest")):
            with pytest.raises(BadInput, match=r"runs\.sqlite is damaged .* move it away"):
                use()
    assert (tmp_path / "runs.sqlite").read_bytes() == content


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "runs.sqlite")
    other.execute("CREATE TABLE somebodys (thing TEXT)")
    other.commit()
    with Store.open(tmp_path) as store, pytest.raises(BadInput, match="no run store of the lab"):
        store.create("new")
    assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("somebodys",)]
    other.close()


def test_a_newer_store_is_refused(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        store.create("kept").close("finished")
    with sqlite3.connect(tmp_path / "runs.sqlite") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with Store.open(tmp_path) as store:
        for use in (store.runs, lambda: store.create("new")):
            with pytest.raises(BadInput, match=r"written by a newer lab .* update backprop-lab"):
                use()


def test_an_older_store_is_brought_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(tmp_path) as store:
        store.create("kept").close("finished")
    monkeypatch.setattr(database, "MIGRATIONS", (*database.MIGRATIONS, "ALTER TABLE runs ADD COLUMN remark TEXT"))
    with Store.open(tmp_path) as store:
        assert [info.name for info in store.runs()] == ["kept-1"]
        connection = database.connect(store.path)
        assert connection.execute("SELECT name, remark FROM runs").fetchall() == [("kept-1", None)]
        assert connection.execute("PRAGMA user_version").fetchone()[0] == len(database.MIGRATIONS)
        connection.close()


def test_bytes_that_rot_give_a_sentence_never_a_traceback(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        run = store.create("rotten", text="title: x\n" * 50, overrides={"optimizer.rate": 1})
        for step in range(3000):
            run.write(Measured("good", 0, step, {"loss": step / 7}, changed={"rate": 1.0} if step % 100 == 0 else {}))
        run.write(PictureTaken("good", 0, 1, Bars("bars", {"one": 1.0})))
        run.checkpoint("good", 0, 5, {"weight": np.zeros(5)})
        run.close("finished")
        whole = store.path.read_bytes()
    source = random.Random(1)
    told = 0
    for _ in range(150):
        rotten = bytearray(whole)
        for _ in range(source.choice([1, 20])):
            rotten[source.randrange(len(rotten))] = source.randrange(256)
        store.path.write_bytes(bytes(rotten[: source.choice([len(rotten), len(rotten) * 2 // 3])]))
        with Store.open(tmp_path) as store:
            try:
                everything(store)
            except BadInput:
                told += 1
    assert told > 50


def test_a_run_that_never_began_leaves_nothing(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        run = store.create("never")
        run.checkpoint("good", 0, 0, {"weight": np.zeros(5)})
        run.flush()
        run.discard()
        run.write(Measured("good", 0, 1, {"loss": 1.0}))
        run.close("failed")
        assert store.runs() == []
        assert list((tmp_path / "runs").iterdir()) == []
        assert store.create("never").name == "never-1"


def test_a_process_id_that_is_used_again_is_not_taken_for_the_run(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        store.create("old").flush()
        with sqlite3.connect(store.path) as connection:
            connection.execute("UPDATE runs SET process_started = 'another time'")
        connection.close()
        assert store.info("old-1").killed


def test_a_run_on_another_machine_is_running_as_long_as_it_reports(tmp_path: Path) -> None:
    assert this_process().machine
    with Store.open(tmp_path) as store:
        store.create("elsewhere").flush()
        for silent, state in ((5, "running"), (500, "interrupted")):
            with sqlite3.connect(store.path) as connection:
                connection.execute("UPDATE runs SET machine = 'another', seen = ?", (time.time() - silent,))
            connection.close()
            assert store.info("elsewhere-1").state == state


def test_many_threads_write_one_run(tmp_path: Path) -> None:
    import threading

    with Store.open(tmp_path) as store:
        run = store.create("threads")

        def work(seed: int) -> None:
            for step in range(2000):
                run.write(Measured("good", seed, step, {"loss": float(step)}))
                if step % 500 == 0:
                    run.checkpoint("good", seed, step, {"step": np.array(step)})

        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        run.close("finished")
        curves = store.curves("threads-1")
        assert len(curves) == 6
        assert all(curves["good", seed]["loss"][0].tolist() == list(range(2000)) for seed in range(6))
        assert all(store.checkpoints("threads-1")["good", seed][-1] == 1500 for seed in range(6))


@pytest.mark.parametrize("replaced", [False, True])
def test_a_store_that_is_deleted_meanwhile_is_noticed(tmp_path: Path, replaced: bool) -> None:
    warnings: list[str] = []
    home = tmp_path / "home"
    with Store.open(home) as store:
        run = store.create("gone", warn=warnings.append)
        run.write(Measured("good", 0, 1, {"loss": 1.0}))
        run.flush()
        shutil.rmtree(home)
        if replaced:
            Store.open(home).create("other").close("finished")
        run.write(Measured("good", 0, 2, {"loss": 1.0}))
        run.close("finished")
    assert len(warnings) == 1
    assert "its database was deleted or moved away while it ran" in warnings[0]
    assert not run.kept
    assert [each.name for each in Store.open(home).runs()] == ["other-1"] * replaced


class FullConnection(sqlite3.Connection):
    """A database on a full disk: nothing can be written to the log."""

    def execute(self, statement: str, *values: Any) -> Any:
        mode = super().execute("PRAGMA journal_mode").fetchone()[0]
        if statement.startswith("DELETE") and mode == "wal":
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        return super().execute(statement, *values)


def test_runs_can_be_removed_from_a_full_disk(tmp_path: Path) -> None:
    make(Store.open(tmp_path))
    make(Store.open(tmp_path))
    path = tmp_path / database.FILE_NAME
    connection = sqlite3.connect(path, isolation_level=None, factory=FullConnection)
    connection.execute("PRAGMA foreign_keys = ON")
    before = path.stat().st_size
    database.delete(connection, "DELETE FROM runs WHERE name = ?", ("dead-relu-1",))
    connection.close()
    assert [each.name for each in Store.open(tmp_path).runs()] == ["dead-relu-2"]
    assert database.problem(path) == ""
    assert path.stat().st_size <= before
    with sqlite3.connect(path) as again:
        assert again.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_damage_is_found_wherever_it_is(tmp_path: Path) -> None:
    make(Store.open(tmp_path))
    path = tmp_path / database.FILE_NAME
    assert database.problem(path) == ""
    assert database.problem(tmp_path / "none.sqlite") == ""
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE chunks SET data = zeroblob(20) WHERE id = (SELECT max(id) FROM chunks)")
    connection.close()
    assert "is damaged" in database.problem(path)


def test_an_unfinished_run_says_how_far_it_came(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    run = store.create("far", variants=["good", "hot"], seeds=[3], steps={"good": 1000, "hot": 1000})
    run.write(Measured("good", 3, 0, {"loss": 1.0}))
    run.write(Measured("good", 3, 440, {"loss": 0.5}))
    run.close("interrupted")
    info = store.info("far-1")
    assert info.reached == {"good": {3: 440}}
    assert info.shown_steps == "0 to 440 of 1,000"
