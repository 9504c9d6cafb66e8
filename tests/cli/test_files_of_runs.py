"""A run knows the files that it read: it goes on with the same contents, wherever one is and wherever they are."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from lab.cli import run
from lab.store import Store
from tests.cli.test_data import make_images

SCENARIO = """
title: Own points
task: classify
data: {csv: points.csv, target: side}
model: [{dense: 4}, relu, {dense: classes}]
init: {from: first.safetensors}
optimizer: {name: sgd, rate: 0.05}
train: {batch: 8, steps: 1000000, measure: 100000}
watch: [loss]
"""
STEPS = 1_000_000

LAB = Path(sys.executable).parent / "lab"

Call = Callable[..., tuple[int, str, str]]


def write_inputs(folder: Path, seed: int) -> None:
    """Data and first weights, others for another seed, under the names that the scenario has."""
    folder.mkdir(exist_ok=True)
    draw = np.random.default_rng(seed)
    rows = [f"{x:.4f},{y:.4f},{'left' if x < y else 'right'}" for x, y in draw.normal(size=(40, 2))]
    (folder / "points.csv").write_text("x,y,side\n" + "\n".join(rows) + "\n")
    shapes = {"dense1.weight": (2, 4), "dense1.bias": (4,), "dense2.weight": (4, 2), "dense2.bias": (2,)}
    weights = {name: draw.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    save_file(weights, folder / "first.safetensors")


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `first`, in which a run was interrupted that `home` keeps, and `other` with other files."""
    base = tmp_path_factory.mktemp("inputs")
    write_inputs(base / "first", 1)
    write_inputs(base / "other", 2)
    (base / "first" / "own.yaml").write_text(SCENARIO)
    shutil.copy(base / "first" / "own.yaml", base / "other" / "own.yaml")
    environment = {**os.environ, "LAB_HOME": str(base / "home")}
    command = [LAB, "run", "own.yaml", "--json"]
    with subprocess.Popen(command, cwd=base / "first", env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["event"] == "measured":
                break
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    assert process.returncode == 130
    return base


@pytest.fixture
def base(interrupted: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, to be changed: its home is a copy, its files are put back."""
    home = interrupted / "copy"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(interrupted / "home", home)
    write_inputs(interrupted / "first", 1)
    (interrupted / "first" / "own.yaml").write_text(SCENARIO)
    monkeypatch.setenv("LAB_HOME", str(home))
    with Store.open() as store:
        (info,) = store.runs()
    assert info.state == "interrupted"
    return interrupted


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    def lab(*arguments: str) -> tuple[int, str, str]:
        code = run(list(arguments))
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return lab


def last_loss(out: str) -> float:
    measured = [each for line in out.splitlines() if (each := json.loads(line))["event"] == "measured"]
    assert measured[-1]["step"] == STEPS
    return measured[-1]["values"]["loss"]


@pytest.fixture
def expected(base: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.chdir(base / "first")
    return last_loss(call("run", "own.yaml", "--json", "--no-save")[1])


def test_a_run_goes_on_with_its_own_files_from_any_folder(
    base: Path, call: Call, expected: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(base / "other")
    code, out, _ = call("resume", "--json")
    assert code == 0
    assert last_loss(out) == expected


def test_the_same_bytes_at_another_time_and_place_are_the_same_file(
    base: Path, call: Call, expected: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    (base / "moved").mkdir()
    for name in ("points.csv", "first.safetensors"):
        shutil.move(base / "first" / name, base / "moved" / name)
        os.utime(base / "moved" / name, (1, 1))
    monkeypatch.chdir(base / "moved")
    code, out, _ = call("resume", "--json")
    assert code == 0
    assert last_loss(out) == expected
    with Store.open() as store:
        (info,) = store.runs()
    assert [Path(each.path).parent for each in info.sources] == [base / "moved"] * 2
    assert info.changes == []
    shutil.rmtree(base / "moved")


@pytest.mark.parametrize("name", ["points.csv", "first.safetensors"])
def test_a_file_that_changed_is_refused_unless_one_insists(
    base: Path, call: Call, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(base / "other")
    shutil.copy(base / "other" / name, base / "first" / name)
    code, out, err = call("resume")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert str(base / "first" / name) in err
    assert "has changed since own-1 began" in err
    if name == "first.safetensors":
        assert f"(other contents of the same {(base / 'first' / name).stat().st_size} bytes)" in err
    assert call("runs")[1].splitlines()[1].split()[1] == "interrupted"
    code, out, _ = call("resume", "--anyway", "--json")
    assert code == 0
    assert json.loads(out.splitlines()[-1])["event"] == "ended"
    assert f"own-1: {base / 'first' / name} had changed when it went on." in call("runs")[1]


def test_a_file_that_is_gone_is_refused_whatever_one_says(
    base: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(base)
    (base / "first" / "points.csv").unlink()
    for arguments in (["resume"], ["resume", "--anyway"]):
        code, out, err = call(*arguments)
        assert (code, out) == (2, "")
        assert len(err.splitlines()) == 1
        assert "points.csv" in err
        assert "cannot be read any more" in err


def test_weights_of_another_network_are_refused_whatever_one_says(
    base: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A third class: the arrays are as long as before, since each is filled up to a multiple of 16 numbers.
    with (base / "first" / "points.csv").open("a") as points:
        points.write("0.5,0.5,between\n")
    weights = load_file(base / "first" / "first.safetensors")
    weights |= {"dense2.weight": np.ones((4, 3), np.float32), "dense2.bias": np.ones(3, np.float32)}
    save_file(weights, base / "first" / "first.safetensors")
    monkeypatch.chdir(base / "first")
    misfit(call, "resume", "--anyway")


def test_a_state_of_another_size_is_refused(base: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (base / "copy" / "runs" / "own-1" / "checkpoints").iterdir():
        state = load_file(path)
        del state["layout"]  # as version 0.1.0 kept it
        save_file(state | {"arena": np.append(state["arena"], np.zeros(16, np.float32))}, path)
    monkeypatch.chdir(base / "first")
    misfit(call, "resume")


def misfit(call: Call, *arguments: str) -> None:
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "seed 0, does not fit this network" in err
    assert "must be run again" in err
    assert call("runs")[1].splitlines()[1].split()[1] == "interrupted"


def test_a_scenario_that_was_edited_does_not_change_the_run(
    base: Path, call: Call, expected: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(base / "other")
    (base / "first" / "own.yaml").write_text(SCENARIO.replace("rate: 0.05", "rate: 5"))
    code, out, err = call("resume", "--json")
    assert code == 0
    assert "goes on with the text that it began with" in err
    assert last_loss(out) == expected


def test_runs_that_read_other_contents_differ(base: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(base / "other")
    assert call("run", "own.yaml", "--json", "--steps", "10")[0] == 0
    code, out, _ = call("compare", "own-1", "own-2")
    assert code == 0
    assert "contents of points.csv" in out
    assert "contents of first.safetensors" in out


@pytest.mark.parametrize("changed", ["photos", "masks"])
def test_a_folder_of_images_that_changed_is_no_longer_judged_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], changed: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "home"))
    make_images(tmp_path, ["photos", "masks"])
    (tmp_path / "own.yaml").write_text(
        "title: Own images\ntask: segment\ndata: {images: photos, masks: masks, validation: 0.4}\n"
        "model: [{conv: classes, kernel_size: 1}]\ntrain: {batch: 2, steps: 2}\nwatch: [loss]\n"
    )
    assert run(["run", "own.yaml", "--plain"]) == 0
    assert run(["evaluate", "latest"]) == 0
    (tmp_path / changed / ".DS_Store").write_text("what a file manager leaves behind")
    assert run(["evaluate", "latest"]) == 0
    capsys.readouterr()
    with (tmp_path / changed / "0.png").open("ab") as image:
        image.write(b"longer")
    assert run(["evaluate", "latest"]) == 2
    assert f"{tmp_path / changed} has changed since own-1 began" in capsys.readouterr().err
